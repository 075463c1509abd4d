// SPDX-License-Identifier: MIT
#include "cache/new_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <random>

namespace ggen::cache {

namespace {

std::string random_name() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::random_device source;
  std::string name = ".ggen-tmp-";
  for (int i = 0; i < 16; ++i) name.push_back(kDigits[source() % 16]);
  return name;
}

// Names an O_TMPFILE. 0, or errno.
int link_open_file(int fd, int dir_fd, const char* name) {
  // The short form is for whom the kernel lets: Linux 6.10, or CAP_DAC_READ_SEARCH. The long one
  // needs /proc. Whoever may not gets ENOENT, as for a missing directory.
  static std::atomic<bool> short_form{true};
  if (short_form.load(std::memory_order_relaxed)) {
    if (::linkat(fd, "", dir_fd, name, AT_EMPTY_PATH) == 0) return 0;
    if (errno != ENOENT) return errno;
  }
  std::array<char, 32> path;
  std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", fd);
  if (::linkat(AT_FDCWD, path.data(), dir_fd, name, AT_SYMLINK_FOLLOW) != 0) return errno;
  short_form.store(false, std::memory_order_relaxed);
  return 0;
}

int rename_file(int from_fd, const char* from, int dir_fd, const char* name, Replace replace) {
  if (replace == Replace::no) {
    if (::renameat2(from_fd, from, dir_fd, name, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return errno;
    if (::faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
  }
  return ::renameat(from_fd, from, dir_fd, name) == 0 ? 0 : errno;
}

}  // namespace

Result<NewFile> NewFile::create(int dir_fd, unsigned mode) {
  if (dir_fd < 0)
    return Error{ErrorKind::permission, "make a file: its directory cannot be made or opened"};
  Fd file(::openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode));
  if (file) return NewFile(std::move(file), dir_fd, {});
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT) {
    return Error::from_errno(errno, "make a file");
  }
  std::string name;
  do {
    name = random_name();
    file.reset(::openat(dir_fd, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  } while (!file && errno == EEXIST);
  if (!file) return Error::from_errno(errno, "make a file");
  return NewFile(std::move(file), dir_fd, std::move(name));
}

NewFile::~NewFile() {
  if (file_ && !temporary_.empty()) ::unlinkat(dir_fd_, temporary_.c_str(), 0);
}

Result<void> NewFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd(), bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return Error::from_errno(errno, "write a file");
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<bool> NewFile::publish(int dir_fd, const char* name, Replace replace) {
  // Somebody else may put a file there between our unlink and our link, but not forever.
  for (int attempt = 0;; ++attempt) {
    const int code = temporary_.empty()
                         ? link_open_file(fd(), dir_fd, name)
                         : rename_file(dir_fd_, temporary_.c_str(), dir_fd, name, replace);
    if (code == 0) {
      temporary_.clear();
      return true;
    }
    if (code != EEXIST || (replace == Replace::yes && attempt == 100))
      return Error::from_errno(code, std::string("write ") + name);
    if (replace == Replace::no) return false;
    if (::unlinkat(dir_fd, name, 0) != 0 && errno != ENOENT)
      return Error::from_errno(errno, std::string("replace ") + name);
  }
}

long read_full(int fd, char* to, std::size_t size) {
  std::size_t used = 0;
  while (used < size) {
    const ssize_t count = ::read(fd, to + used, size - used);
    if (count < 0) {
      if (errno == EINTR) continue;
      return -1;
    }
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
  }
  return static_cast<long>(used);
}

}  // namespace ggen::cache
