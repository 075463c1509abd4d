// One child at a time: streams, exit, signals, time-outs, what it leaves behind.
// SPDX-License-Identifier: MIT
#include "process/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

#include <random>

#include "harness.h"
#include "process/log.h"
#include "process/own_peak.h"

using namespace ggen::process;

TEST_CASE("child: exit codes", "[process]") {
  World world;
  for (const int code : {0, 1, 3, 127, 255}) {
    const auto outcome = world.run(shell("exit " + std::to_string(code)));
    CHECK(outcome.code == code);
    CHECK(outcome.signal == 0);
    CHECK(outcome.started);
    CHECK_FALSE(outcome.timed_out);
    CHECK_FALSE(outcome.left_behind);
    CHECK_FALSE(outcome.failure);
  }
}

TEST_CASE("child: death by a signal", "[process]") {
  World world;
  for (const int number : {SIGKILL, SIGTERM, SIGINT, SIGPIPE, SIGRTMIN + 1}) {
    const auto outcome = world.run(shell("kill -" + std::to_string(number) + " $$"));
    CHECK(outcome.signal == number);
    CHECK(outcome.code == 128 + number);
  }
}

TEST_CASE("child: both streams, apart and in the order in which they were read", "[process]") {
  World world;
  const auto sink = std::make_shared<Collect>();
  auto spec = shell("echo one; echo two >&2; echo three");
  spec.output = sink;
  const auto outcome = world.run(std::move(spec));
  CHECK(outcome.out == "one\nthree\n");
  CHECK(outcome.err == "two\n");
  CHECK(outcome.bytes == 14);
  CHECK(sink->out == outcome.out);
  CHECK(sink->err == outcome.err);
  CHECK(sink->both.size() == 14);
}

TEST_CASE("child: order is kept when there is time between the writes", "[process]") {
  // The child goes on only when the sink has seen what it wrote before.
  struct Answer : Collect {
    std::function<void()> then;
    void write(Stream stream, std::string_view bytes) override {
      Collect::write(stream, bytes);
      then();
    }
  };
  const Scratch dir;
  REQUIRE(mkfifo((dir / "go").c_str(), 0600) == 0);
  // Open for both, so that neither side waits for the other to open it.
  const ggen::Fd go(open((dir / "go").c_str(), O_RDWR | O_CLOEXEC));
  const auto sink = std::make_shared<Answer>();
  sink->then = [&] { REQUIRE(write(go.get(), "\n", 1) == 1); };
  World world;
  auto spec =
      shell("exec 3<go; for i in 1 2 3; do echo o$i; read x <&3; echo e$i >&2; read x <&3; done");
  spec.cwd = dir.path();
  spec.output = sink;
  CHECK(world.run(std::move(spec)).code == 0);
  CHECK(sink->both == "o1\ne1\no2\ne2\no3\ne3\n");
}

