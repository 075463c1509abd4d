// SPDX-License-Identifier: MIT
#include "process/spawn.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bitset>
#include <cerrno>
#include <cstring>

#include "loop/signal.h"
#include "process/lookup.h"

namespace ggen::process {

namespace {

constexpr std::size_t kStackSize = 64 * 1024;
constexpr rlim_t kFiles = 16 * 1024;
constexpr std::size_t kKernelSigset = 8;  // bytes in the kernel's signal mask

// What the child reads, and where it leaves why it could not become the program. It runs in our
// memory while we sleep, so plain fields do.
struct Launch {
  const char* path;
  char** argv;
  char** script_argv;  // /bin/sh, then room for the path, then argv[1] ...
  char** env;
  const char* cwd;
  std::array<int, 3> stdio;
  Group group;
  int terminal;
  std::int32_t* slot;
  pid_t parent;
  std::uint64_t caught;  // bit n: signal n goes back to its default
  const rlimit* files;   // to set, or nullptr
  int error;
  SpawnFailure::Part part;
};

// The child. It shares our memory and our thread's errno, so: system calls only, nothing that
// allocates or locks, no sanitizer that would write about it, nothing of libc that keeps books.
__attribute__((no_sanitize("address", "thread", "undefined"))) int child_main(void* argument) {
  Launch* launch = static_cast<Launch*>(argument);
  launch->part = SpawnFailure::Part::system;
  // Larger than the kernel's struct sigaction; all zero is the default action.
  std::uint64_t default_action[8];
  for (int i = 0; i < 8; ++i) default_action[i] = 0;
  for (int number = 1; number < 64; ++number) {
    if ((launch->caught >> number) & 1) {
      syscall(SYS_rt_sigaction, number, default_action, nullptr, kKernelSigset);
    }
  }
  if (launch->group == Group::own) syscall(SYS_setpgid, 0, 0);
  if (launch->group == Group::session) syscall(SYS_setsid);
  if (launch->slot != nullptr) {
    const int pid = static_cast<int>(syscall(SYS_getpid));
    __atomic_store_n(launch->slot, launch->group == Group::ours ? -pid : pid, __ATOMIC_SEQ_CST);
  }
  if (launch->terminal >= 0) {
    // From the background, but every signal is blocked here, and so is the one that would stop it.
    const int group = static_cast<int>(syscall(SYS_getpid));
    syscall(SYS_ioctl, launch->terminal, TIOCSPGRP, &group);
  }
  if (launch->group != Group::session) {
    syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    // Dead before the call above: then the signal never comes.
    if (syscall(SYS_getppid) != launch->parent) return 127;
  }
  for (int i = 0; i < 3; ++i) {
    const int fd = launch->stdio[static_cast<unsigned>(i)];
    if (fd >= 0 && syscall(SYS_dup3, fd, i, 0) < 0) {
      launch->error = errno;
      return 127;
    }
  }
  // What outlives us must not hold open what we were given by others, such as the pipe of a log.
  if (launch->group == Group::session) syscall(SYS_close_range, 3u, ~0u, 0u);
  if (launch->files != nullptr) syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, launch->files, nullptr);
  if (launch->cwd != nullptr && syscall(SYS_chdir, launch->cwd) != 0) {
    launch->part = SpawnFailure::Part::cwd;
    launch->error = errno;
    return 127;
  }
  std::uint64_t none = 0;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, kKernelSigset);
  launch->part = SpawnFailure::Part::program;
  syscall(SYS_execve, launch->path, launch->argv, launch->env);
  if (errno == ENOEXEC) {
    launch->script_argv[1] = const_cast<char*>(launch->path);
    syscall(SYS_execve, launch->script_argv[0], launch->script_argv, launch->env);
  }
  launch->error = errno;
  return 127;
}

