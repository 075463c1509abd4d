// Many children: at once, one after another, abandoned, killed; nothing leaks.
// SPDX-License-Identifier: MIT
#include "process/supervisor.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

#include <set>

#include "harness.h"
#include "process/log.h"
#include "process/screen.h"

using namespace ggen::process;

namespace {

std::set<std::string> open_descriptors() {
  std::set<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), closedir);
  const std::string own = std::to_string(dirfd(folder.get()));
  while (const dirent* entry = readdir(folder.get())) {
    if (entry->d_name != own) names.insert(entry->d_name);
  }
  return names;
}

// The memory that this process used at most while it ran `work`, over what it had before.
template <class Work>
long peak_growth_kib(const Work& work) {
  std::ofstream("/proc/self/clear_refs") << "5";
  const auto read = [](const std::string& name) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with(name)) return std::stol(line.substr(name.size() + 1));
    }
    return 0L;
  };
  const long before = read("VmRSS:");
  work();
  return read("VmHWM:") - before;
}

}  // namespace

TEST_CASE("supervisor: 500 children at once", "[process]") {
  World world;
  std::set<pid_t> pids;
  int done = 0;
  for (int i = 0; i < 500; ++i) {
    auto spec = command({"cat"});
    spec.stdin_from = Stdin::bytes;
    spec.stdin_bytes = std::to_string(i);
    const auto id = world.supervisor->start(std::move(spec), [&done, i](Outcome outcome) {
      ++done;
      CHECK(outcome.code == 0);
      CHECK(outcome.out == std::to_string(i));
    });
    REQUIRE(id);
    pids.insert(world.supervisor->pid(*id));
  }
  CHECK(pids.size() == 500);
  CHECK(world.supervisor->live() == 500);
  world.loop.run();
  CHECK(done == 500);
  CHECK(world.supervisor->live() == 0);
}

TEST_CASE("supervisor: a callback starts the next one", "[process]") {
  World world;
  int left = 50;
  std::function<void()> next = [&] {
    if (left-- == 0) return;
    REQUIRE(world.supervisor->start(command({"true"}), [&](Outcome) { next(); }));
  };
  next();
  world.loop.run();
  CHECK(left == -1);
}

TEST_CASE("supervisor: what cannot be started answers later, in order, each once", "[process]") {
  World world;
  std::string calls;
  for (const char name : {'a', 'b'}) {
    const auto id = world.supervisor->start(command({"no-such-command"}), [&, name](Outcome) {
      calls += name;
      if (name == 'a') {
        REQUIRE(
            world.supervisor->start(command({"no-such-command"}), [&](Outcome) { calls += 'c'; }));
      }
    });
    REQUIRE(id);
    CHECK(world.supervisor->pid(*id) == 0);
    CHECK_FALSE(world.supervisor->kill(*id, SIGTERM));
  }
  CHECK(calls == "");
  world.loop.run();
  CHECK(calls == "abc");
}

TEST_CASE("supervisor: started by a program that ignores SIGCHLD", "[process]") {
  struct sigaction before {};
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGCHLD, &ignore, &before);
  {
    World world;
    CHECK(world.run(shell("exit 3")).code == 3);
  }
  sigaction(SIGCHLD, &before, nullptr);
}

TEST_CASE("supervisor: a child that somebody else waited for is no success", "[process]") {
  World world;
  std::optional<Outcome> outcome;
  const auto id =
      world.supervisor->start(command({"true"}), [&](Outcome o) { outcome = std::move(o); });
  REQUIRE(waitpid(world.supervisor->pid(id.value()), nullptr, 0) > 0);
  world.loop.run();
  REQUIRE(outcome);
  CHECK(outcome->code != 0);
  REQUIRE(outcome->failure);
  CHECK(outcome->failure->error.message == "wait for a child: No child processes");
}

TEST_CASE("supervisor: kill reaches the group, and only while there is one", "[process]") {
  World world;
  struct Kill : Collect {
    std::function<void()> then;
    void write(Stream stream, std::string_view bytes) override {
      Collect::write(stream, bytes);
      then();
    }
  };
  const auto ready = std::make_shared<Kill>();
  // Both processes must end, or the pipe stays open for longer than the test may take.
  auto spec = shell("sleep 1000 & echo ready; wait");
  spec.drain = 1000;
  spec.output = ready;
  Supervisor::Id id = 0;
  ready->then = [&] { CHECK(world.supervisor->kill(id, SIGTERM)); };
  bool done = false;
  id = world.supervisor
           ->start(std::move(spec),
                   [&](Outcome outcome) {
                     done = true;
                     CHECK(outcome.signal == SIGTERM);
                     CHECK_FALSE(outcome.timed_out);
                     CHECK_FALSE(world.supervisor->kill(id, SIGTERM));
                     CHECK(world.supervisor->pid(id) == 0);
                   })
           .value();
  CHECK(world.supervisor->kill(id, 0));
  world.loop.run();
  CHECK(done);
}

