// SPDX-License-Identifier: MIT
#include "process/sandbox.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <vector>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GGEN_SANDBOX_SANITIZED 1
#endif

namespace ggen::process {

namespace {

// Landlock, as newer kernels have it; the headers of the build may be older.
struct LandlockRuleset {
  std::uint64_t files;
  std::uint64_t net;
  std::uint64_t scoped;
};
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif
#ifndef SYS_landlock_restrict_self
#define SYS_landlock_restrict_self 446
#endif
constexpr unsigned kLandlockVersion = 1;

// All accesses of files that a version of it knows: 13 at first, then moving files elsewhere,
// truncating, and ioctl of devices.
std::uint64_t landlock_files(int abi) {
  const int known = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;
  return (std::uint64_t{1} << known) - 1;
}

Result<void> enter_landlock(int abi) {
  LandlockRuleset rules{landlock_files(abi), 0, 0};
  std::size_t size = sizeof rules.files;
  if (abi >= 4) {  // binding and connecting of TCP sockets
    rules.net = 3;
    size += sizeof rules.net;
  }
  if (abi >= 6) {  // abstract unix sockets of others, signals to others
    rules.scoped = 3;
    size += sizeof rules.scoped;
  }
  const long ruleset = syscall(SYS_landlock_create_ruleset, &rules, size, 0);
  if (ruleset < 0) return Error::from_errno(errno, "make a Landlock ruleset");
  const long done = syscall(SYS_landlock_restrict_self, static_cast<int>(ruleset), 0);
  const int code = errno;
  close(static_cast<int>(ruleset));
  if (done != 0) return Error::from_errno(code, "enter Landlock");
  return {};
}

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;  // no list of calls for it
#endif

// What memory, locks and the end of the process need.
constexpr std::uint32_t kAllowed[] = {
    SYS_exit,
    SYS_exit_group,
    SYS_rt_sigreturn,
    SYS_restart_syscall,
    SYS_rt_sigprocmask,
    SYS_futex,
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_clock_gettime,
    SYS_gettimeofday,
#ifdef SYS_time
    SYS_time,
#endif
#ifdef GGEN_SANDBOX_SANITIZED
    // The sanitizers keep track of the stack and of threads.
    SYS_sigaltstack,
    SYS_rt_sigaction,
    SYS_getpid,
    SYS_gettid,
    SYS_sched_yield,
#endif
};

// What the C library may ask for on its own account: it is told no, and goes on. Any other call is
// one that nothing in this process makes, and ends it.
constexpr std::uint32_t kRefused[] = {
    SYS_openat,    SYS_newfstatat, SYS_fstat,           SYS_statx,    SYS_readlinkat,
    SYS_faccessat, SYS_ioctl,      SYS_fcntl,           SYS_lseek,    SYS_close,
    SYS_getcwd,    SYS_getrandom,  SYS_prlimit64,       SYS_uname,    SYS_sysinfo,
    SYS_getuid,    SYS_getrusage,  SYS_clock_nanosleep, SYS_writev,
#ifdef GGEN_SANDBOX_SANITIZED
    SYS_prctl,
#else
    SYS_getpid,    SYS_gettid,     SYS_sched_yield,
#endif
#ifdef SYS_open
    SYS_open,      SYS_stat,       SYS_lstat,           SYS_readlink, SYS_access,
#endif
};

// The program of the filter, written forwards: each jump skips what is still to be written of a
// rule, whose length is known.
class Filter {
 public:
  Filter() {
    load(offsetof(seccomp_data, arch));
    unless_equal(kArchitecture, 1);
    give(SECCOMP_RET_KILL_PROCESS);
    load(offsetof(seccomp_data, nr));
    // The calls of x32 have numbers of their own.
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));
    give(SECCOMP_RET_KILL_PROCESS);
  }

