// Jobs for the worker threads that share an object: they run one at a time, in the order in which
// they came.
// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>
#include <optional>

#include "loop/work.h"

namespace ggen::loop {

class Serial {
 public:
  explicit Serial(Loop& loop) : loop_(loop) {}
  Serial(const Serial&) = delete;
  Serial& operator=(const Serial&) = delete;

  // As Work: `job` on a worker thread, then `done` on the loop. The next job does not wait for
  // `done`.
  void run(std::function<void()> job, std::function<void()> done);
  // Nothing runs and nothing waits: the shared object belongs to the loop's thread.
  bool idle() const { return !work_; }

 private:
  struct Entry {
    std::function<void()> job, done;
  };
  void start();

  Loop& loop_;
  std::deque<Entry> waiting_;
  std::optional<Work> work_;
};

}  // namespace ggen::loop
