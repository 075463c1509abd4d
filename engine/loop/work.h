// Owner of a uv_queue_work request: a job for the worker threads and what to do with its value
// afterwards on the loop. Values in, values out: a job shares nothing with the loop's thread.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "loop/loop.h"

namespace ggen::loop {

class Work {
 public:
  // `job` runs on a worker thread, then `done` on the loop. Neither may throw.
  Work(Loop& loop, std::function<void()> job, std::function<void()> done);
  Work(Work&& other) noexcept : request_(std::exchange(other.request_, nullptr)) {}
  Work& operator=(Work&& other) noexcept;
  // Drops `done`. A job that has not begun is taken back, one that runs goes on to its end.
  ~Work();

  bool finished() const { return request_ == nullptr || request_->finished; }

 private:
  struct Request {
    uv_work_t request{};
    std::function<void()> job;
    std::function<void()> done;
    bool finished = false;
    bool abandoned = false;
  };
  static void after(uv_work_t* request, int code);
  void abandon();
  Request* request_;
};

// work(loop, job, done): `done` gets what `job` returned.
template <class Job, class Done>
Work work(Loop& loop, Job job, Done done) {
  using Value = std::invoke_result_t<Job>;
  auto value = std::make_shared<std::optional<Value>>();
  return Work(
      loop, [value, job = std::move(job)]() mutable { value->emplace(job()); },
      [value, done = std::move(done)]() mutable { done(std::move(**value)); });
}

}  // namespace ggen::loop