  void answer(std::uint32_t call, std::uint32_t verdict) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    give(verdict);
  }
  // Allowed when an argument has this value.
  void allow_argument(std::uint32_t call, unsigned argument, std::uint32_t value) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4));
    load_argument(argument);
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    give(SECCOMP_RET_ALLOW);
    give(SECCOMP_RET_KILL_PROCESS);
  }
  // Refused when one of the bits is set in an argument, else allowed.
  void refuse_bits(std::uint32_t call, unsigned argument, std::uint32_t bits) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4));
    load_argument(argument);
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
    give(SECCOMP_RET_ERRNO | EPERM);
    give(SECCOMP_RET_ALLOW);
  }

  Result<void> install() {
    give(SECCOMP_RET_KILL_PROCESS);
    sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
      return Error::from_errno(errno, "enter seccomp");
    }
    return {};
  }

 private:
  void load(std::size_t offset) {
    code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  }
  // The lower half: descriptors and flags have no other (both machines are little-endian).
  void load_argument(unsigned argument) {
    load(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));
  }
  void unless_equal(std::uint32_t value, std::uint8_t skip) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, skip, 0));
  }
  void give(std::uint32_t verdict) { code_.push_back(BPF_STMT(BPF_RET | BPF_K, verdict)); }

  std::vector<sock_filter> code_;
};

Result<void> enter_seccomp(int channel) {
  Filter filter;
  const auto fd = static_cast<std::uint32_t>(channel);
  filter.allow_argument(SYS_read, 0, fd);
#ifdef GGEN_SANDBOX_SANITIZED
  filter.answer(SYS_write, SECCOMP_RET_ALLOW);  // reports
#else
  filter.allow_argument(SYS_write, 0, fd);
#endif
  for (const std::uint32_t call : kAllowed) filter.answer(call, SECCOMP_RET_ALLOW);
  filter.refuse_bits(SYS_mmap, 2, PROT_EXEC);
  filter.refuse_bits(SYS_mprotect, 2, PROT_EXEC);
  for (const std::uint32_t call : kRefused) filter.answer(call, SECCOMP_RET_ERRNO | EACCES);
  return filter.install();
}

bool has_seccomp() {
  std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
  return kArchitecture != 0 && syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

Result<void> set_limit(int resource, std::uint64_t value) {
  rlimit now{};
  getrlimit(static_cast<__rlimit_resource_t>(resource), &now);
  const rlim_t most = value < now.rlim_max ? value : now.rlim_max;
  const rlimit limit{most, most};
  if (setrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) {
    return Error::from_errno(errno, "set a limit");
  }
  return {};
}

std::uint64_t address_space() {
  std::uint64_t pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long value = 0;
  if (std::fscanf(file, "%lu", &value) == 1) pages = value;
  std::fclose(file);
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

Result<void> set_limits(const SandboxLimits& limits) {
  if (limits.memory != 0 && sandbox_limits_memory()) {
    GGEN_TRY(set_limit(RLIMIT_AS, address_space() + limits.memory));
  }
  if (limits.cpu != 0) GGEN_TRY(set_limit(RLIMIT_CPU, limits.cpu));
  for (const int none :
       {RLIMIT_CORE, RLIMIT_FSIZE, RLIMIT_NPROC, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE}) {
    GGEN_TRY(set_limit(none, 0));
  }
  return {};
}

}  // namespace

bool sandbox_limits_memory() {
#ifdef GGEN_SANDBOX_SANITIZED
  return false;
#else
  return true;
#endif
}

SandboxParts sandbox_parts() {
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, kLandlockVersion);
  return {abi > 0 ? static_cast<int>(abi) : 0, has_seccomp()};
}

Result<SandboxParts> enter_sandbox(int channel, const SandboxLimits& limits) {
  SandboxParts parts = sandbox_parts();
  if (!limits.landlock) parts.landlock = 0;
  if (!limits.seccomp) parts.seccomp = false;

  const auto first = static_cast<unsigned>(STDERR_FILENO + 1);
  const auto kept = static_cast<unsigned>(channel);
  if (kept >= first) {
    if (kept > first) syscall(SYS_close_range, first, kept - 1, 0u);
    syscall(SYS_close_range, kept + 1, ~0u, 0u);
  } else {
    syscall(SYS_close_range, first, ~0u, 0u);
  }
  // Nobody of the same user may look into it, and it cannot be stopped by a debugger.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Error::from_errno(errno, "give up rights");
  }
  GGEN_TRY(set_limits(limits));
  if (parts.landlock > 0) GGEN_TRY(enter_landlock(parts.landlock));
  GGEN_TRY(set_limit(RLIMIT_NOFILE, 0));
  if (parts.seccomp) GGEN_TRY(enter_seccomp(channel));
  return parts;
}

}  // namespace ggen::process
