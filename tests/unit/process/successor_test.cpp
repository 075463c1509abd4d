// SPDX-License-Identifier: MIT
#include "process/successor.h"

#include <fcntl.h>
#include <sys/wait.h>

#include <optional>

#include "harness.h"

using namespace ggen;
using namespace ggen::process;

namespace {

// A shell that writes what it reads, where it is, and its session, when its input ends.
Result<Successor> start(const Scratch& dir, const std::string& script) {
  return Successor::start("/bin/sh", {"name", "-c", script}, {"PATH=/bin:/usr/bin", "WORD=w"},
                          dir.path());
}

void wait_for(pid_t pid) { REQUIRE(waitpid(pid, nullptr, 0) == pid); }

}  // namespace

TEST_CASE("successor: reads what it is told, and the end of it when we are gone") {
  const Scratch dir;
  std::optional<Successor> successor;
  {
    auto started = start(dir, "cat > got; echo $WORD >> got; pwd >> got");
    REQUIRE(started);
    successor.emplace(std::move(*started));
  }
  const pid_t pid = successor->pid();
  CHECK(getsid(pid) == pid);
  CHECK(successor->tell("one\n"));
  CHECK(successor->tell("two\n"));
  CHECK(waitpid(pid, nullptr, WNOHANG) == 0);
  successor.reset();
  wait_for(pid);
  CHECK(*read_file(dir / "got") == "one\ntwo\nw\n" + dir.path() + "\n");
}

TEST_CASE("successor: has nothing of ours open") {
  const Scratch dir;
  const int inherited = fcntl(0, F_DUPFD, 100);  // as from a shell
  auto successor = start(dir, "cat; ls /proc/$$/fd | tr '\\n' ' ' > got");
  REQUIRE(successor);
  const pid_t pid = successor->pid();
  { const Successor gone = std::move(*successor); }
  wait_for(pid);
  close(inherited);
  CHECK(read_file(dir / "got")->find("1") != std::string::npos);
  CHECK(read_file(dir / "got")->find(std::to_string(inherited)) == std::string::npos);
}

TEST_CASE("successor: one that has ended is not told") {
  loop::Loop ignores_sigpipe;
  const Scratch dir;
  auto successor = start(dir, "exit 0");
  REQUIRE(successor);
  wait_for(successor->pid());
  CHECK_FALSE(successor->tell("x\n"));
  CHECK_FALSE(successor->tell(std::string(5000, 'x')));
}

TEST_CASE("successor: one that cannot be started is an error") {
  const Scratch dir;
  CHECK_FALSE(Successor::start(dir / "nothing", {"x"}, {}, dir.path()));
  CHECK_FALSE(Successor::start("/bin/sh", {"x"}, {}, dir / "nowhere"));
}
