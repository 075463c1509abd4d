// SPDX-License-Identifier: MIT
#include "loop/timer.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace ggen::loop {

namespace {

// Ten years: a longer wait would overflow nothing, but no user means it.
constexpr double kLongest = 10 * 365 * 86400.0;

std::uint64_t milliseconds(double seconds) {
  return static_cast<std::uint64_t>(std::ceil(std::clamp(seconds, 0.0, kLongest) * 1000));
}

}  // namespace

Timer::Timer(Loop& loop)
    : node_(open_handle<TimerNode>([&](uv_timer_t* h) { return uv_timer_init(loop.get(), h); })) {}

void Timer::start(double seconds, std::function<void()> callback, Repeat repeat) {
  node_->callback.set(std::move(callback));
  const std::uint64_t wait = milliseconds(seconds);
  // The loop's clock stands still during a turn: without what has passed since, a long callback
  // would shorten the wait.
  const std::uint64_t now = uv_hrtime() / 1'000'000;
  const std::uint64_t turn = uv_now(node_->handle.loop);
  // One more, because the clock is rounded down. Also without a wait: libuv 1.44 would call a timer
  // that a timer's callback sets to zero in the same turn, and two of them would keep the loop from
  // everything else.
  const std::uint64_t first = wait + 1 + (now > turn ? now - turn : 0);
  uv_timer_start(
      &node_->handle, [](uv_timer_t* h) { TimerNode::of(h).callback(); }, first,
      repeat == Repeat::yes ? std::max<std::uint64_t>(wait, 1) : 0);
}

void Timer::stop() {
  uv_timer_stop(&node_->handle);
  node_->callback.reset();
}

bool Timer::running() const { return uv_is_active(node_->base()) != 0; }

}  // namespace ggen::loop
