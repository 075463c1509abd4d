// SPDX-License-Identifier: MIT
#include "state/machine_class.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__GLIBC__)
#include <sys/platform/x86.h>
#endif
#endif

#include "base/fd.h"

namespace ggen::state {

namespace {

#if defined(__x86_64__)
constexpr const char* kPlatform = "linux-x86_64";
#elif defined(__aarch64__)
constexpr const char* kPlatform = "linux-aarch64";
#else
constexpr const char* kPlatform = "linux";
#endif

constexpr std::uint64_t kGib = std::uint64_t{1} << 30;
constexpr std::uint64_t kMib = std::uint64_t{1} << 20;

unsigned cpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(CPU_COUNT(&set), 1));
}

// The number in a file of a control group; "max" and no file are no limit.
std::uint64_t limit_in(const char* path) {
  const Fd file(::open(path, O_RDONLY | O_CLOEXEC));
  if (!file) return UINT64_MAX;
  std::array<char, 32> text;
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  std::uint64_t limit = UINT64_MAX;
  if (size > 0) std::from_chars(text.data(), text.data() + size, limit);
  return limit;
}

std::uint64_t built_in_memory() {
  struct sysinfo info {};
  return ::sysinfo(&info) == 0 ? std::uint64_t{info.totalram} * info.mem_unit : 0;
}

std::uint64_t memory() {
  return std::min({built_in_memory(), limit_in("/sys/fs/cgroup/memory.max"),
                   limit_in("/sys/fs/cgroup/memory/memory.limit_in_bytes")});
}

// Kind of processor, as the C library has asked for it when the program was started.
unsigned signature() {
#if defined(__x86_64__) && defined(__GLIBC__)
  return __x86_get_cpuid_feature_leaf(CPUID_INDEX_1)->cpuid_array[0];
#else
  return 0;
#endif
}

// The name that the processor gives itself, without the blanks that fill it up.
std::string processor() {
#if defined(__x86_64__)
  // Not __get_cpuid(), which asks twice: under a hypervisor an answer takes 7 us.
  std::array<unsigned, 12> words{};
  for (unsigned i = 0; i < 3; ++i) {
    unsigned* w = words.data() + std::size_t{4} * i;
    __cpuid(0x80000002U + i, w[0], w[1], w[2], w[3]);
  }
  std::array<char, sizeof words + 1> bytes{};
  std::memcpy(bytes.data(), words.data(), sizeof words);
  std::string name;
  for (const char* at = bytes.data(); *at != '\0'; ++at) {
    if (*at < ' ' || *at > '~') return {};
    if (*at == ' ' && (name.empty() || name.back() == ' ')) continue;
    name += *at;
  }
  if (!name.empty() && name.back() == ' ') name.pop_back();
  return name;
#else
  return {};
#endif
}

}  // namespace

std::string machine_class(unsigned cpus, std::uint64_t memory, const std::string& processor) {
  std::string text = kPlatform;
  text.append("/").append(std::to_string(cpus)).append(cpus == 1 ? " cpu/" : " cpus/");
  // A kernel keeps some of what is built in to itself, and not always the same.
  const bool large = memory >= kGib;
  const std::uint64_t unit = large ? kGib : kMib;
  text.append(std::to_string((memory + unit / 2) / unit)).append(large ? " GiB" : " MiB");
  if (!processor.empty()) text.append("/").append(processor);
  return text;
}

std::string machine_key() {
  std::string key;
  for (const std::uint64_t part :
       {std::uint64_t{signature()}, std::uint64_t{cpus()}, built_in_memory()})
    key.append(std::to_string(part)).append(" ");
  return key;
}

std::string machine_class() { return machine_class(cpus(), memory(), processor()); }

}  // namespace ggen::state
