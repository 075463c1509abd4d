// SPDX-License-Identifier: MIT
#include "lua/signal_timer.h"

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace ggen::lua {

namespace {

using std::chrono::nanoseconds;

timespec timespec_of(nanoseconds time) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  timespec spec{};
  spec.tv_sec = time.count() / kSecond;
  spec.tv_nsec = time.count() % kSecond;
  return spec;
}

}  // namespace

Result<void> SignalTimer::start(int signal, void (*handler)(int), nanoseconds first,
                                nanoseconds between) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
  if (!timer_) {
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = signal;
    timer_t timer{};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) {
      return Error::from_errno(errno, "timer_create");
    }
    timer_ = timer;
  }
  itimerspec spec{};
  // A first time of zero would stop it.
  spec.it_value = timespec_of(std::max(first, nanoseconds(1)));
  spec.it_interval = timespec_of(between);
  timer_settime(*timer_, 0, &spec, nullptr);
  return {};
}

void SignalTimer::stop() {
  if (timer_) timer_delete(*timer_);
  timer_.reset();
}

nanoseconds nanoseconds_of(double seconds) {
  constexpr double kLongest = 1e9;
  return nanoseconds(static_cast<std::int64_t>(std::min(seconds, kLongest) * 1e9));
}

}  // namespace ggen::lua
