// SPDX-License-Identifier: MIT
#include "hash/stamp.h"

#include <ctime>

namespace ggen::hash {

std::int64_t coarse_now_ns() {
  struct timespec now {};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000000000 + now.tv_nsec;
}

void wait_out_tick(std::int64_t ctime_ns) {
  constexpr std::int64_t kStep = 1000000;
  // Nothing tells of a tick of the coarse clock, so it is looked at every millisecond.
  for (int step = 0; step < 100 && is_racy(ctime_ns, coarse_now_ns()); ++step) {
    const struct timespec pause { 0, kStep };
    ::nanosleep(&pause, nullptr);
  }
}

}  // namespace ggen::hash
