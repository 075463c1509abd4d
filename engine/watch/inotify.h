// Owner of one inotify descriptor on the loop. Says which limit of the system was met, and how to
// raise it. Knows nothing of trees.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/inotify.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "loop/loop.h"
#include "loop/poll.h"

namespace ggen::watch {

struct FileEvent {
  int watch;           // -1: of none
  std::uint32_t mask;  // IN_...
  std::string_view name;
};

class Inotify {
 public:
  // Limit: no further instance for this user, or no descriptor for this process.
  static Result<Inotify> open(loop::Loop& loop);

  // Calls `ready` whenever there is something to read().
  void start(std::function<void()> ready);

  // Watches what the path names, or adds to what is watched of it; the same number for the same
  // file. Limit: no watches are left for this user. The message of other errors is without the
  // path.
  Result<int> add(const std::string& path, std::uint32_t mask);
  void remove(int watch);

  // What has come, but for what comes while it is read; at most so many blocks of 64 KiB. False if
  // there may be more.
  bool read(unsigned blocks, const std::function<void(const FileEvent&)>& visit);

 private:
  Inotify(Fd fd, loop::Poll poll) : fd_(std::move(fd)), poll_(std::move(poll)) {}

  Fd fd_;
  loop::Poll poll_;
};

}  // namespace ggen::watch
