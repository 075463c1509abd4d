// SPDX-License-Identifier: MIT
#include "loop/serial.h"

namespace ggen::loop {

void Serial::run(std::function<void()> job, std::function<void()> done) {
  waiting_.push_back({std::move(job), std::move(done)});
  if (idle()) start();
}

void Serial::start() {
  Entry entry = std::move(waiting_.front());
  waiting_.pop_front();
  work_.emplace(loop_, std::move(entry.job), [this, done = std::move(entry.done)]() mutable {
    // `done` may take its time, and bring new jobs: the queue goes on first.
    const std::function<void()> call = std::move(done);
    work_.reset();
    if (!waiting_.empty()) start();
    call();
  });
}

}  // namespace ggen::loop
