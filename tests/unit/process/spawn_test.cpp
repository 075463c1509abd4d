// SPDX-License-Identifier: MIT
#include "process/spawn.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <sstream>

#include "harness.h"
#include "loop/signal.h"

using namespace ggen;
using namespace ggen::process;

namespace {

std::string only_line(const Outcome& outcome) {
  CHECK(outcome.code == 0);
  CHECK(outcome.err == "");
  return outcome.out.substr(0, outcome.out.find('\n'));
}

}  // namespace

TEST_CASE("spawn: the environment is exactly the given one", "[process]") {
  World world;
  auto spec = command({"/usr/bin/env"});
  spec.env = {"A=1", "EMPTY=", "LINES=a\nb", "UTF=\xff\xfe"};
  CHECK(world.run(std::move(spec)).out == "A=1\nEMPTY=\nLINES=a\nb\nUTF=\xff\xfe\n");
  auto none = command({"/usr/bin/env"});
  none.env = {};
  CHECK(world.run(std::move(none)).out == "");
}

TEST_CASE("spawn: words arrive as they are", "[process]") {
  World world;
  const std::string odd = "a b\n'\"$*\xff\t";
  const auto outcome = world.run(command({"printf", "%s|", odd, "", "last"}));
  CHECK(outcome.out == odd + "||last|");
}

TEST_CASE("spawn: the working directory, which is only the child's", "[process]") {
  const Scratch dir;
  const auto before = std::filesystem::current_path();
  World world;
  auto spec = command({"pwd"});
  spec.cwd = dir.path();
  CHECK(only_line(world.run(std::move(spec))) == std::filesystem::canonical(dir.path()).string());
  CHECK(std::filesystem::current_path() == before);
}

TEST_CASE("spawn: no descriptor but the three", "[process]") {
  // What we were started with and nobody marked goes on to the child, as in any shell.
  std::set<std::string> expected = {"0", "1", "2"};
  for (int fd = 3; fd < 1024; ++fd) {
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) expected.insert(std::to_string(fd));
  }
  World world;
  std::istringstream shown(
      world.run(shell("for fd in /proc/$$/fd/*; do echo ${fd##*/}; done")).out);
  std::set<std::string> found{std::istream_iterator<std::string>(shown), {}};
  // One more is the folder itself, which the shell reads.
  CHECK(found.size() <= expected.size() + 1);
  CHECK(std::includes(found.begin(), found.end(), expected.begin(), expected.end()));
  CHECK(only_line(world.run(command({"readlink", "/proc/self/fd/0"}))) == "/dev/null");
}

TEST_CASE("spawn: a group of its own, and the death signal", "[process]") {
  World world;
  const auto outcome = world.run(shell("echo $$; cut -d' ' -f5 /proc/$$/stat"));
  const auto line_end = outcome.out.find('\n');
  CHECK(outcome.out.substr(0, line_end + 1) == outcome.out.substr(line_end + 1));
}

TEST_CASE("spawn: an interactive child has our streams", "[process]") {
  const Scratch dir;
  World world;
  auto spec = shell("readlink /proc/$$/fd/0 >stdin");
  spec.cwd = dir.path();
  spec.interactive = true;
  CHECK(world.run(std::move(spec)).code == 0);
  CHECK(read_file(dir / "stdin").value() ==
        std::filesystem::read_symlink("/proc/self/fd/0").string() + "\n");
}

TEST_CASE("spawn: signals are as a program expects them", "[process]") {
  World world;
  // Ignored since before us (as under nohup): stays so. Caught or ignored by us: default.
  struct sigaction before {};
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGUSR1, &ignore, &before);
  const auto ignored = status_mask(read_file("/proc/self/status").value(), "SigIgn") &
                       ~(std::uint64_t{1} << (SIGPIPE - 1) | std::uint64_t{1} << (SIGXFSZ - 1));
  CHECK((ignored >> (SIGUSR1 - 1)) % 2 == 1);
  auto caught = loop::Signal::start(world.loop, SIGTERM, [] {});
  REQUIRE(caught);
  sigset_t blocked, old_mask;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &blocked, &old_mask);

  std::optional<Outcome> outcome;
  REQUIRE(world.supervisor->start(command({"cat", "/proc/self/status"}), [&](Outcome o) {
    outcome = std::move(o);
    world.loop.stop();
  }));
  world.loop.run();
  pthread_sigmask(SIG_SETMASK, &old_mask, nullptr);
  sigaction(SIGUSR1, &before, nullptr);

  REQUIRE(outcome);
  CHECK(status_mask(outcome->out, "SigBlk") == 0);
  CHECK(status_mask(outcome->out, "SigIgn") == ignored);
}

