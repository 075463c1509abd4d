// A timer that reaches the thread wherever it is: a signal of the monotonic clock. For what has to
// end code that does not let the loop go on.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <ctime>
#include <optional>

#include "base/result.h"

namespace ggen::lua {

class SignalTimer {
 public:
  SignalTimer() = default;
  SignalTimer(const SignalTimer&) = delete;
  SignalTimer& operator=(const SignalTimer&) = delete;
  ~SignalTimer() { stop(); }

  // From now on `handler` is called in the handler of the signal: after `first`, then again each
  // time that `between` has passed. One that runs begins anew.
  Result<void> start(int signal, void (*handler)(int), std::chrono::nanoseconds first,
                     std::chrono::nanoseconds between);
  void stop();

 private:
  std::optional<timer_t> timer_;
};

// A limit that somebody wrote down; what is longer than a life is that long.
std::chrono::nanoseconds nanoseconds_of(double seconds);

}  // namespace ggen::lua
