// SPDX-License-Identifier: MIT
#include "process/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <functional>

using namespace ggen::process;

namespace {

enum : int { kDone = 0, kRefused = 17, kNotEntered = 18 };

// What becomes of a copy of this process that shuts itself in and does something: kDone and
// kRefused as it says itself, or the negative number of the signal that ended it.
int in_sandbox(const SandboxLimits& limits, const std::function<bool()>& attempt) {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    if (!enter_sandbox(ends[1], limits)) _exit(kNotEntered);
    _exit(attempt() ? kDone : kRefused);
  }
  close(ends[1]);
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  close(ends[0]);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

SandboxLimits only(bool landlock, bool seccomp) {
  SandboxLimits limits;
  limits.landlock = landlock;
  limits.seccomp = seccomp;
  return limits;
}

bool whole_kernel() {
  const SandboxParts parts = sandbox_parts();
  return parts.landlock > 0 && parts.seccomp;
}

struct Attempt {
  const char* name;
  std::function<bool()> run;
  int end = -SIGSYS;  // what the C library may ask for on its own account is refused instead
};

bool opens(const char* path, int flags) {
  const long fd = syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600);
  if (fd >= 0 && (flags & O_CREAT) != 0) unlink(path);
  return fd >= 0;
}

bool connects(int family) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 || errno != EACCES;
}

// The runtime of the sanitizers calls it.
#ifdef __SANITIZE_ADDRESS__
constexpr int kPrctlEnd = kRefused;
#else
constexpr int kPrctlEnd = -SIGSYS;
#endif

// Each of them works in a process that is not shut in, or would with the rights of the user.
const Attempt kAttempts[] = {
    {"reads a file", [] { return opens("/etc/passwd", O_RDONLY); }, kRefused},
    {"makes a file", [] { return opens("/tmp/ggen-sandbox-test", O_CREAT | O_WRONLY); }, kRefused},
    {"reads a directory", [] { return opens("/", O_RDONLY | O_DIRECTORY); }, kRefused},
    {"opens what leads out by its descriptors",
     [] { return opens("/proc/self/fd/0", O_RDWR) || opens("/proc/1/environ", O_RDONLY); },
     kRefused},
    {"opens by openat2",
     [] {
       std::uint64_t how[3] = {O_RDONLY | O_CLOEXEC, 0, 0};
       return syscall(437, AT_FDCWD, "/etc/passwd", how, sizeof how) >= 0;
     }},
    {"starts a program",
     [] {
       char* words[] = {const_cast<char*>("true"), nullptr};
       return syscall(SYS_execve, "/bin/true", words, words + 1) == 0;
     }},
    {"starts a program by a descriptor",
     [] {
       char* words[] = {const_cast<char*>("true"), nullptr};
       return syscall(SYS_execveat, 1, "", words, words + 1, AT_EMPTY_PATH) == 0;
     }},
    {"forks", [] { return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0; }},
    {"clones in the new way",
     [] {
       std::uint64_t arguments[8] = {0, 0, 0, 0, SIGCHLD, 0, 0, 0};
       return syscall(SYS_clone3, arguments, sizeof arguments) >= 0;
     }},
    {"makes a socket", [] { return socket(AF_INET, SOCK_STREAM, 0) >= 0; }},
    {"makes a unix socket", [] { return socket(AF_UNIX, SOCK_STREAM, 0) >= 0; }},
    {"connects", [] { return connects(AF_INET); }},
    {"sends to what is connected", [] { return send(1, "x", 1, 0) == 1; }},
    {"traces another process", [] { return ptrace(PTRACE_ATTACH, getppid(), 0, 0) == 0; }},
    {"reads memory of another process",
     [] {
       char byte = 0;
       iovec here{&byte, 1};
       return syscall(SYS_process_vm_readv, getppid(), &here, 1, &here, 1, 0) == 1;
     }},
    {"sends a signal", [] { return syscall(SYS_kill, getppid(), 0) == 0; }},
    {"sends a signal to all", [] { return syscall(SYS_kill, -1, 0) == 0; }},
    {"opens another process", [] { return syscall(SYS_pidfd_open, getppid(), 0) >= 0; }},
    {"makes memory that can be executed",
     [] {
       return mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                   -1, 0) != MAP_FAILED;
     },
     kRefused},
    {"makes its memory executable",
     [] {
       void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
       return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
     },
     kRefused},
    {"makes its memory executable with a key",
     [] {
       void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
       return syscall(SYS_pkey_mprotect, page, 4096, PROT_READ | PROT_EXEC, -1) == 0;
     }},
    {"raises its limits",
     [] {
       const rlimit more{1 << 20, 1 << 20};
       return setrlimit(RLIMIT_NOFILE, &more) == 0;
     },
     kRefused},
    {"asks for another filter", [] { return prctl(PR_SET_SECCOMP, 1, 0, 0, 0) == 0; }, kPrctlEnd},
    {"lives on without its parent", [] { return prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0; },
     kPrctlEnd},
    {"makes namespaces", [] { return unshare(CLONE_NEWUSER) == 0; }},
    {"mounts", [] { return syscall(SYS_mount, "none", "/nowhere", "tmpfs", 0, nullptr) == 0; }},
    {"changes directory", [] { return chdir("/tmp") == 0; }},
    {"removes a file", [] { return unlink("/tmp/ggen-sandbox-nothing") == 0; }},
    {"makes an anonymous file", [] { return syscall(SYS_memfd_create, "x", 0) >= 0; }},
    {"uses io_uring", [] { return syscall(SYS_io_uring_setup, 1, nullptr) >= 0; }},
    {"uses bpf", [] { return syscall(SYS_bpf, 0, nullptr, 0) >= 0; }},
    {"takes up a new session", [] { return setsid() >= 0; }},
    {"gets keys of the kernel", [] { return syscall(SYS_keyctl, 0, 0, 0, 0, 0) >= 0; }},
    {"duplicates a descriptor", [] { return dup(1) >= 0; }},
