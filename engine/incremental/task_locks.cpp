// SPDX-License-Identifier: MIT
#include "incremental/task_locks.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "hash/checksum.h"

namespace ggen::incremental {

namespace {

struct flock range_of(std::string_view task, short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(hash::checksum(task) >> 2U);  // a positive number
  range.l_len = 1;
  return range;
}

}  // namespace

void TaskLocks::open() {
  if (opened_) return;
  opened_ = true;
  const std::string dir = path_.substr(0, path_.rfind('/'));
  ::mkdir(dir.c_str(), 0777);
  fd_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
}

void TaskLocks::lock(std::string_view name) {
  open();
  if (!fd_) return;
  struct flock range = range_of(name, F_WRLCK);
  while (::fcntl(fd_.get(), F_OFD_SETLKW, &range) != 0 && errno == EINTR) {
  }
}

bool TaskLocks::try_lock(std::string_view task) {
  open();
  if (!fd_) return true;
  struct flock range = range_of(task, F_WRLCK);
  if (::fcntl(fd_.get(), F_OFD_SETLK, &range) == 0) return true;
  return errno != EAGAIN && errno != EACCES;
}

void TaskLocks::unlock(std::string_view task) {
  if (!fd_) return;
  struct flock range = range_of(task, F_UNLCK);
  ::fcntl(fd_.get(), F_OFD_SETLK, &range);
}

}  // namespace ggen::incremental