std::vector<char*> pointers(const std::vector<std::string>& texts, std::size_t spare) {
  std::vector<char*> result(spare, nullptr);
  result.reserve(spare + texts.size() + 1);
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// Caught signals would run our handlers in our memory until the exec; SIGPIPE and SIGXFSZ are
// ignored by us, which an exec would pass on. Others that were ignored when we started stay so
// (nohup).
std::uint64_t signals_to_reset() {
  return loop::Signal::ever_caught().to_ullong() | (std::uint64_t{1} << SIGPIPE) |
         (std::uint64_t{1} << SIGXFSZ);
}

bool is_directory(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

const std::string& file_of(const SpawnRequest& request) {
  return request.file.empty() ? request.argv.front() : request.file;
}

SpawnFailure cwd_failure(const std::string& cwd, int code) {
  Error error = Error::from_errno(code, "the directory " + cwd + " cannot be entered");
  if (code == ENOENT) error.message = "the directory " + cwd + " does not exist";
  if (code == ENOTDIR) error.message = cwd + " is not a directory";
  return {SpawnFailure::Part::cwd, std::move(error)};
}

SpawnFailure program_failure(const std::string& program, int code) {
  return {SpawnFailure::Part::program, Error::from_errno(code, "cannot execute " + program)};
}

SpawnFailure not_found(const SpawnRequest& request, const ProgramLookup& lookup) {
  const std::string& program = file_of(request);
  if (!request.cwd.empty() && !is_directory(request.cwd)) {
    struct stat info {};
    return cwd_failure(request.cwd, stat(request.cwd.c_str(), &info) == 0 ? ENOTDIR : errno);
  }
  if (lookup.saw_forbidden()) {
    return {SpawnFailure::Part::program,
            {ErrorKind::permission, program + " is in PATH but is not executable (chmod +x)"}};
  }
  return {SpawnFailure::Part::program,
          {ErrorKind::not_found, "command not found: " + program +
                                     " (looked in PATH=" + std::string(lookup.path()) + ")"}};
}

// A program named by its path that could not be executed.
SpawnFailure path_failure(const SpawnRequest& request, int code) {
  const std::string& program = file_of(request);
  std::string path = program;
  if (path.front() != '/' && !request.cwd.empty()) path = request.cwd + "/" + path;
  if (code == ENOENT && access(path.c_str(), F_OK) == 0) {
    return {SpawnFailure::Part::program,
            {ErrorKind::not_found, "cannot execute " + program +
                                       ": the interpreter or loader that it names does not exist"}};
  }
  if (code == ENOENT || code == ENOTDIR) {
    return {SpawnFailure::Part::program, {ErrorKind::not_found, "command not found: " + program}};
  }
  if (code == EACCES && is_directory(path)) {
    return {SpawnFailure::Part::program,
            {ErrorKind::permission, "cannot execute " + program + ": it is a directory"}};
  }
  if (code == EACCES) {
    return {SpawnFailure::Part::program,
            {ErrorKind::permission, "cannot execute " + program + ": not executable (chmod +x)"}};
  }
  return program_failure(program, code);
}

}  // namespace

Spawner::Spawner()
    : stack_(mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)),
      self_(getpid()) {
  GGEN_BUG_IF(stack_ == MAP_FAILED, "no memory for the stack of children");
  if (getrlimit(RLIMIT_NOFILE, &files_) != 0 || files_.rlim_cur >= kFiles) return;
  const rlimit raised{std::min(kFiles, files_.rlim_max), files_.rlim_max};
  files_raised_ = raised.rlim_cur > files_.rlim_cur && setrlimit(RLIMIT_NOFILE, &raised) == 0;
}

Spawner::~Spawner() { munmap(stack_, kStackSize); }

SpawnResult Spawner::spawn(const SpawnRequest& request) {
  auto script_argv = pointers(request.argv, 1);
  std::string shell = "/bin/sh";
  script_argv[0] = shell.data();
  char** const argv = script_argv.data() + 1;
  char* const argv0 = argv[0];
  auto env = pointers(request.env, 0);
  ProgramLookup lookup(file_of(request), request.env, request.cwd);

  for (std::string path = lookup.next(); !path.empty(); path = lookup.next()) {
    Launch launch{};
    launch.path = path.c_str();
    launch.argv = argv;
    launch.script_argv = script_argv.data();
    launch.env = env.data();
    launch.cwd = request.cwd.empty() ? nullptr : request.cwd.c_str();
    launch.stdio = request.stdio;
    launch.group = request.group;
    launch.terminal = request.terminal;
    launch.slot = request.slot;
    launch.parent = self_;
    launch.caught = signals_to_reset();
    launch.files = files_raised_ ? &files_ : nullptr;

    // No handler of ours may run in the child before it has set them back.
    const std::uint64_t all = ~std::uint64_t{0};
    std::uint64_t before = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, kKernelSigset);
    int pidfd = -1;
    const int pid = clone(child_main, static_cast<char*>(stack_) + kStackSize,
                          CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &launch, &pidfd);
    const int clone_error = errno;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, nullptr, kKernelSigset);

    if (pid < 0) {
      return SpawnFailure{SpawnFailure::Part::system,
                          Error::from_errno(clone_error, "start a process")};
    }
    Fd owner(pidfd);
    if (launch.error == 0) return Spawned{pid, std::move(owner)};

    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (request.slot != nullptr) __atomic_store_n(request.slot, 0, __ATOMIC_SEQ_CST);
    argv[0] = argv0;
    if (launch.part == SpawnFailure::Part::cwd) return cwd_failure(request.cwd, launch.error);
    if (launch.part == SpawnFailure::Part::system) {
      return SpawnFailure{launch.part, Error::from_errno(launch.error, "start a process")};
    }
    if (file_of(request).find('/') != std::string::npos) {
      return path_failure(request, launch.error);
    }
    // What execvp does: a file that is not what it looked like does not end the search.
    if (launch.error == EACCES) {
      lookup.set_forbidden();
    } else if (launch.error != ENOENT && launch.error != ENOTDIR) {
      return program_failure(path, launch.error);
    }
  }
  return not_found(request, lookup);
}

}  // namespace ggen::process