#ifndef __SANITIZE_ADDRESS__
    {"writes to standard output", [] { return write(STDOUT_FILENO, "", 0) == 0; }},
#endif
    {"reads standard input", [] { return read(STDIN_FILENO, nullptr, 0) == 0; }},
};

}  // namespace

TEST_CASE("a process that is shut in does none of it") {
  if (!whole_kernel()) return;
  for (const Attempt& attempt : kAttempts) {
    INFO(attempt.name);
    CHECK(in_sandbox({}, attempt.run) == attempt.end);
  }
}

TEST_CASE("with the right call number of another kind of program it is ended") {
#if defined(__x86_64__)
  if (!whole_kernel()) return;
  // 39 is getpid: x32 has it with another bit, and a 32-bit program as number 20.
  CHECK(in_sandbox({}, [] { return syscall(0x40000000 + 39) >= 0; }) == -SIGSYS);
#endif
}

TEST_CASE("Landlock alone keeps it from files and from connecting") {
  if (sandbox_parts().landlock == 0) return;
  const auto alone = only(true, false);
  CHECK(in_sandbox(alone, [] { return opens("/etc/passwd", O_RDONLY); }) == kRefused);
  CHECK(in_sandbox(alone, [] { return opens("/", O_RDONLY | O_DIRECTORY); }) == kRefused);
  CHECK(in_sandbox(alone, [] { return opens("/tmp/x", O_CREAT | O_WRONLY); }) == kRefused);
  CHECK(in_sandbox(alone, [] {
          char* words[] = {const_cast<char*>("true"), nullptr};
          return syscall(SYS_execve, "/bin/true", words, words + 1) == 0;
        }) == kRefused);
  // Without a descriptor that it could have: the limit is none.
  CHECK(in_sandbox(alone, [] { return connects(AF_INET); }) == kRefused);
}

TEST_CASE("seccomp alone keeps it from all calls") {
  if (!sandbox_parts().seccomp) return;
  const auto alone = only(false, true);
  CHECK(in_sandbox(alone, [] { return opens("/etc/passwd", O_RDONLY); }) == kRefused);
  CHECK(in_sandbox(alone, [] { return socket(AF_INET, SOCK_STREAM, 0) >= 0; }) == -SIGSYS);
  CHECK(in_sandbox(alone, [] { return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0; }) == -SIGSYS);
}

TEST_CASE("what is left is memory, the clock and the channel") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    SandboxLimits limits;
    limits.memory = 64u << 20;
    if (!enter_sandbox(ends[1], limits)) _exit(kNotEntered);
    timespec now{};
    void* memory =
        mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char byte = 0;
    const bool good = memory != MAP_FAILED && munmap(memory, 1 << 20) == 0 &&
                      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0 &&
                      read(ends[1], &byte, 1) == 1 && write(ends[1], &byte, 1) == 1;
    _exit(good ? kDone : kRefused);
  }
  close(ends[1]);
  char byte = 'x';
  CHECK(write(ends[0], &byte, 1) == 1);
  byte = 0;
  CHECK(read(ends[0], &byte, 1) == 1);
  CHECK(byte == 'x');
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == kDone);
  close(ends[0]);
}

TEST_CASE("its memory has a limit") {
  if (!sandbox_limits_memory()) return;
  SandboxLimits limits;
  limits.memory = 32u << 20;
  const auto maps = [](std::size_t size) {
    return mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
  };
  CHECK(in_sandbox(limits, [&] { return maps(8u << 20); }) == kDone);
  CHECK(in_sandbox(limits, [&] { return maps(64u << 20); }) == kRefused);
}

TEST_CASE("its processor time has a limit") {
  SandboxLimits limits;
  limits.cpu = 1;
  CHECK(in_sandbox(limits, [] {
          volatile unsigned count = 0;
          while (true) count = count + 1;
          return true;
        }) < 0);
}
