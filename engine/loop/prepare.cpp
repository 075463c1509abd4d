// SPDX-License-Identifier: MIT
#include "loop/prepare.h"

namespace ggen::loop {

Prepare::Prepare(Loop& loop, std::function<void()> callback)
    : node_(open_handle<PrepareNode>(
          [&](uv_prepare_t* h) { return uv_prepare_init(loop.get(), h); })) {
  node_->callback.set(std::move(callback));
  uv_unref(node_->base());
}

void Prepare::start() {
  uv_prepare_start(&node_->handle, [](uv_prepare_t* h) { PrepareNode::of(h).callback(); });
  uv_ref(node_->base());
}

void Prepare::stop() {
  uv_prepare_stop(&node_->handle);
  uv_unref(node_->base());
}

}  // namespace ggen::loop
