// A few threads that do one thing together and then wait for the next. Started at first use, so
// that a run which needs none has none. Knows nothing of files.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

namespace ggen::hash {

class Pool {
 public:
  // `threads` counts the one that calls run().
  explicit Pool(unsigned threads) : threads_(std::max(1U, threads)) {}
  ~Pool();

  // Runs `job` on every thread, the caller's included, and returns when all of them are through.
  // It may not throw.
  void run(const std::function<void()>& job);

  // Calls each(first, last) for the parts of [0, count), `chunk` long, on every thread. What fits
  // into one chunk does not leave the caller's thread.
  template <class Each>
  void split(std::size_t count, std::size_t chunk, const Each& each) {
    if (count <= chunk || threads_ == 1) {
      if (count > 0) each(std::size_t{0}, count);
      return;
    }
    std::atomic<std::size_t> next{0};
    run([&] {
      for (;;) {
        const std::size_t first = next.fetch_add(chunk, std::memory_order_relaxed);
        if (first >= count) return;
        each(first, std::min(first + chunk, count));
      }
    });
  }

  unsigned threads() const { return threads_; }

 private:
  void work(const std::stop_token& stop);

  const unsigned threads_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::condition_variable done_;
  const std::function<void()>* job_ = nullptr;
  std::uint64_t round_ = 0;
  unsigned running_ = 0;
  std::vector<std::jthread> workers_;
};

// Jobs that make more jobs: a walk. Last in, first out, so that the queue stays short.
template <class Job>
class JobQueue {
 public:
  void push(std::vector<Job>&& jobs) {
    if (jobs.empty()) return;
    {
      const std::lock_guard lock(mutex_);
      std::move(jobs.begin(), jobs.end(), std::back_inserter(jobs_));
    }
    wake_.notify_all();
    jobs.clear();
  }

  // Waits for a job; false when there is none and nobody is at work who could make one. done()
  // follows when the job and the push() of its jobs are through.
  bool pop(Job& job) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return !jobs_.empty() || busy_ == 0; });
    if (jobs_.empty()) return false;
    job = std::move(jobs_.back());
    jobs_.pop_back();
    ++busy_;
    return true;
  }

  void done() {
    const std::lock_guard lock(mutex_);
    if (--busy_ == 0 && jobs_.empty()) wake_.notify_all();
  }

  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return jobs_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Job> jobs_;
  unsigned busy_ = 0;
};

}  // namespace ggen::hash
