// SPDX-License-Identifier: MIT
#include "cache/usage.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "base/fd.h"
#include "base/pack.h"
#include "cache/layout.h"
#include "hash/checksum.h"

namespace ggen::cache {

namespace {

constexpr std::size_t kSize = 16;

Error failed() { return Error::from_errno(errno, "write down the cache's size"); }

Result<Fd> open_locked(const Directory& directory) {
  Fd file(::openat(directory.fd(), kUsage, O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!file) return failed();
  while (::flock(file.get(), LOCK_EX) != 0 && errno == EINTR) {
  }
  return file;
}

Result<void> write(int fd, std::uint64_t bytes) {
  Packer to;
  to.number(bytes);
  to.number(hash::checksum(to.bytes()));
  if (::pwrite(fd, to.bytes().data(), kSize, 0) != static_cast<ssize_t>(kSize)) return failed();
  return {};
}

}  // namespace

Result<std::optional<std::uint64_t>> add_usage(const Directory& directory, std::int64_t bytes) {
  GGEN_TRY_ASSIGN(const Fd file, open_locked(directory));
  char text[kSize];
  if (::pread(file.get(), text, kSize, 0) != static_cast<ssize_t>(kSize))
    return std::optional<std::uint64_t>();
  Unpacker from({text, kSize});
  const auto before = from.number<std::uint64_t>();
  if (from.number<std::uint64_t>() != hash::checksum({text, sizeof before}))
    return std::optional<std::uint64_t>();
  const std::uint64_t less = bytes < 0 ? static_cast<std::uint64_t>(-bytes) : 0;
  const std::uint64_t after =
      bytes < 0 ? before - std::min(before, less) : before + static_cast<std::uint64_t>(bytes);
  GGEN_TRY(write(file.get(), after));
  return std::optional<std::uint64_t>(after);
}

Result<void> set_usage(const Directory& directory, std::uint64_t bytes) {
  GGEN_TRY_ASSIGN(const Fd file, open_locked(directory));
  return write(file.get(), bytes);
}

}  // namespace ggen::cache
