// SPDX-License-Identifier: MIT
#include "process/guard.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>

namespace ggen::process {

// The format of the shared memory. Zero is a free slot, n > 0 the process group n, n < 0 the
// single process -n.
struct GuardTable {
  std::int32_t runner;
  std::int32_t slots[Guard::kSlots];
};

namespace {

constexpr int kPipe = STDIN_FILENO;     // of the guard: closed when the runner dies
constexpr int kMemory = STDOUT_FILENO;  // of the guard: the table
constexpr char kGoodbye = 'q';

// A group takes a moment to die, and one that became a zombie nobody reaps never goes away.
constexpr timespec kRoundTime = {0, 2'000'000};
constexpr int kRounds = 1500;

// True when none of them was alive any more. Async-signal-safe, as all that follows: after a plain
// fork it runs in a copy of a program that had threads.
bool kill_all(std::int32_t (&slots)[Guard::kSlots]) {
  bool none = true;
  for (std::int32_t& slot : slots) {
    const std::int32_t value = __atomic_load_n(&slot, __ATOMIC_SEQ_CST);
    // 1 and -1 never get in; kill(-1) would end everything that is ours.
    if (value >= -1 && value <= 1) continue;
    if (kill(-value, SIGKILL) == 0) {
      none = false;
    } else {
      __atomic_store_n(&slot, 0, __ATOMIC_SEQ_CST);
    }
  }
  return none;
}

bool runner_said_goodbye() {
  char byte = 0;
  ssize_t size = 0;
  do {
    size = read(kPipe, &byte, 1);
  } while (size < 0 && errno == EINTR);
  return size == 1 && byte == kGoodbye;
}

}  // namespace

int guard_main() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT}) signal(number, SIG_IGN);
  prctl(PR_SET_NAME, kGuardName.data());
  void* memory = mmap(nullptr, sizeof(GuardTable), PROT_READ | PROT_WRITE, MAP_SHARED, kMemory, 0);
  if (memory == MAP_FAILED) return 1;
  // Nothing of the user's may be held open, such as the pipe that reads what we print.
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(nowhere, kMemory);
  dup2(nowhere, STDERR_FILENO);
  syscall(SYS_close_range, 3u, ~0u, 0u);

  if (runner_said_goodbye()) return 0;
  auto* table = static_cast<GuardTable*>(memory);
  // The pipe closes before the runner is gone for its children, and until then one of them may
  // still enter the table. Once it is gone they see that, or have the death signal set.
  for (int round = 0; round < kRounds; ++round) {
    const bool runner_gone = getppid() != table->runner;
    if (kill_all(table->slots) && runner_gone) return 0;
    nanosleep(&kRoundTime, nullptr);
  }
  return 1;
}

namespace {

// Without /proc, or when our file may not be executed again: a copy of this process does it. It
// holds our memory, but nothing else is different.
Result<pid_t> fork_guard(int pipe, int memory, const Error& why) {
  std::fprintf(stderr, "ggen-lua: %s; a copy of this process watches over the tasks instead\n",
               why.message.c_str());
  const pid_t pid = fork();
  if (pid < 0) return Error::from_errno(errno, "start the guard process");
  if (pid != 0) return pid;
  setsid();
  if (chdir("/") != 0) _exit(1);
  // Out of the way of the descriptors that the standard streams are replaced by.
  const int pipe_copy = fcntl(pipe, F_DUPFD, 10);
  const int memory_copy = fcntl(memory, F_DUPFD, 10);
  dup2(pipe_copy, kPipe);
  dup2(memory_copy, kMemory);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  _exit(guard_main());
}

}  // namespace

Result<Guard> Guard::start(Spawner& spawner, const std::string& program) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno(errno, "start the guard process");
  Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  Fd memory(memfd_create(kGuardName.data(), MFD_CLOEXEC));
  if (!memory || ftruncate(memory.get(), sizeof(GuardTable)) != 0) {
    return Error::from_errno(errno, "start the guard process");
  }
  void* mapped =
      mmap(nullptr, sizeof(GuardTable), PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (mapped == MAP_FAILED) return Error::from_errno(errno, "start the guard process");
  auto* table = static_cast<GuardTable*>(mapped);
  table->runner = getpid();

  const std::vector<std::string> argv = {std::string(kGuardName), "--guard"};
  const std::vector<std::string> env;
  const std::string cwd = "/";
  SpawnRequest request{argv, env, cwd, {read_end.get(), memory.get(), -1}};
  request.group = Group::session;
  request.file = program;
  auto spawned = spawner.spawn(request);
  if (auto* child = std::get_if<Spawned>(&spawned)) {
    return Guard(table, std::move(write_end), child->pid);
  }
  auto pid = fork_guard(read_end.get(), memory.get(), std::get<SpawnFailure>(spawned).error);
  if (!pid) {
    munmap(mapped, sizeof(GuardTable));
    return std::move(pid).error();
  }
  return Guard(table, std::move(write_end), *pid);
}

Guard::Guard(GuardTable* table, Fd goodbye, pid_t pid)
    : table_(table), goodbye_(std::move(goodbye)), pid_(pid), free_(kSlots) {
  for (std::size_t i = 0; i < kSlots; ++i) free_[i] = static_cast<std::uint16_t>(kSlots - 1 - i);
}

Guard::Guard(Guard&& other) noexcept
    : table_(std::exchange(other.table_, nullptr)),
      goodbye_(std::move(other.goodbye_)),
      pid_(other.pid_),
      free_(std::move(other.free_)) {}

Guard::~Guard() {
  if (table_ == nullptr) return;
  // The guard may have been killed; then there is nobody to tell.
  [[maybe_unused]] const ssize_t sent = write(goodbye_.get(), &kGoodbye, 1);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  munmap(table_, sizeof(GuardTable));
}

std::int32_t* Guard::take_slot() {
  if (free_.empty()) return nullptr;
  const std::uint16_t index = free_.back();
  free_.pop_back();
  return &table_->slots[index];
}

void Guard::give_back(std::int32_t* slot) {
  __atomic_store_n(slot, 0, __ATOMIC_SEQ_CST);
  free_.push_back(static_cast<std::uint16_t>(slot - table_->slots));
}

}  // namespace ggen::process
