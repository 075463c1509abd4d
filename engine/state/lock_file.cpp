// SPDX-License-Identifier: MIT
#include "state/lock_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "hash/checksum.h"

namespace ggen::state {

namespace {

constexpr std::size_t kRandom = 8;            // bytes
constexpr std::size_t kDigits = 2 * kRandom;  // what the file holds
constexpr off_t kHead = 64;                   // where the bytes of names begin

struct flock range_at(off_t start, short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = start;
  range.l_len = 1;
  return range;
}

struct flock range_of(std::string_view name, short type) {
  return range_at(kHead + static_cast<off_t>(hash::checksum(name) >> 2U), type);
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == text.npos;
}

}  // namespace

Result<LockFile> LockFile::open(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (!fd) return Error::from_errno(errno, "open " + path);
  LockFile file(std::move(fd), path);
  GGEN_TRY(file.read_id());
  return file;
}

// Whoever comes first writes the digits; the others wait for that.
Result<void> LockFile::read_id() {
  struct flock head = range_at(0, F_WRLCK);
  while (::fcntl(fd_.get(), F_OFD_SETLKW, &head) != 0) {
    if (errno != EINTR) return Error::from_errno(errno, "lock " + path_);
  }
  std::array<char, kDigits> digits{};
  const bool known =
      ::pread(fd_.get(), digits.data(), kDigits, 0) == kDigits && is_hex({digits.data(), kDigits});
  if (!known) {
    std::array<unsigned char, kRandom> random{};
    if (::getrandom(random.data(), kRandom, 0) != kRandom) {
      return Error::from_errno(errno, "draw a random number");
    }
    for (std::size_t i = 0; i < kRandom; ++i) {
      constexpr const char* kHex = "0123456789abcdef";
      digits[2 * i] = kHex[random[i] >> 4U];
      digits[2 * i + 1] = kHex[random[i] & 15U];
    }
    if (::pwrite(fd_.get(), digits.data(), kDigits, 0) != kDigits) {
      return Error::from_errno(errno, "write " + path_);
    }
  }
  head.l_type = F_UNLCK;
  ::fcntl(fd_.get(), F_OFD_SETLK, &head);
  struct stat info {};
  if (::fstat(fd_.get(), &info) != 0) return Error::from_errno(errno, "look at " + path_);
  std::array<char, 32> inode{};
  std::snprintf(inode.data(), inode.size(), "%llx", static_cast<unsigned long long>(info.st_ino));
  id_.assign(digits.data(), kDigits).append(inode.data());
  return {};
}

Result<bool> LockFile::try_lock(std::string_view name) {
  struct flock range = range_of(name, F_WRLCK);
  if (::fcntl(fd_.get(), F_OFD_SETLK, &range) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  return Error::from_errno(errno, "lock " + path_);
}

void LockFile::unlock(std::string_view name) {
  struct flock range = range_of(name, F_UNLCK);
  ::fcntl(fd_.get(), F_OFD_SETLK, &range);
}

Result<bool> LockFile::taken(std::string_view name) const {
  struct flock range = range_of(name, F_WRLCK);
  if (::fcntl(fd_.get(), F_OFD_GETLK, &range) == 0) return range.l_type != F_UNLCK;
  return Error::from_errno(errno, "lock " + path_);
}

bool LockFile::in_place() const {
  struct stat opened {
  }, named{};
  return ::fstat(fd_.get(), &opened) == 0 && ::stat(path_.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

}  // namespace ggen::state
