// SPDX-License-Identifier: MIT
#include "hash/pool.h"

#include <csignal>

namespace ggen::hash {

Pool::~Pool() {
  for (auto& worker : workers_) worker.request_stop();
  workers_.clear();  // joins
}

void Pool::run(const std::function<void()>& job) {
  if (threads_ > 1) {
    {
      const std::lock_guard lock(mutex_);
      job_ = &job;
      ++round_;
      running_ = threads_ - 1;
    }
    if (workers_.empty()) {
      // Signals belong to the loop's thread.
      sigset_t all, old;
      sigfillset(&all);
      ::pthread_sigmask(SIG_SETMASK, &all, &old);
      for (unsigned i = 1; i < threads_; ++i) {
        workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
      }
      ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
    }
    wake_.notify_all();
  }
  job();
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return running_ == 0; });
  job_ = nullptr;
}

void Pool::work(const std::stop_token& stop) {
  std::uint64_t seen = 0;
  for (;;) {
    const std::function<void()>* job = nullptr;
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [&] { return round_ != seen; })) return;
      seen = round_;
      job = job_;
    }
    (*job)();
    const std::lock_guard lock(mutex_);
    if (--running_ == 0) done_.notify_one();
  }
}

}  // namespace ggen::hash
