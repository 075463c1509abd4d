// The lifecycle state, system call by system call: how many there are, and what is there when the
// process is killed at any of them.
// SPDX-License-Identifier: MIT
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <optional>

#include "base/file.h"
#include "state/lifecycle_state.h"

using namespace ggen;
using namespace ggen::state;

namespace {

constexpr int kNotTraced = 77;  // the exit code of a child that may not be traced

struct TempDir {
  std::string path = make_temp_dir("/tmp", "ggen-state-").value();
  ~TempDir() { static_cast<void>(remove_tree(path).has_value()); }
  std::string file() const { return path + "/.ggen/state.json"; }
};

LifecycleRecord record_of(int number) {
  return {"phase_" + std::to_string(number % 5), std::nullopt,
          1000000 + static_cast<std::uint64_t>(number), 100, true};
}

void add(const std::string& path, int number) {
  LifecycleState state(path);
  static_cast<void>(state.succeeded("phase_1", std::nullopt));
  state.record(record_of(number));
  state.key({"phase_0", std::nullopt, "key"});
  if (!state.save()) ::_exit(1);
}

void fill(const TempDir& dir, int records) {
  LifecycleState state(dir.path);
  for (int i = 0; i < records; ++i) state.record(record_of(i));
  REQUIRE(state.save());
}

// The numbers of the records, in order.
std::vector<int> numbers_in(const TempDir& dir) {
  LifecycleState state(dir.path);
  std::vector<int> numbers;
  for (const auto& record : state.content().records())
    numbers.push_back(static_cast<int>(record.started_ms - 1000000));
  CHECK(state.problem().empty());
  return numbers;
}

// A child that adds one record, stopped where that begins. Nothing when it may not be traced.
std::optional<pid_t> begin(const TempDir& dir, int number) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(kNotTraced);
    ::raise(SIGSTOP);
    add(dir.path, number);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFEXITED(status)) return std::nullopt;
  REQUIRE(::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD) ==
          0);
  return child;
}

// Lets the child go on to where a system call begins or ends. False when it has ended well.
bool step(pid_t child) {
  REQUIRE(::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) == 0);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFEXITED(status)) {
    REQUIRE(WEXITSTATUS(status) == 0);
    return false;
  }
  REQUIRE(WIFSTOPPED(status));
  REQUIRE(WSTOPSIG(status) == (SIGTRAP | 0x80));
  return true;
}

void kill_child(pid_t child) {
  ::kill(child, SIGKILL);
  int status = 0;
  do {
    REQUIRE(::waitpid(child, &status, 0) == child);
  } while (WIFSTOPPED(status));
  REQUIRE(WIFSIGNALED(status));
}

// The system call that the child has stopped in is one of memory, or of a sanitizer's runtime.
bool is_memory_call(pid_t child) {
  __ptrace_syscall_info info{};
  if (::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) <= 0) return false;
  for (const auto call : {__NR_brk, __NR_mmap, __NR_munmap, __NR_mremap, __NR_madvise,
                          __NR_exit_group, __NR_rt_sigprocmask, __NR_gettid, __NR_getpid,
                          __NR_tgkill, __NR_prctl, __NR_futex, __NR_sigaltstack, __NR_sched_yield})
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == static_cast<std::uint64_t>(call))
      return true;
  return false;
}

}  // namespace

TEST_CASE("lifecycle state: killed at any system call", "[state][fault]") {
  for (const int records : {0, 100}) {
    const TempDir dir;
    std::vector<int> before;
    if (records > 0) {
      fill(dir, records);
      before = numbers_in(dir);
    }
    int kills = 0;
    for (bool ended = false; !ended; ++kills) {
      CAPTURE(records, kills);
      const int number = 1000 + kills;
      const auto child = begin(dir, number);
      if (!child) {
        WARN("no right to trace a child: not tested");
        return;
      }
      for (int steps = 0; steps < kills && !ended; ++steps) ended = !step(*child);
      if (!ended) kill_child(*child);
      if (records == 0 && !stat_path(dir.file())) continue;
      // The old file or the new one.
      const auto now = numbers_in(dir);
      auto after = before;
      after.push_back(number);
      REQUIRE((now == before || now == after));
      REQUIRE((!ended || now == after));
      if (records == 0 && !ended) REQUIRE(remove_path(dir.file()));
      if (records > 0) before = now;
    }
    CHECK(kills > 15);
    const auto entries = list_dir(dir.path + "/.ggen").value();
    for (const DirEntry& entry : entries)
      CHECK((entry.name == "state.json" || entry.name == "state.json.tmp"));
  }
}

TEST_CASE("lifecycle state: killed while a damaged file is replaced", "[state][fault]") {
  int kills = 0;
  for (bool ended = false; !ended; ++kills) {
    CAPTURE(kills);
    const TempDir dir;
    REQUIRE(make_dirs(dir.path + "/.ggen"));
    REQUIRE(write_file(dir.file(), "damaged"));
    const auto child = begin(dir, 1);
    if (!child) {
      WARN("no right to trace a child: not tested");
      return;
    }
    for (int steps = 0; steps < kills && !ended; ++steps) ended = !step(*child);
    if (!ended) kill_child(*child);
    // The damaged bytes are somewhere, and under the name is one of the two.
    int damaged = 0;
    const auto entries = list_dir(dir.path + "/.ggen").value();
    for (const DirEntry& entry : entries)
      damaged += read_file(dir.path + "/.ggen/" + entry.name).value() == "damaged" ? 1 : 0;
    REQUIRE(damaged > 0);
    if (ended || read_file(dir.file()).value() != "damaged")
      REQUIRE(numbers_in(dir) == std::vector<int>{1});
  }
  CHECK(kills > 15);
}

TEST_CASE("lifecycle state: few system calls", "[state]") {
  const TempDir dir;
  fill(dir, 100);
  const auto child = begin(dir, 1000);
  if (!child) {
    WARN("no right to trace a child: not tested");
    return;
  }
  int calls = 0;
  // Two steps for each: where it begins, and where it ends.
  for (bool inside = false; step(*child);) {
    inside = !inside;
    if (inside && !is_memory_call(*child)) ++calls;
  }
  CHECK(calls <= 10);
  CHECK(numbers_in(dir).size() == 101);
}

TEST_CASE("lifecycle state: several processes lose nothing", "[state]") {
  constexpr int kProcesses = 4, kRounds = 50;
  const TempDir dir;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (int round = 0; round < kRounds; ++round) add(dir.path, i * kRounds + round);
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  auto numbers = numbers_in(dir);
  std::vector<int> in_turn[kProcesses];
  for (const int number : numbers) in_turn[number / kRounds].push_back(number);
  for (int i = 0; i < kProcesses; ++i) {
    // None is missing, none is there twice, and each process's are in its order.
    REQUIRE(in_turn[i].size() == kRounds);
    for (int round = 0; round < kRounds; ++round)
      CHECK(in_turn[i][static_cast<std::size_t>(round)] == i * kRounds + round);
  }
}
