// Owner of a uv_signal_t: calls on the loop when this process gets a signal.
// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>

#include "base/result.h"
#include "loop/handle.h"
#include "loop/loop.h"

namespace ggen::loop {

constexpr int kSignalLimit = 64;  // signals are 1 ... 63 here, so that a set fits a word

class Signal {
 public:
  // From now on the signal no longer does what it did by default.
  static Result<Signal> start(Loop& loop, int number, std::function<void()> callback);

  // Every signal that an owner caught since the program started. A child must set these back
  // before it may receive any: until its exec it would run our handler in our memory.
  static const std::bitset<kSignalLimit>& ever_caught();

 private:
  using SignalNode = Node<uv_signal_t>;
  explicit Signal(Handle<SignalNode> node) : node_(std::move(node)) {}
  Handle<SignalNode> node_;
};

}  // namespace ggen::loop