TEST_CASE("supervisor: kill_all", "[process]") {
  World world;
  int killed = 0;
  for (int i = 0; i < 5; ++i) {
    REQUIRE(world.supervisor->start(command({"sleep", "1000"}),
                                    [&](Outcome outcome) { killed += outcome.signal == SIGKILL; }));
  }
  world.supervisor->kill_all(SIGKILL);
  world.loop.run();
  CHECK(killed == 5);
}

TEST_CASE("supervisor: abandoned children are killed and never heard of again", "[process]") {
  World world;
  const auto running =
      world.supervisor->start(shell("sleep 1000 & sleep 1000"), [](Outcome) { FAIL(); });
  const auto failed = world.supervisor->start(command({"no-such"}), [](Outcome) { FAIL(); });
  world.supervisor->abandon(running.value());
  world.supervisor->abandon(failed.value());
  world.supervisor->abandon(12345);
  world.loop.run();
  CHECK(world.supervisor->live() == 0);
}

TEST_CASE("supervisor: destroyed while children run", "[process]") {
  World world;
  pid_t pid = 0;
  for (int i = 0; i < 3; ++i) {
    const auto id =
        world.supervisor->start(shell("sleep 1000 & sleep 1000"), [](Outcome) { FAIL(); });
    pid = world.supervisor->pid(id.value());
  }
  world.supervisor.reset();
  CHECK(kill(pid, 0) != 0);
  CHECK(world.loop.open_handles() == 0);
}

TEST_CASE("supervisor: no descriptor is left open", "[process]") {
  // What the process opens once and for all: libuv's signal pipe, the table of libuv's threads.
  { World().run(command({"true"})); }
  const auto before = open_descriptors();
  {
    World world;
    world.run(command({"true"}));
    const auto with_shared = open_descriptors();
    for (int i = 0; i < 3; ++i) {
      auto spec = command({"cat"});
      spec.stdin_from = Stdin::bytes;
      spec.stdin_bytes = std::string(1'000'000, 'x');
      world.run(std::move(spec));
      world.run(command({"no-such-command"}));
      auto nowhere = command({"true"});
      nowhere.cwd = "/no/such/folder";
      world.run(std::move(nowhere));
      auto slow = shell("sleep 1000 & sleep 1000");
      slow.timeout = 0.01;
      slow.drain = 0;
      world.run(std::move(slow));
      const auto id = world.supervisor->start(command({"sleep", "1000"}), nullptr);
      world.supervisor->abandon(id.value());
      world.loop.run();
    }
    CHECK(open_descriptors() == with_shared);
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("supervisor: without descriptors it refuses, and goes on when there are some",
          "[process]") {
  World world;
  world.run(command({"true"}));
  std::vector<ggen::Fd> all;
  for (;;) {
    ggen::Fd fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!fd) break;
    all.push_back(std::move(fd));
  }
  const auto refused = [&] {
    const auto result = world.supervisor->start(command({"true"}), [](Outcome) { FAIL(); });
    return !result && result.error().kind == ggen::ErrorKind::limit;
  };
  // A refusal keeps nothing, or the table of the guard would be full before long.
  bool each = true;
  for (std::size_t i = 0; i < Guard::kSlots + 10; ++i) each = each && refused();
  CHECK(each);
  // Two pipes need four; the pidfd, which comes after them, gets the place of one of ours.
  for (int left = 1; left < 4; ++left) {
    all.pop_back();
    CHECK(refused());
  }
  all.clear();
  world.loop.run();
  CHECK(world.run(command({"true"})).code == 0);
}

TEST_CASE("supervisor: 1 GB of output in bounded memory", "[process]") {
  World world;
  const ggen::Fd nowhere(open("/dev/null", O_WRONLY | O_CLOEXEC));
  const auto screen = std::make_shared<Screen>(world.loop, nowhere.get());
  const auto log = std::make_shared<Log>();
  log->on_overflow([&] { log->attach(std::make_shared<Raw>(screen)); });
  auto spec = command({"head", "-c", "1000000000", "/dev/zero"});
  spec.output = log;
  spec.capture = 0;
  [[maybe_unused]] const long growth = peak_growth_kib([&] {
    const auto outcome = world.run(std::move(spec));
    CHECK(outcome.code == 0);
    CHECK(outcome.bytes == 1'000'000'000);
  });
  CHECK(log->size() == 1'000'000'000);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(growth < 10 * 1024);
#endif
}

TEST_CASE("supervisor: the guard goes when it is told goodbye, and comes with the next child",
          "[process]") {
  World world;
  world.supervisor->say_goodbye();  // there is none yet
  CHECK(world.run(command({"true"})).code == 0);
  const pid_t guard = world.supervisor->guard()->pid();
  world.supervisor->say_goodbye();
  CHECK_FALSE(world.supervisor->guard());
  CHECK(waitpid(guard, nullptr, WNOHANG) == -1);  // reaped
  CHECK(world.run(command({"true"})).code == 0);
  CHECK(world.supervisor->guard());
}
