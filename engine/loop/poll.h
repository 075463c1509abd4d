// Owner of a uv_poll_t: calls when a descriptor is ready. The descriptor belongs to somebody else
// and must stay open for as long as this lives.
// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "loop/handle.h"
#include "loop/loop.h"

namespace ggen::loop {

class Poll {
 public:
  // Fails for descriptors that cannot be waited for (regular files).
  static Result<Poll> open(Loop& loop, int fd);

  // `events`: UV_READABLE, UV_WRITABLE, ... The callback gets a negative libuv code or 0, and the
  // events that came.
  void start(int events, std::function<void(int code, int events)> callback);
  void stop();

  // Whether waiting for this keeps Loop::run() going (it does at first).
  void keep_loop(bool yes);

 private:
  using PollNode = Node<uv_poll_t, int, int>;
  explicit Poll(Handle<PollNode> node) : node_(std::move(node)) {}
  Handle<PollNode> node_;
};

}  // namespace ggen::loop
