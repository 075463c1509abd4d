// SPDX-License-Identifier: MIT
#include "loop/wake.h"

namespace ggen::loop {

Wake::Wake(Loop& loop, std::function<void()> callback)
    : node_(open_handle<WakeNode>([&](uv_async_t* h) {
        return uv_async_init(loop.get(), h, [](uv_async_t* a) { WakeNode::of(a).callback(); });
      })) {
  node_->callback.set(std::move(callback));
}

void Wake::send() { uv_async_send(&node_->handle); }

}  // namespace ggen::loop
