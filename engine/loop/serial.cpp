// SPDX-License-Identifier: MIT
#include "loop/serial.h"

namespace ggen::loop {

void Serial::run(std::function<void()> job, std::function<void()> done,
                 std::function<bool()> quick) {
  Entry entry{std::move(job), std::move(done), std::move(quick)};
  if (idle())
    start(std::move(entry));
  else
    waiting_.push_back(std::move(entry));
}

void Serial::start(Entry entry) {
  work_.emplace(loop_, std::move(entry.job), [this, done = std::move(entry.done)]() mutable {
    std::function<void()> last = std::move(done);
    work_.reset();
    go_on(std::move(last));
  });
}

// What is done may take its time, bring new jobs and even end this object: the queue goes on first.
void Serial::go_on(std::function<void()> done) {
  std::vector<std::function<void()>> ended;
  ended.push_back(std::move(done));
  while (idle() && !waiting_.empty()) {
    Entry entry = std::move(waiting_.front());
    waiting_.pop_front();
    if (may_stay() && entry.quick && entry.quick()) {
      entry.job();
      ended.push_back(std::move(entry.done));
    } else {
      start(std::move(entry));
    }
  }
  for (const auto& call : ended) call();
}

}  // namespace ggen::loop
