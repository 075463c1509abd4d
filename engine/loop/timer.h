// Owner of a uv_timer_t.
// SPDX-License-Identifier: MIT
#pragma once

#include "loop/handle.h"
#include "loop/loop.h"

namespace ggen::loop {

enum class Repeat { no, yes };

class Timer {
 public:
  explicit Timer(Loop& loop);

  // Calls `callback` once `seconds` have passed, never earlier; again and again with Repeat::yes.
  // A timer that runs already is set anew.
  void start(double seconds, std::function<void()> callback, Repeat repeat = Repeat::no);
  void stop();
  bool running() const;

 private:
  using TimerNode = Node<uv_timer_t>;
  Handle<TimerNode> node_;
};

}  // namespace ggen::loop
