// SPDX-License-Identifier: MIT
#include "loop/watch_set.h"

#include <array>
#include <cerrno>

namespace ggen::loop {

namespace {
// Events fetched at a time; what is left comes in the next turn.
constexpr int kBatch = 64;
}  // namespace

Result<void> WatchSet::open() {
  epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return Error::from_errno(errno, "watch descriptors");
  auto poll = Poll::open(loop_, epoll_.get());
  if (!poll) {
    epoll_.reset();
    return std::move(poll).error();
  }
  poll_.emplace(std::move(*poll));
  poll_->keep_loop(false);
  poll_->start(UV_READABLE, [this](int, int) { dispatch(); });
  return {};
}

Result<WatchSet::Id> WatchSet::add(int fd, std::uint32_t events, Watcher& watcher, int tag) {
  if (!poll_) GGEN_TRY(open());
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  Slot& slot = slots_[index];
  epoll_event event{};
  event.events = events;
  event.data.u64 = (Id{slot.generation} << 32) | index;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return Error::from_errno(errno, "watch a descriptor");
  }
  free_.pop_back();
  slot.watcher = &watcher;
  slot.fd = fd;
  slot.tag = tag;
  if (watched_++ == 0) poll_->keep_loop(true);
  return event.data.u64;
}

void WatchSet::forget(Id& id) {
  if (id == 0) return;
  const auto index = static_cast<std::uint32_t>(id);
  Slot& slot = slots_[index];
  GGEN_BUG_IF(slot.generation != id >> 32, "a watched descriptor was forgotten twice");
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, slot.fd, nullptr);
  slot.watcher = nullptr;
  if (++slot.generation == 0) slot.generation = 1;
  free_.push_back(index);
  if (--watched_ == 0) poll_->keep_loop(false);
  id = 0;
}

void WatchSet::dispatch() {
  std::array<epoll_event, kBatch> events;
  const int count = epoll_wait(epoll_.get(), events.data(), kBatch, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    // By value: the call may add slots.
    const Slot slot = slots_[static_cast<std::uint32_t>(event.data.u64)];
    if (slot.watcher == nullptr || slot.generation != event.data.u64 >> 32) continue;
    slot.watcher->on_ready(slot.tag, event.events);
  }
}

}  // namespace ggen::loop
