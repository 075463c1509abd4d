// SPDX-License-Identifier: MIT
#include "loop/poll.h"

namespace ggen::loop {

Result<Poll> Poll::open(Loop& loop, int fd) {
  int code = 0;
  auto node =
      open_handle<PollNode>([&](uv_poll_t* h) { return uv_poll_init(loop.get(), h, fd); }, code);
  if (code != 0) return Error::from_errno(-code, "watch a descriptor");
  return Poll(std::move(node));
}

void Poll::start(int events, std::function<void(int, int)> callback) {
  node_->callback.set(std::move(callback));
  uv_poll_start(&node_->handle, events,
                [](uv_poll_t* h, int code, int ready) { PollNode::of(h).callback(code, ready); });
}

void Poll::stop() {
  uv_poll_stop(&node_->handle);
  node_->callback.reset();
}

void Poll::keep_loop(bool yes) {
  if (yes) {
    uv_ref(node_->base());
  } else {
    uv_unref(node_->base());
  }
}

}  // namespace ggen::loop
