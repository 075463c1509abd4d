// SPDX-License-Identifier: MIT
#include "loop/loop.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <memory>
#include <optional>
#include <vector>

#include "loop/poll.h"
#include "loop/prepare.h"
#include "loop/signal.h"
#include "loop/timer.h"
#include "loop/wake.h"

using namespace ggen;
using namespace ggen::loop;

TEST_CASE("loop: counts what is open", "[loop]") {
  Loop loop;
  CHECK(loop.open_handles() == 0);
  {
    Timer timer(loop);
    CHECK(loop.open_handles() == 1);
    timer.start(1000, [] {});
    CHECK(loop.open_handles() == 1);
  }
  CHECK(loop.open_handles() == 0);
  loop.run();
}

TEST_CASE("timer: fires in the order of its times, and not early", "[loop]") {
  Loop loop;
  std::vector<int> order;
  Timer late(loop), early(loop), now(loop);
  const auto begin = uv_hrtime();
  late.start(0.02, [&] { order.push_back(3); });
  early.start(0.01, [&] {
    order.push_back(2);
    CHECK(uv_hrtime() - begin >= 10'000'000);
  });
  now.start(0, [&] { order.push_back(1); });
  loop.run();
  CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("timer: repeats until stopped, from its own callback too", "[loop]") {
  Loop loop;
  int count = 0;
  Timer timer(loop);
  timer.start(
      0.001,
      [&] {
        if (++count == 3) timer.stop();
      },
      Repeat::yes);
  CHECK(timer.running());
  loop.run();
  CHECK(count == 3);
  CHECK_FALSE(timer.running());
}

TEST_CASE("timer: destroyed before or in its callback", "[loop]") {
  Loop loop;
  bool fired = false;
  auto held = std::make_shared<int>(7);
  std::optional<Timer> before(loop);
  before->start(0, [&, held] { fired = true; });
  before.reset();
  // At once, not when libuv has closed the handle: it may be a Lua value.
  CHECK(held.use_count() == 1);

  // What the callback holds lives until it has returned, and not longer.
  std::optional<Timer> within(loop);
  int seen = 0;
  within->start(0, [&, held] {
    within.reset();
    seen = *held;
  });
  loop.run();
  CHECK_FALSE(fired);
  CHECK(seen == 7);
  CHECK(held.use_count() == 1);
  CHECK(loop.open_handles() == 0);
}

TEST_CASE("timer: set anew in its callback with another one", "[loop]") {
  Loop loop;
  Timer timer(loop);
  std::string calls;
  timer.start(0, [&] {
    timer.start(0, [&] { calls += 'b'; });
    calls += 'a';
  });
  loop.run();
  CHECK(calls == "ab");
}

TEST_CASE("timer: without a wait it leaves the loop time for the others", "[loop]") {
  Loop loop;
  bool woken = false;
  std::optional<Wake> wake;
  wake.emplace(loop, [&] {
    woken = true;
    wake.reset();
  });
  wake->send();
  // Two, each of which takes longer than the clock's step.
  std::optional<Timer> timers[2];
  std::function<void(int)> again = [&](int i) {
    const auto until = uv_hrtime() + 2'000'000;
    while (uv_hrtime() < until) {
    }
    if (!woken) timers[i]->start(0, [&, i] { again(i); });
  };
  for (const int i : {0, 1}) {
    timers[i].emplace(loop);
    timers[i]->start(0, [&, i] { again(i); });
  }
  loop.run();
  CHECK(woken);
}

TEST_CASE("signal: called on the loop, and remembered as caught", "[loop]") {
  Loop loop;
  int count = 0;
  {
    std::optional<Signal> signal;
    auto started = Signal::start(loop, SIGUSR2, [&] {
      ++count;
      signal.reset();
    });
    REQUIRE(started);
    signal.emplace(std::move(*started));
    raise(SIGUSR2);
    loop.run();
  }
  CHECK(count == 1);
  CHECK(Signal::ever_caught().test(SIGUSR2));
  CHECK(loop.open_handles() == 0);
}

TEST_CASE("signal: refuses what cannot be caught", "[loop]") {
  Loop loop;
  CHECK_FALSE(Signal::start(loop, SIGKILL, [] {}));
  CHECK_FALSE(Signal::start(loop, 0, [] {}));
  CHECK_FALSE(Signal::start(loop, 1000, [] {}));
  loop.run();
}

TEST_CASE("prepare: runs in each turn, and is the reason for one", "[loop]") {
  Loop loop;
  int turns = 0;
  std::optional<Prepare> prepare;
  prepare.emplace(loop, [&] {
    if (++turns == 3) prepare->stop();
  });
  CHECK(loop.open_handles() == 0);
  loop.run();
  CHECK(turns == 0);
  prepare->start();
  loop.run_ready();
  CHECK(turns == 1);
  loop.run_ready();
  loop.run();
  CHECK(turns == 3);
}

TEST_CASE("poll: a file cannot be waited for", "[loop]") {
  Loop loop;
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::tmpfile(), std::fclose);
  CHECK_FALSE(Poll::open(loop, fileno(file.get())));
}

TEST_CASE("loop: stop() ends run(), which may be called again", "[loop]") {
  Loop loop;
  int count = 0;
  Timer timer(loop);
  timer.start(
      0.001, [&] { ++count, loop.stop(); }, Repeat::yes);
  loop.run();
  CHECK(count == 1);
  loop.run();
  CHECK(count == 2);
}
