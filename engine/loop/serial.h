// Jobs that share an object: they run one at a time, in the order in which they came, on a worker
// thread or, those that are quick, on the loop's.
// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "loop/work.h"

namespace ggen::loop {

class Serial {
 public:
  explicit Serial(Loop& loop) : loop_(loop) {}
  Serial(const Serial&) = delete;
  Serial& operator=(const Serial&) = delete;

  // As Work: `job` on a worker thread, then `done` on the loop. The next job does not wait for
  // `done`. A job that had to wait is asked, on the loop's thread, whether it is `quick` by then:
  // if so it runs there and then, as the way to a worker thread and back would take longer.
  void run(std::function<void()> job, std::function<void()> done,
           std::function<bool()> quick = nullptr);
  // Nothing runs and nothing waits: the shared object belongs to the loop's thread.
  bool idle() const { return !work_; }
  // Whether the loop's thread may do some more before others have their turn.
  bool may_stay() const { return loop_.turn_ms() < kLongestTurn; }

 private:
  static constexpr std::uint64_t kLongestTurn = 5;  // ms
  struct Entry {
    std::function<void()> job, done;
    std::function<bool()> quick;
  };
  void start(Entry entry);
  void go_on(std::function<void()> done);

  Loop& loop_;
  std::deque<Entry> waiting_;
  std::optional<Work> work_;
};

}  // namespace ggen::loop
