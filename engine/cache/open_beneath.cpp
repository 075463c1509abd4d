// SPDX-License-Identifier: MIT
#include "cache/open_beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>

namespace ggen::cache {

namespace {

constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Error failed(int code, const std::string& path) {
  // ELOOP: a link; ENOTDIR: a file, or a link that O_DIRECTORY did not want.
  if (code == ELOOP || code == ENOTDIR || code == EXDEV) {
    return {ErrorKind::invalid, "a link or a file is in the way of the directory " + path +
                                    " (outputs are neither read nor written through links)"};
  }
  return Error::from_errno(code, "open the directory " + path);
}

// All of the path in one call, where the kernel has it (Linux 5.6).
Fd open_at_once(int root_fd, const std::string& path) {
  struct open_how how {};
  how.flags = kFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return Fd(static_cast<int>(::syscall(SYS_openat2, root_fd, path.c_str(), &how, sizeof how)));
}

Result<Fd> open_step_by_step(int root_fd, const std::string& path, MakeDirs make) {
  Fd dir;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    begin = end + 1;
    const int parent = dir ? dir.get() : root_fd;
    Fd next(::openat(parent, name.c_str(), kFlags));
    if (!next && errno == ENOENT && make == MakeDirs::yes) {
      // Another thread may make it at the same time.
      if (::mkdirat(parent, name.c_str(), 0777) != 0 && errno != EEXIST)
        return Error::from_errno(errno, "mkdir " + path);
      next.reset(::openat(parent, name.c_str(), kFlags));
    }
    if (!next) return failed(errno, path);
    dir = std::move(next);
  }
  return dir;
}

}  // namespace

Result<Fd> open_beneath(int root_fd, const std::string& path, MakeDirs make) {
  if (path.empty()) {
    Fd root(::openat(root_fd, ".", kFlags));
    if (!root) return Error::from_errno(errno, "open the project's directory");
    return root;
  }
  if (Fd dir = open_at_once(root_fd, path)) return dir;
  const int code = errno;
  // EPERM, EAGAIN: a filter on system calls, and a race of renames.
  const bool retry = code == ENOSYS || code == EPERM || code == EAGAIN || code == EINVAL;
  if (!retry && !(code == ENOENT && make == MakeDirs::yes)) return failed(code, path);
  return open_step_by_step(root_fd, path, make);
}

}  // namespace ggen::cache
