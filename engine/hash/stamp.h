// What a file looked like, short of reading it: the numbers of stat that move when it is written,
// replaced or given another mode. Two equal stamps mean equal content unless one of them is racy.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>

#include <cstdint>

namespace ggen::hash {

struct Stamp {
  std::uint64_t dev = 0;
  std::uint64_t ino = 0;
  std::uint64_t size = 0;      // bytes
  std::int64_t mtime_ns = 0;   // since 1970-01-01 UTC
  std::int64_t ctime_ns = 0;   // the same; the one that no program can set
  std::uint32_t mode = 0;      // st_mode: type and permissions
  std::uint32_t reserved = 0;  // zero, so that the bytes can be compared and digested

  bool operator==(const Stamp&) const = default;

  // As git counts it: the owner's bit alone.
  bool executable() const { return S_ISREG(mode) && (mode & S_IXUSR) != 0; }

  static Stamp of(const struct stat& info) {
    return {static_cast<std::uint64_t>(info.st_dev),
            static_cast<std::uint64_t>(info.st_ino),
            static_cast<std::uint64_t>(info.st_size),
            static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1000000000 + info.st_mtim.tv_nsec,
            static_cast<std::int64_t>(info.st_ctim.tv_sec) * 1000000000 + info.st_ctim.tv_nsec,
            static_cast<std::uint32_t>(info.st_mode),
            0};
  }
};
static_assert(sizeof(Stamp) == 48);

// CLOCK_REALTIME_COARSE: what the kernel writes into the stamps of local file systems. It stands
// still for a tick (1 to 10 ms).
std::int64_t coarse_now_ns();

// Whether a file could change again and keep its stamp, given the coarse clock read just *before*
// the stat: every change after that moment is stamped with that time or a later one.
inline bool is_racy(std::int64_t ctime_ns, std::int64_t before_ns) { return ctime_ns >= before_ns; }

// Sleeps until the coarse clock has gone past the time, for a tenth of a second at most: a stamp
// out of the future (a clock was set back, a server's clock is ahead) is not waited for.
void wait_out_tick(std::int64_t ctime_ns);

}  // namespace ggen::hash
