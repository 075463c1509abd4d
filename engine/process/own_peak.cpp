// SPDX-License-Identifier: MIT
#include "process/own_peak.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "base/fd.h"

namespace ggen::process {

namespace {

constexpr std::uint64_t kSlack = 512 * 1024;

std::uint64_t peak_of_usage() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

// Costs several times as much, so it is asked only where the other one is wrong. 0: unknown.
std::uint64_t peak_of_status() {
  const Fd file(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  char bytes[4096];
  const ssize_t size = file ? read(file.get(), bytes, sizeof bytes - 1) : 0;
  if (size <= 0) return 0;
  bytes[size] = '\0';
  constexpr std::string_view kName = "VmHWM:";
  const std::size_t at = std::string_view(bytes, static_cast<std::size_t>(size)).find(kName);
  return at == std::string_view::npos
             ? 0
             : std::strtoull(bytes + at + kName.size(), nullptr, 10) * 1024;
}

}  // namespace

std::uint64_t own_peak_memory() {
  // Whoever started us by vfork and exec has left its own peak in our usage; our children do not
  // get that one.
  static const bool inherited = peak_of_usage() > peak_of_status() + kSlack;
  const std::uint64_t status = inherited ? peak_of_status() : 0;
  return status > 0 ? status : peak_of_usage();
}

std::uint64_t known_peak_memory(std::uint64_t peak, std::uint64_t own) {
  return peak > own + kSlack ? peak : 0;
}

}  // namespace ggen::process
