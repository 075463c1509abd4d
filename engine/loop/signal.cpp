// SPDX-License-Identifier: MIT
#include "loop/signal.h"

#include <cerrno>

namespace ggen::loop {

namespace {
// Dispositions belong to the process, so what is known about them does too.
std::bitset<kSignalLimit> caught;
}  // namespace

Result<Signal> Signal::start(Loop& loop, int number, std::function<void()> callback) {
  if (number <= 0 || number >= kSignalLimit) {
    return Error::from_errno(EINVAL, "catch signal " + std::to_string(number));
  }
  auto node =
      open_handle<SignalNode>([&](uv_signal_t* h) { return uv_signal_init(loop.get(), h); });
  node->callback.set(std::move(callback));
  const int code = uv_signal_start(
      &node->handle, [](uv_signal_t* h, int) { SignalNode::of(h).callback(); }, number);
  if (code != 0) return Error::from_errno(-code, "catch signal " + std::to_string(number));
  caught.set(static_cast<std::size_t>(number));
  return Signal(std::move(node));
}

const std::bitset<kSignalLimit>& Signal::ever_caught() { return caught; }

}  // namespace ggen::loop
