// SPDX-License-Identifier: MIT
#include "process/terminal.h"

#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "harness.h"

using namespace ggen;
using namespace ggen::process;

namespace {

// A copy of this process in a session of its own, with a terminal that we hold the other end of.
class Session {
 public:
  template <class Main>
  explicit Session(const Main& main) {
    int fd = -1;
    leader_ = forkpty(&fd, nullptr, nullptr, nullptr);
    REQUIRE(leader_ >= 0);
    if (leader_ == 0) {
      try {
        main();
      } catch (...) {  // a check of the harness: the tests go on in the other copy only
        _exit(1);
      }
      _exit(0);
    }
    fd_.reset(fd);
  }
  ~Session() {
    kill(leader_, SIGKILL);
    waitpid(leader_, nullptr, 0);
  }

  pid_t leader() const { return leader_; }
  void type(std::string_view keys) const {
    REQUIRE(::write(fd_.get(), keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
  }
  // What follows `text` on its line, once it has come.
  std::string wait_for(const std::string& text) {
    for (;;) {
      const auto at = seen_.find(text);
      const auto end = at == seen_.npos ? at : seen_.find('\n', at);
      if (end != seen_.npos) return seen_.substr(at + text.size(), end - 1 - at - text.size());
      pollfd wait{fd_.get(), POLLIN, 0};
      INFO("waited 10 s for \"" << text << "\", seen: " << seen_);
      REQUIRE(poll(&wait, 1, 10'000) == 1);
      char bytes[4096];
      const ssize_t size = read(fd_.get(), bytes, sizeof bytes);
      REQUIRE(size > 0);
      seen_.append(bytes, static_cast<std::size_t>(size));
    }
  }

 private:
  pid_t leader_ = 0;
  Fd fd_;
  std::string seen_;
};

Outcome run_interactive(World& world, const std::string& text) {
  auto spec = shell(text);
  spec.interactive = true;
  spec.capture = 0;
  return world.run(std::move(spec));
}

// Own group, and the group that is in the foreground.
const std::string kShowGroups =
    "echo \"groups: $(cut -d' ' -f5,8 /proc/$$/stat) \"; echo \"me: $$ \"; ";

}  // namespace

TEST_CASE("terminal: an interactive child is its foreground, and Ctrl-C is its own", "[process]") {
  Session session([] {
    World world;
    const auto outcome = run_interactive(world, kShowGroups + "exec sleep 1000");
    dprintf(1, "ended: by %d, ours %d \n", outcome.signal, tcgetpgrp(0) == getpgrp());
  });
  const auto groups = session.wait_for("groups: ");
  const auto child = session.wait_for("me: ");
  CHECK(groups == child.substr(0, child.size() - 1) + " " + child);
  session.type("\x03");
  CHECK(session.wait_for("ended: ") == "by 2, ours 1 ");
}

TEST_CASE("terminal: Ctrl-Z stops us with it, and goes on with both", "[process]") {
  Session session([] {
    // As a shell with job control.
    signal(SIGTTOU, SIG_IGN);
    const pid_t job = fork();
    if (job == 0) {
      setpgid(0, 0);
      tcsetpgrp(0, getpid());
      signal(SIGTTOU, SIG_DFL);
      World world;
      const auto outcome = run_interactive(world, "echo 'ready: '; read x; echo \"got: $x \"");
      _exit(outcome.code);
    }
    setpgid(job, job);
    int status = 0;
    waitpid(job, &status, WUNTRACED);
    dprintf(1, "stopped: %d, its turn %d \n", WIFSTOPPED(status), tcgetpgrp(0) == job);
    tcsetpgrp(0, job);
    kill(-job, SIGCONT);
    waitpid(job, &status, WUNTRACED);
    dprintf(1, "ended: %d \n", status);
  });
  session.wait_for("ready: ");
  session.type("\x1a");
  CHECK(session.wait_for("stopped: ") == "1, its turn 1 ");
  session.type("hello\n");
  CHECK(session.wait_for("got: ") == "hello ");
  CHECK(session.wait_for("ended: ") == "0 ");
}

// On one processor that we yield to any other process, the child is far ahead of us.
void fall_behind() {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  CPU_SET(static_cast<unsigned>(sched_getcpu()), &processors);
  const sched_param none{};
  const bool behind = sched_setaffinity(0, sizeof processors, &processors) == 0 &&
                      sched_setscheduler(0, SCHED_IDLE | SCHED_RESET_ON_FORK, &none) == 0;
  if (!behind) dprintf(1, "ended: not behind \n");
}

TEST_CASE("terminal: a child that stops before we wait for that goes on", "[process]") {
  Session session([] {
    fall_behind();
    World world;
    const auto outcome = run_interactive(world, "kill -STOP $$; exit 3");
    dprintf(1, "ended: %d \n", outcome.code);
  });
  CHECK(session.wait_for("ended: ") == "3 ");
}

TEST_CASE("terminal: modes are as before when a child dies of a signal", "[process]") {
  Session session([] {
    World world;
    run_interactive(world, "stty -echo -icanon; kill -KILL $$");
    termios modes{};
    tcgetattr(0, &modes);
    dprintf(1, "modes: %d%d \n", (modes.c_lflag & ECHO) != 0, (modes.c_lflag & ICANON) != 0);
    const auto missing = [&] {
      auto spec = command({"/no/such/program"});
      spec.interactive = true;
      return world.run(std::move(spec)).code;
    }();
    dprintf(1, "missing: %d, ours %d \n", missing, tcgetpgrp(0) == getpgrp());
  });
  CHECK(session.wait_for("modes: ") == "11 ");
  CHECK(session.wait_for("missing: ") == "127, ours 1 ");
}

TEST_CASE("terminal: a background job of a shell does not take it", "[process]") {
  Session session([] {
    const pid_t job = fork();
    if (job == 0) {
      setpgid(0, 0);
      World world;
      run_interactive(world, kShowGroups);
      dprintf(1, "job: %d \n", getpgrp());
      _exit(0);
    }
    waitpid(job, nullptr, 0);
    dprintf(1, "ended: ours %d, %d \n", tcgetpgrp(0) == getpgrp(), getpgrp());
  });
  const auto groups = session.wait_for("groups: ");
  const auto job = session.wait_for("job: ");
  CHECK(groups == job + std::to_string(session.leader()) + " ");
  CHECK(session.wait_for("ended: ours ") == "1, " + std::to_string(session.leader()) + " ");
}

TEST_CASE("terminal: we are killed while a child has it, nothing is left", "[process][guard]") {
  const Scratch dir;
  const std::string path = dir / "tripwire";
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  const Fd tripwire(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  Session session([&] {
    World world;
    run_interactive(world, "exec 3>" + path +
                               "; trap '' HUP; sh -c 'sleep 1000 & sleep 1000' & echo 'ready: '; "
                               "wait");
  });
  session.wait_for("ready: ");
  kill(session.leader(), SIGKILL);
  // Its end: no process of them is left.
  pollfd wait{tripwire.get(), POLLIN, 0};
  REQUIRE(poll(&wait, 1, 20'000) == 1);
  char byte = 0;
  CHECK(read(tripwire.get(), &byte, 1) == 0);
}
