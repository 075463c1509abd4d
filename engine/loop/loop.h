// The event loop: one thread runs it, and everything that waits is a handle on it.
// Knows libuv; knows nothing of what the handles are for.
// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <cstdint>

namespace ggen::loop {

class Loop {
 public:
  Loop();
  // Every owner must be gone by now. Waits for work that a thread still does, then closes.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  uv_loop_t* get() { return &loop_; }

  // Runs until no handle and no request is left, or stop() was called. Not from a callback.
  void run();
  // One turn; waits for an event when nothing is ready.
  void run_once();
  // One turn that does not wait.
  void run_ready();
  void stop() { uv_stop(&loop_); }
  bool running() const { return running_; }
  // How long the callbacks of this turn have kept all others waiting, in milliseconds or so.
  std::uint64_t turn_ms() const { return uv_hrtime() / 1000000 - uv_now(&loop_); }

  // The handles that would keep run() going, open ones that wait for nothing included: zero at a
  // clean end.
  int open_handles();

 private:
  uv_loop_t loop_{};
  bool running_ = false;
};

}  // namespace ggen::loop
