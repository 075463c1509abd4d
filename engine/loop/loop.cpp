// SPDX-License-Identifier: MIT
#include "loop/loop.h"

#include <csignal>

#include "base/bug.h"

namespace ggen::loop {

Loop::Loop() {
  // A reader that went away is an error of that one write, not the end of the program.
  std::signal(SIGPIPE, SIG_IGN);
  // Nor is a file that may not grow so large (ulimit -f).
  std::signal(SIGXFSZ, SIG_IGN);
  const int code = uv_loop_init(&loop_);
  GGEN_BUG_IF(code != 0, uv_strerror(code));
}

Loop::~Loop() {
  GGEN_BUG_IF(open_handles() != 0, "a handle is open at the end of its loop");
  uv_run(&loop_, UV_RUN_DEFAULT);
  const int code = uv_loop_close(&loop_);
  GGEN_BUG_IF(code != 0, "the loop could not be closed");
}

void Loop::run() {
  GGEN_BUG_IF(running_, "the loop was entered from one of its callbacks");
  running_ = true;
  uv_run(&loop_, UV_RUN_DEFAULT);
  running_ = false;
}

void Loop::run_once() {
  GGEN_BUG_IF(running_, "the loop was entered from one of its callbacks");
  running_ = true;
  uv_run(&loop_, UV_RUN_ONCE);
  running_ = false;
}

void Loop::run_ready() {
  GGEN_BUG_IF(running_, "the loop was entered from one of its callbacks");
  running_ = true;
  uv_run(&loop_, UV_RUN_NOWAIT);
  running_ = false;
}

int Loop::open_handles() {
  int count = 0;
  uv_walk(
      &loop_,
      [](uv_handle_t* handle, void* sum) {
        if (!uv_is_closing(handle) && uv_has_ref(handle)) ++*static_cast<int*>(sum);
      },
      &count);
  return count;
}

}  // namespace ggen::loop
