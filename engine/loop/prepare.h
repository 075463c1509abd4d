// Owner of a uv_prepare_t: calls in every turn, right before the loop waits.
// SPDX-License-Identifier: MIT
#pragma once

#include "loop/handle.h"
#include "loop/loop.h"

namespace ggen::loop {

class Prepare {
 public:
  Prepare(Loop& loop, std::function<void()> callback);

  // From now on, and at least once. The loop does not end before stop(); but it waits after each
  // call, and for ever when nothing else would wake it.
  void start();
  void stop();

 private:
  using PrepareNode = Node<uv_prepare_t>;
  Handle<PrepareNode> node_;
};

}  // namespace ggen::loop
