// Who uses what, known to all processes that share a directory: a lock for each name, in one file,
// a byte of it for each (OFD locks, which end with their process, however it ends). The file knows
// itself: what was locked in one that is gone, or in one that this is a copy of, is not known here,
// and id() says so.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace ggen::state {

class LockFile {
 public:
  // The file is made when it is not there; its directory is there. Fails where there are no locks.
  static Result<LockFile> open(const std::string& path);

  // Hexadecimal digits, the same as long as the file lives. A copy has another id.
  const std::string& id() const { return id_; }

  // True when it is ours now, or was already; false when another LockFile has it, here or in
  // another process. Never waits.
  Result<bool> try_lock(std::string_view name);
  void unlock(std::string_view name);
  // Whether another LockFile has it. Locks nothing, so it is in nobody's way.
  Result<bool> taken(std::string_view name) const;
  // Whether there is still such a file where it was opened.
  bool in_place() const;

 private:
  LockFile(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Result<void> read_id();

  Fd fd_;
  std::string path_;
  std::string id_;
};

}  // namespace ggen::state
