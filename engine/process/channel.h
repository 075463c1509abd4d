// Messages over a stream socket: four bytes of length, then so many bytes. The other side may be
// hostile: it may send anything, as much as it likes, or nothing at all. Knows not what is in them.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ggen::process {

class Channel {
 public:
  static constexpr std::size_t kMost = 32u << 20;  // bytes of a message

  // A negative time waits for ever, by the plain calls read() and write() alone, which is all that
  // a process in a sandbox has.
  using Milliseconds = std::chrono::milliseconds;
  static constexpr Milliseconds kForEver{-1};

  explicit Channel(Fd socket) : socket_(std::move(socket)) {}

  // Where the next message is written: begin() empties it.
  std::string& begin();
  // Sends what was written since begin(). limit: it is too long; timeout; io: the other side is
  // gone. Meanwhile what comes is taken in, so that two who send do not wait for each other.
  Result<void> send(Milliseconds limit);

  // The next message; it stays until the next call. timeout: there is none yet; io: the other side
  // is gone; invalid: it announces more than kMost.
  Result<std::string_view> receive(Milliseconds limit);

  // Whether receive(0) has one without asking the system.
  bool has_message() const;

  int fd() const { return socket_.get(); }

 private:
  Result<void> wait_until_writable(std::chrono::steady_clock::time_point end);
  // Takes in what is there; blocks when nothing is and `block` is set. False: would have blocked.
  Result<bool> take_in(bool block);
  std::uint32_t announced() const;

  Fd socket_;
  std::string out_;
  std::vector<char> in_;
  std::size_t first_ = 0, last_ = 0;  // of in_: what has come and was not handed over
};

}  // namespace ggen::process