TEST_CASE("child: any bytes, unchanged", "[process]") {
  std::string bytes(300'000, '\0');
  std::mt19937 random(7);
  for (char& byte : bytes) byte = static_cast<char>(random());
  World world;
  auto spec = command({"cat"});
  spec.stdin_from = Stdin::bytes;
  spec.stdin_bytes = bytes;
  const auto outcome = world.run(std::move(spec));
  CHECK(outcome.out == bytes);
  CHECK(outcome.bytes == bytes.size());
}

TEST_CASE("child: 10 MB to its input and back", "[process]") {
  const std::string bytes(10'000'000, 'x');
  World world;
  auto spec = command({"cat"});
  spec.capture = bytes.size() + 1;
  spec.stdin_from = Stdin::bytes;
  spec.stdin_bytes = bytes;
  const auto outcome = world.run(std::move(spec));
  CHECK(outcome.code == 0);
  CHECK(outcome.out == bytes);
  CHECK_FALSE(outcome.truncated);
}

TEST_CASE("child: input that it does not read", "[process]") {
  World world;
  for (const char* text : {"exit 4", "exec <&-; exit 4", "head -c 1 >/dev/null; exit 4"}) {
    auto spec = shell(text);
    spec.stdin_from = Stdin::bytes;
    spec.stdin_bytes = std::string(10'000'000, 'x');
    CHECK(world.run(std::move(spec)).code == 4);
  }
}

TEST_CASE("child: empty input ends at once", "[process]") {
  World world;
  auto spec = command({"cat"});
  spec.stdin_from = Stdin::bytes;
  CHECK(world.run(std::move(spec)).out == "");
}

TEST_CASE("child: what is captured has a limit", "[process]") {
  World world;
  auto spec = shell("echo 0123456789; echo abc >&2");
  spec.capture = 4;
  const auto outcome = world.run(std::move(spec));
  CHECK(outcome.out == "0123");
  CHECK(outcome.err == "abc\n");
  CHECK(outcome.truncated);
  CHECK(outcome.bytes == 15);
}

TEST_CASE("child: usage is its own", "[process]") {
  World world;
  const auto outcome = world.run(shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"));
  CHECK(outcome.usage.wall > 0);
  CHECK(outcome.usage.user + outcome.usage.sys > 0);
  CHECK(outcome.usage.user + outcome.usage.sys <= outcome.usage.wall * 1.5 + 0.05);
}

TEST_CASE("child: its peak of memory is not ours", "[process]") {
  World world;
  // More than any of the children has.
  { const std::vector<char> ours(std::size_t{64} << 20, 'x'); }
  CHECK(world.run(shell("exit 0")).usage.peak_memory == 0);
  // A line of so many bytes, which tail keeps.
  const std::uint64_t size = own_peak_memory() + (64 << 20);
  const auto large =
      world.run(shell("head -c " + std::to_string(size) + " /dev/zero | tail -n 1 > /dev/null"));
  CHECK(large.usage.peak_memory > size);
}

TEST_CASE("child: a peak that may be ours is not known", "[process]") {
  CHECK(own_peak_memory() > 1'000'000);
  CHECK(known_peak_memory(7'000'000, 7'000'000) == 0);
  CHECK(known_peak_memory(6'000'000, 7'000'000) == 0);
  CHECK(known_peak_memory(7'100'000, 7'000'000) == 0);
  CHECK(known_peak_memory(9'000'000, 7'000'000) == 9'000'000);
}

TEST_CASE("child: a file that may not grow ends it, and not us", "[process]") {
  World world;
  const Scratch scratch;
  const std::string file = scratch / "file";
  // dash says nothing of it and ends by the signal itself.
  const auto outcome = world.run(shell("ulimit -f 1; exec head -c 100000 /dev/zero > " + file));
  CHECK(outcome.signal == SIGXFSZ);
  struct sigaction ours {};
  REQUIRE(sigaction(SIGXFSZ, nullptr, &ours) == 0);
  CHECK(ours.sa_handler == SIG_IGN);
}

TEST_CASE("child: time-out, TERM first", "[process]") {
  World world;
  auto spec = command({"sleep", "1000"});
  spec.timeout = 0.02;
  const auto outcome = world.run(std::move(spec));
  CHECK(outcome.timed_out);
  CHECK(outcome.code == 124);
  CHECK(outcome.signal == SIGTERM);
  CHECK(outcome.usage.wall >= 0.02);
}

TEST_CASE("child: time-out of one that ends in its own way", "[process]") {
  World world;
  auto spec = shell("trap 'echo bye; exit 0' TERM; sleep 1000 & wait");
  spec.timeout = 0.5;
  const auto outcome = world.run(std::move(spec));
  CHECK(outcome.timed_out);
  CHECK(outcome.code == 124);
  CHECK(outcome.signal == 0);
  CHECK(outcome.out == "bye\n");
}

TEST_CASE("child: time-out of one that ignores TERM, with what it started", "[process]") {
  World world;
  auto spec = shell("trap '' TERM; sleep 1000 & sleep 1000; sleep 1000");
  spec.timeout = 0.5;
  spec.grace = 0.02;
  const auto outcome = world.run(std::move(spec));
  CHECK(outcome.timed_out);
  CHECK(outcome.code == 124);
  CHECK(outcome.signal == SIGKILL);
}

TEST_CASE("child: time-out of one that is stopped", "[process]") {
  World world;
  auto spec = shell("kill -STOP $$");
  spec.timeout = 0.2;
  spec.grace = 1000;
  const auto outcome = world.run(std::move(spec));
  CHECK(outcome.code == 124);
  CHECK(outcome.signal == SIGTERM);
}

TEST_CASE("child: no time-out when it is fast enough", "[process]") {
  World world;
  auto spec = shell("exit 5");
  spec.timeout = 1000;
  const auto outcome = world.run(std::move(spec));
  CHECK(outcome.code == 5);
  CHECK_FALSE(outcome.timed_out);
}

TEST_CASE("child: something it started keeps the pipe open", "[process]") {
  World world;
  auto spec = shell("sleep 1000 & echo started");
  spec.drain = 0.02;
  const auto outcome = world.run(std::move(spec));
  CHECK(outcome.code == 0);
  CHECK(outcome.out == "started\n");
  CHECK(outcome.left_behind);
  CHECK(outcome.usage.wall < 500);
}

TEST_CASE("child: a daemon in its own session keeps the pipe open", "[process]") {
  const Scratch dir;
  World world;
  auto spec = shell("setsid sh -c 'echo $$ >pid; exec sleep 1000' & until [ -s pid ]; do :; done");
  spec.cwd = dir.path();
  spec.drain = 0.02;
  const auto outcome = world.run(std::move(spec));
  CHECK(outcome.code == 0);
  CHECK(outcome.left_behind);
  // It left our group, so it is not ours to end.
  CHECK(kill(std::stoi(ggen::read_file(dir / "pid").value()), SIGKILL) == 0);
}

TEST_CASE("child: something it started goes on without the pipes", "[process]") {
  World world;
  const auto outcome = world.run(shell("sleep 1000 >/dev/null 2>&1 & echo $!"));
  CHECK(outcome.code == 0);
  CHECK(outcome.left_behind);
  // Killed, which takes it a moment.
  const ggen::Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, std::stoi(outcome.out), 0)));
  pollfd gone{pidfd.get(), POLLIN, 0};
  CHECK((!pidfd || poll(&gone, 1, 20'000) == 1));
}

TEST_CASE("child: a helper that ends after the leader is nothing left behind", "[process]") {
  const Scratch dir;
  REQUIRE(mkfifo((dir / "gate").c_str(), 0600) == 0);
  const ggen::Fd gate(open((dir / "gate").c_str(), O_RDWR | O_CLOEXEC));
  World world;
  auto spec = shell("{ read x; echo late; } <gate & echo early");
  spec.cwd = dir.path();
  spec.drain = 1000;
  std::optional<Outcome> outcome;
  struct Open : Collect {
    int fd = -1;
    void write(Stream stream, std::string_view bytes) override {
      Collect::write(stream, bytes);
      if (both == "early\n") REQUIRE(::write(fd, "\n", 1) == 1);
    }
  };
  const auto sink = std::make_shared<Open>();
  sink->fd = gate.get();
  spec.output = sink;
  const auto result = world.run(std::move(spec));
  CHECK(result.out == "early\nlate\n");
  CHECK_FALSE(result.left_behind);
}

TEST_CASE("child: what was written counts, however late the loop comes to read it", "[process]") {
  const bool abandoned = GENERATE(false, true);
  // A helper outlives the leader, writes when the gate opens, and says so.
  const Scratch dir;
  for (const char* name : {"gate", "ack"}) REQUIRE(mkfifo((dir / name).c_str(), 0600) == 0);
  const ggen::Fd gate(open((dir / "gate").c_str(), O_RDWR | O_CLOEXEC));
  const ggen::Fd ack(open((dir / "ack").c_str(), O_RDWR | O_CLOEXEC));
  World world;
  struct Late : Collect {
    std::function<void()> then;
    void write(Stream stream, std::string_view bytes) override {
      Collect::write(stream, bytes);
      then();
    }
  };
  const auto sink = std::make_shared<Late>();
  auto spec = shell("{ read x; echo late; echo >ack; sleep 1000; } <gate &");
  spec.cwd = dir.path();
  spec.drain = 0.3;
  spec.output = sink;
  std::optional<Outcome> outcome;
  const auto id =
      world.supervisor->start(std::move(spec), [&](Outcome o) { outcome = std::move(o); }).value();
  sink->then = [&] {
    if (abandoned) world.supervisor->abandon(id);
  };
  const std::string stat = "/proc/" + std::to_string(world.supervisor->pid(id)) + "/stat";
  // Once the leader is gone, another child's end keeps the loop busy until there is no time to
  // drain left: the timer comes before the pipe is looked at again.
  const auto keep_busy = [&](const Outcome&) {
    const auto until = uv_hrtime() + 310'000'000;
    char byte = 0;
    REQUIRE(write(gate.get(), "\n", 1) == 1);
    REQUIRE(read(ack.get(), &byte, 1) == 1);
    while (uv_hrtime() < until) {
    }
  };
  bool exited = false;
  ggen::loop::Timer watch(world.loop);
  watch.start(
      0.001,
      [&] {
        if (exited) {
          watch.stop();
          REQUIRE(world.supervisor->start(command({"true"}), keep_busy));
        }
        exited = ggen::read_file(stat).value().find(") Z ") != std::string::npos;
      },
      ggen::loop::Repeat::yes);
  world.loop.run();
  CHECK(sink->both == "late\n");
  CHECK(outcome.has_value() == !abandoned);
  if (outcome) CHECK(outcome->left_behind);
  CHECK(world.supervisor->live() == 0);
}

TEST_CASE("child: one line of 100 MB", "[process]") {
  World world;
  auto spec = shell("head -c 100000000 /dev/zero | tr '\\0' x");
  spec.capture = 0;
  const auto outcome = world.run(std::move(spec));
  CHECK(outcome.bytes == 100'000'000);
  CHECK(outcome.out == "");
  CHECK_FALSE(outcome.truncated);
}

TEST_CASE("child: a sink that abandons the child that writes to it", "[process]") {
  struct Abandon : Sink {
    Supervisor* supervisor = nullptr;
    Supervisor::Id id = 0;
    int writes = 0;
    void write(Stream, std::string_view) override {
      ++writes;
      supervisor->abandon(id);
    }
  };
  World world;
  for (const char* text : {"yes", "echo x", "echo x; echo y >&2"}) {
    const auto sink = std::make_shared<Abandon>();
    sink->supervisor = &*world.supervisor;
    auto spec = shell(text);
    spec.output = sink;
    sink->id = world.supervisor->start(std::move(spec), [](Outcome) { FAIL(); }).value();
    world.loop.run();
    CHECK(sink->writes == 1);
    CHECK(sink.use_count() == 1);
    CHECK(world.supervisor->live() == 0);
  }
}