TEST_CASE("spawn: the limit of open files is the one we were given", "[process]") {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit low{256, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &low);
  {
    World world;
    CHECK(only_line(world.run(shell("ulimit -n"))) == "256");
    rlimit now{};
    getrlimit(RLIMIT_NOFILE, &now);
    CHECK(now.rlim_cur > 256);
  }
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST_CASE("spawn: PATH is the child's, and relative to its directory", "[process]") {
  const Scratch dir;
  std::filesystem::create_directory(dir / "bin");
  dir.write("bin/tool", "#!/bin/sh\necho here\n", 0755);
  World world;
  for (const char* path : {"PATH=bin", "PATH=./bin", "PATH=/nowhere:bin:/bin"}) {
    auto spec = command({"tool"});
    spec.cwd = dir.path();
    spec.env = {path};
    CHECK(only_line(world.run(std::move(spec))) == "here");
  }
  auto relative = command({"bin/tool"});
  relative.cwd = dir.path();
  CHECK(only_line(world.run(std::move(relative))) == "here");
  // An empty entry is the current directory.
  auto empty = command({"tool"});
  empty.cwd = dir / "bin";
  empty.env = {"PATH=/nowhere:"};
  CHECK(only_line(world.run(std::move(empty))) == "here");
  // Without PATH: the system's.
  auto none = command({"echo", "x"});
  none.env = {};
  CHECK(only_line(world.run(std::move(none))) == "x");
}

TEST_CASE("spawn: the search goes on after what cannot be executed", "[process]") {
  const Scratch dir;
  for (const char* name : {"a", "b", "c"}) std::filesystem::create_directory(dir / name);
  std::filesystem::create_directory(dir / "a/tool");
  dir.write("b/tool", "#!/bin/sh\necho not executable\n", 0644);
  dir.write("c/tool", "#!/bin/sh\necho found\n", 0755);
  World world;
  auto spec = command({"tool"});
  spec.env = {"PATH=" + (dir / "a") + ":" + (dir / "b") + ":" + (dir / "c")};
  CHECK(only_line(world.run(std::move(spec))) == "found");
}

TEST_CASE("spawn: a script without a first line goes to the shell", "[process]") {
  const Scratch dir;
  const auto script = dir.write("script", "echo \"$0 $1\"\n", 0755);
  World world;
  CHECK(only_line(world.run(command({script, "one"}))) == script + " one");
  auto from_path = command({"script", "two"});
  from_path.env = {"PATH=" + dir.path()};
  CHECK(only_line(world.run(std::move(from_path))) == script + " two");
}

TEST_CASE("spawn: what cannot be started says why", "[process]") {
  const Scratch dir;
  const auto plain = dir.write("plain", "x", 0644);
  const auto orphan = dir.write("orphan", "#!/no/such/interpreter\n", 0755);
  const auto part_program = SpawnFailure::Part::program;
  struct Case {
    std::vector<std::string> argv;
    std::string cwd;
    int code;
    SpawnFailure::Part part;
    ErrorKind kind;
    std::string text;
  };
  const Case cases[] = {
      {{"no-such-command"},
       "",
       127,
       part_program,
       ErrorKind::not_found,
       "command not found: no-such-command (looked in PATH=/usr/local/bin:/usr/bin:/bin)"},
      {{dir / "missing"},
       "",
       127,
       part_program,
       ErrorKind::not_found,
       "command not found: " + (dir / "missing")},
      {{plain},
       "",
       126,
       part_program,
       ErrorKind::permission,
       "cannot execute " + plain + ": not executable (chmod +x)"},
      {{dir.path()},
       "",
       126,
       part_program,
       ErrorKind::permission,
       "cannot execute " + dir.path() + ": it is a directory"},
      {{orphan},
       "",
       127,
       part_program,
       ErrorKind::not_found,
       "cannot execute " + orphan + ": the interpreter or loader that it names does not exist"},
      {{"true"},
       dir / "gone",
       127,
       SpawnFailure::Part::cwd,
       ErrorKind::not_found,
       "the directory " + (dir / "gone") + " does not exist"},
      {{"no-such-command"},
       dir / "gone",
       127,
       SpawnFailure::Part::cwd,
       ErrorKind::not_found,
       "the directory " + (dir / "gone") + " does not exist"},
      {{"true"},
       plain,
       127,
       SpawnFailure::Part::cwd,
       ErrorKind::not_found,
       plain + " is not a directory"},
      {{"true", std::string(3 << 20, 'x')},
       "",
       126,
       part_program,
       ErrorKind::limit,
       "Argument list too long"},
  };
  World world;
  for (const Case& expected : cases) {
    auto spec = command(expected.argv);
    spec.cwd = expected.cwd;
    const auto outcome = world.run(std::move(spec));
    CAPTURE(expected.text);
    CHECK_FALSE(outcome.started);
    CHECK(outcome.code == expected.code);
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->part == expected.part);
    CHECK(outcome.failure->error.kind == expected.kind);
    CHECK_THAT(outcome.failure->error.message, Catch::Contains(expected.text));
  }
}

TEST_CASE("spawn: a file in PATH that is not executable", "[process]") {
  const Scratch dir;
  dir.write("tool", "x", 0644);
  World world;
  auto spec = command({"tool"});
  spec.env = {"PATH=" + dir.path()};
  const auto outcome = world.run(std::move(spec));
  CHECK(outcome.code == 126);
  CHECK(outcome.failure->error.message == "tool is in PATH but is not executable (chmod +x)");
}

TEST_CASE("spawn: NUL bytes are refused", "[process]") {
  World world;
  const std::string nul("a\0b", 3);
  auto argv = command({"true", nul});
  auto env = command({"true"});
  env.env.push_back("X=" + nul);
  auto cwd = command({"true"});
  cwd.cwd = nul;
  for (auto* spec : {&argv, &env, &cwd}) {
    const auto result = world.supervisor->start(std::move(*spec), [](Outcome) { FAIL(); });
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::invalid);
    CHECK_THAT(result.error().message, Catch::Contains("NUL"));
  }
  CHECK_FALSE(world.supervisor->start(command({}), [](Outcome) {}));
  CHECK_FALSE(world.supervisor->start(command({""}), [](Outcome) {}));
  world.loop.run();
}
