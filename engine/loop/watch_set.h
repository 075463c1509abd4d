// Many descriptors behind one handle of the loop: an epoll of its own, for owners that come and go
// by the thousand. One uv_poll_t costs five system calls from init to close; a descriptor in here
// costs two.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "loop/loop.h"
#include "loop/poll.h"

namespace ggen::loop {

// Whoever waits for descriptors. `tag` tells those of one object apart.
class Watcher {
 public:
  virtual void on_ready(int tag, std::uint32_t events) = 0;

 protected:
  ~Watcher() = default;
};

class WatchSet {
 public:
  // Names one watched descriptor; 0 names none.
  using Id = std::uint64_t;

  explicit WatchSet(Loop& loop) : loop_(loop) {}
  WatchSet(const WatchSet&) = delete;
  WatchSet& operator=(const WatchSet&) = delete;

  // Calls watcher.on_ready(tag, events) for as long as one of `events` (EPOLLIN, EPOLLOUT) holds.
  Result<Id> add(int fd, std::uint32_t events, Watcher& watcher, int tag);
  // No call comes after this, not even for an event that was fetched already. Before the descriptor
  // is closed: a child between its start and its exec shares it, and would keep it in the set. On a
  // loaded machine that lasts milliseconds, in which the loop would spin (measured: 0.79 s of CPU
  // for 2,000 children instead of 0.27 s).
  void forget(Id& id);

  std::size_t size() const { return watched_; }

 private:
  struct Slot {
    Watcher* watcher = nullptr;
    int fd = -1;
    int tag = 0;
    std::uint32_t generation = 1;  // makes the Id of a slot that is used again another one
  };

  Result<void> open();
  void dispatch();

  Loop& loop_;
  Fd epoll_;
  std::optional<Poll> poll_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t watched_ = 0;
};

}  // namespace ggen::loop
