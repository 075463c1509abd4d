// SPDX-License-Identifier: MIT
#include "loop/work.h"

#include "base/bug.h"

namespace ggen::loop {

Work::Work(Loop& loop, std::function<void()> job, std::function<void()> done)
    : request_(new Request) {
  request_->request.data = request_;
  request_->job = std::move(job);
  request_->done = std::move(done);
  const int code = uv_queue_work(
      loop.get(), &request_->request, [](uv_work_t* r) { static_cast<Request*>(r->data)->job(); },
      after);
  GGEN_BUG_IF(code != 0, uv_strerror(code));
}

Work& Work::operator=(Work&& other) noexcept {
  if (this != &other) {
    abandon();
    request_ = std::exchange(other.request_, nullptr);
  }
  return *this;
}

Work::~Work() { abandon(); }

void Work::abandon() {
  if (request_ == nullptr) return;
  Request* request = std::exchange(request_, nullptr);
  if (request->finished) {
    delete request;
    return;
  }
  request->abandoned = true;
  request->done = nullptr;
  // `after` frees it in both cases; a job that runs keeps its captures until then.
  uv_cancel(reinterpret_cast<uv_req_t*>(&request->request));
}

void Work::after(uv_work_t* r, int) {
  auto* request = static_cast<Request*>(r->data);
  if (request->abandoned) {
    delete request;
    return;
  }
  request->finished = true;
  request->job = nullptr;
  // `done` may destroy the owner, and the request with it.
  const auto done = std::move(request->done);
  done();
}

}  // namespace ggen::loop
