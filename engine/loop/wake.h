// Owner of a uv_async_t: the one way in which another thread may reach the loop.
// SPDX-License-Identifier: MIT
#pragma once

#include "loop/handle.h"
#include "loop/loop.h"

namespace ggen::loop {

class Wake {
 public:
  // `callback` runs on the loop's thread, once for one or more calls of send().
  Wake(Loop& loop, std::function<void()> callback);

  // From any thread, as long as the object lives.
  void send();

 private:
  using WakeNode = Node<uv_async_t>;
  Handle<WakeNode> node_;
};

}  // namespace ggen::loop
