// SPDX-License-Identifier: MIT
#include "process/channel.h"

#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ggen::process {

namespace {

constexpr std::size_t kHead = sizeof(std::uint32_t);
constexpr std::size_t kPiece = 64 * 1024;
// More than two whole messages that nobody asked for are a flood.
constexpr std::size_t kMostWaiting = 2 * Channel::kMost + 2 * kPiece;

using Clock = std::chrono::steady_clock;

// An answer that takes no longer is waited for awake: to be woken on a processor that sleeps takes
// some 70 us of its own on a virtual machine.
constexpr std::chrono::microseconds kSoon{150};

int left_until(Clock::time_point end) {
  const auto left = std::chrono::ceil<Channel::Milliseconds>(end - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30));
}

Error gone() { return {ErrorKind::io, "the other side is gone"}; }
Error too_late() { return {ErrorKind::timeout, "the time is up"}; }

}  // namespace

std::string& Channel::begin() {
  out_.assign(kHead, '\0');
  return out_;
}

Result<void> Channel::send(Milliseconds limit) {
  const std::size_t size = out_.size() - kHead;
  if (size > kMost) return Error{ErrorKind::limit, "this is more than 32 MiB"};
  const auto head = static_cast<std::uint32_t>(size);
  std::memcpy(out_.data(), &head, kHead);
  const Clock::time_point end = Clock::now() + std::max(limit, Milliseconds(0));
  std::size_t sent = 0;
  while (sent < out_.size()) {
    const char* rest = out_.data() + sent;
    const std::size_t left = out_.size() - sent;
    const ssize_t done = limit < Milliseconds(0)
                             ? write(socket_.get(), rest, left)
                             : ::send(socket_.get(), rest, left, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (done >= 0) {
      sent += static_cast<std::size_t>(done);
    } else if (errno == EAGAIN) {
      GGEN_TRY(wait_until_writable(end));
    } else if (errno != EINTR) {
      return gone();
    }
  }
  if (out_.capacity() > kPiece * 16) out_.shrink_to_fit();
  return {};
}

Result<void> Channel::wait_until_writable(Clock::time_point end) {
  while (true) {
    pollfd ready{socket_.get(), POLLIN | POLLOUT, 0};
    const int count = poll(&ready, 1, left_until(end));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return too_late();
    if ((ready.revents & POLLIN) != 0) {
      GGEN_TRY(take_in(false));
      if (last_ - first_ > kMostWaiting) {
        return Error{ErrorKind::limit, "it sends without an end, and does not read"};
      }
    }
    if ((ready.revents & POLLOUT) != 0) return {};
    if ((ready.revents & (POLLHUP | POLLERR)) != 0) return gone();
  }
}

std::uint32_t Channel::announced() const {
  std::uint32_t size = 0;
  std::memcpy(&size, in_.data() + first_, kHead);
  return size;
}

bool Channel::has_message() const {
  return last_ - first_ >= kHead && last_ - first_ - kHead >= announced();
}

Result<bool> Channel::take_in(bool block) {
  if (first_ == last_) {
    first_ = last_ = 0;
    if (in_.size() > kPiece * 16) in_ = {};
  } else if (first_ > 0 && in_.size() - last_ < kPiece) {
    std::memmove(in_.data(), in_.data() + first_, last_ - first_);
    last_ -= first_;
    first_ = 0;
  }
  if (in_.size() - last_ < kPiece) in_.resize(std::max(in_.size() * 2, last_ + kPiece));
  ssize_t size = 0;
  do {
    size = block ? read(socket_.get(), in_.data() + last_, in_.size() - last_)
                 : recv(socket_.get(), in_.data() + last_, in_.size() - last_, MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno == EAGAIN) return false;
  if (size <= 0) return gone();
  last_ += static_cast<std::size_t>(size);
  return true;
}

Result<std::string_view> Channel::receive(Milliseconds limit) {
  const Clock::time_point begin = Clock::now();
  const Clock::time_point end = begin + std::max(limit, Milliseconds(0));
  const Clock::time_point soon = begin + kSoon;
  while (!has_message()) {
    if (last_ - first_ >= kHead && announced() > kMost) {
      return Error{ErrorKind::invalid, "a message of more than 32 MiB"};
    }
    GGEN_TRY_ASSIGN(const bool came, take_in(limit < Milliseconds(0)));
    if (came) continue;
    pollfd ready{socket_.get(), POLLIN, 0};
    const int left = left_until(end);
    if (left == 0) return too_late();
    if (Clock::now() < soon) {
      sched_yield();
      continue;
    }
    if (poll(&ready, 1, left) == 0) return too_late();
  }
  if (announced() > kMost) return Error{ErrorKind::invalid, "a message of more than 32 MiB"};
  const std::string_view message(in_.data() + first_ + kHead, announced());
  first_ += kHead + message.size();
  return message;
}

}  // namespace ggen::process
