// Two runs in one checkout must not make the outputs of one task at the same time: one would store
// what the other has half written. A lock for each task, shared by all processes, in one file: a
// byte of it for each name (OFD locks, which end with the process).
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"

namespace ggen::incremental {

class TaskLocks {
 public:
  // `path` is made when it is first needed. Where there can be no locks there are none.
  explicit TaskLocks(std::string path) : path_(std::move(path)) {}

  // False: another process has it. Never waits.
  bool try_lock(std::string_view task);
  void unlock(std::string_view task);
  // Waits: for what takes milliseconds.
  void lock(std::string_view name);

 private:
  void open();

  std::string path_;
  Fd fd_;
  bool opened_ = false;
};

}  // namespace ggen::incremental
