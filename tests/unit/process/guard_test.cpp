// SPDX-License-Identifier: MIT
#include "process/guard.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <map>

#include "harness.h"

using namespace ggen;
using namespace ggen::process;

namespace {

// Every process of a test holds a FIFO open for writing. Its end means that all of them are gone.
class Tripwire {
 public:
  explicit Tripwire(const Scratch& dir) : path_(dir / "tripwire") {
    REQUIRE(mkfifo(path_.c_str(), 0600) == 0);
    fd_.reset(open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    REQUIRE(fd_);
  }
  const std::string& path() const { return path_; }

  void wait_for_lines(std::size_t count) {
    std::size_t seen = 0;
    while (seen < count) {
      const std::string bytes = next();
      REQUIRE_FALSE(bytes.empty());
      seen += static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    }
  }
  void wait_for_end() {
    while (!next().empty()) {
    }
  }

 private:
  std::string next() {
    pollfd wait{fd_.get(), POLLIN, 0};
    INFO("what should have happened did not, for 20 s");
    REQUIRE(poll(&wait, 1, 20'000) == 1);
    char bytes[4096];
    const ssize_t size = read(fd_.get(), bytes, sizeof bytes);
    REQUIRE(size >= 0);
    return {bytes, static_cast<std::size_t>(size)};
  }

  std::string path_;
  Fd fd_;
};

// A copy of this process that starts `specs` and waits for ever. Its pid.
template <class Start>
pid_t fork_runner(const Start& start) {
  const pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid != 0) return pid;
  {
    World world;
    start(world);
    loop::Timer forever(world.loop);
    forever.start(1000, [] {});
    world.loop.run();
  }
  _exit(0);
}

void start_all(World& world, const std::vector<std::string>& texts, const std::string& tripwire) {
  for (const std::string& text : texts) {
    auto spec = shell("exec 3>\"$0\"\n" + text);
    spec.argv.push_back(tripwire);
    if (!world.supervisor->start(std::move(spec), nullptr)) _exit(1);
  }
}

}  // namespace

TEST_CASE("guard: killed with SIGKILL, nothing is left", "[process][guard]") {
  const Scratch dir;
  Tripwire tripwire(dir);
  const std::vector<std::string> texts = {
      "echo a >&3; sleep 1000",
      // Children of children, in the foreground and behind.
      "sleep 1000 & sleep 1000 & sh -c 'sleep 1000 & echo b >&3; wait'",
      // A leader that is gone already, and one that does not want to go.
      "sleep 1000 & echo c >&3",
      "trap '' TERM INT HUP; echo d >&3; sleep 1000; sleep 1000",
  };
  const pid_t runner = fork_runner([&](World& world) { start_all(world, texts, tripwire.path()); });
  tripwire.wait_for_lines(texts.size());
  kill(runner, SIGKILL);
  tripwire.wait_for_end();
  int status = 0;
  waitpid(runner, &status, 0);
  CHECK(WTERMSIG(status) == SIGKILL);
}

TEST_CASE("guard: killed at any instant of starting, nothing is left", "[process][guard]") {
  for (int round = 0; round < 20; ++round) {
    const Scratch dir;
    Tripwire tripwire(dir);
    std::vector<std::string> texts(10, "sleep 1000 & echo x >&3; sleep 1000");
    const pid_t runner =
        fork_runner([&](World& world) { start_all(world, texts, tripwire.path()); });
    tripwire.wait_for_lines(static_cast<std::size_t>(round % 10) + 1);
    kill(runner, SIGKILL);
    tripwire.wait_for_end();
    waitpid(runner, nullptr, 0);
  }
}

TEST_CASE("guard: says goodbye and goes with the supervisor", "[process][guard]") {
  World world;
  CHECK_FALSE(world.supervisor->guard());
  world.run(command({"true"}));
  REQUIRE(world.supervisor->guard());
  const pid_t guard = world.supervisor->guard()->pid();
  CHECK(kill(guard, 0) == 0);
  const auto begin = uv_hrtime();
  world.supervisor.reset();
  CHECK(kill(guard, 0) != 0);
  // Without the goodbye it would look for what is left for some seconds.
  CHECK(uv_hrtime() - begin < 1'500'000'000);
}

TEST_CASE("guard: has a session of its own, no descriptor of ours, and a name",
          "[process][guard]") {
  World world;
  world.run(command({"true"}));
  const pid_t guard = world.supervisor->guard()->pid();
  // Its descriptors are the last that it sets right at its start, one after the other: a listing
  // that was taken in between mixes old and new.
  const std::string proc = "/proc/" + std::to_string(guard);
  const auto links = [&] {
    std::map<std::string, std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(proc + "/fd")) {
      std::error_code ignored;
      found[entry.path().filename()] = std::filesystem::read_symlink(entry.path(), ignored);
    }
    return found;
  };
  const auto settled = [](std::map<std::string, std::string>& found) {
    return found.size() == 3 && found["1"] == "/dev/null" && found["2"] == "/dev/null";
  };
  auto found = links();
  for (int i = 0; i < 1'000'000 && !settled(found); ++i) found = links();
  CHECK(found.size() == 3);
  CHECK(found["0"].starts_with("pipe:"));
  CHECK(found["1"] == "/dev/null");
  CHECK(getsid(guard) == guard);
  CHECK(getpgid(guard) == guard);
  CHECK(read_file(proc + "/comm").value() == "ggen-lua-guard\n");
  CHECK(std::filesystem::read_symlink(proc + "/cwd") == "/");
  const auto ignored = status_mask(read_file(proc + "/status").value(), "SigIgn");
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
    CHECK((ignored >> (number - 1)) % 2 == 1);
  }
}

TEST_CASE("guard: killed by somebody, the runner goes on", "[process][guard]") {
  World world;
  world.run(command({"true"}));
  kill(world.supervisor->guard()->pid(), SIGKILL);
  CHECK(world.run(command({"true"})).code == 0);
}

TEST_CASE("guard: slots", "[process][guard]") {
  Spawner spawner;
  auto guard = Guard::start(spawner);
  REQUIRE(guard);
  std::vector<std::int32_t*> slots;
  while (auto* slot = guard->take_slot()) slots.push_back(slot);
  CHECK(slots.size() == Guard::kSlots);
  guard->give_back(slots[17]);
  CHECK(guard->take_slot() == slots[17]);
}

TEST_CASE("guard: a copy of the process does it when there is nothing to execute",
          "[process][guard]") {
  const Scratch dir;
  Tripwire tripwire(dir);
  const pid_t runner = fork();
  REQUIRE(runner >= 0);
  if (runner == 0) {
    // It says so on the standard error, which is not for whoever runs the tests.
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, STDERR_FILENO);
    Spawner spawner;
    auto guard = Guard::start(spawner, "/no/such/file");
    if (!guard) _exit(1);
    const std::vector<std::string> argv = {
        "/bin/sh", "-c", "exec 3>\"$0\"; sleep 1000 & echo x >&3; sleep 1000", tripwire.path()};
    const std::vector<std::string> env = {kTestPath};
    const std::string cwd;
    SpawnRequest request{argv, env, cwd, {-1, -1, -1}};
    request.slot = guard->take_slot();
    auto spawned = spawner.spawn(request);
    for (;;) pause();
  }
  tripwire.wait_for_lines(1);
  kill(runner, SIGKILL);
  tripwire.wait_for_end();
  waitpid(runner, nullptr, 0);
}
