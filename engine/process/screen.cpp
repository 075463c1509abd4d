// SPDX-License-Identifier: MIT
#include "process/screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "process/columns.h"

namespace ggen::process {

namespace {

constexpr std::size_t kBufferLimit = 64 * 1024;
// A piece of this size is written as it is: a system call costs less than to copy it.
constexpr std::size_t kLargePiece = 16 * 1024;
constexpr std::string_view kClearLine = "\r\033[K";
constexpr std::string_view kNoColour = "\033[0m";

iovec piece_of(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

}  // namespace

Screen::Screen(loop::Loop& loop, int fd)
    : prepare_(loop, [this] { flush(); }), fd_(fd), tty_(isatty(fd) == 1) {}

Screen::~Screen() {
  status({});
  flush();
}

void Screen::write(std::string_view bytes, const void* who) {
  if (bytes.empty() || !broken_.empty()) return;
  if (!at_line_start_ && open_line_ != who) buffer_ += '\n';
  at_line_start_ = bytes.back() == '\n';
  open_line_ = who;
  if (bytes.size() < kLargePiece && buffer_.size() + bytes.size() <= kBufferLimit) {
    prepare_.start();
    buffer_.append(bytes);
  } else {
    emit(bytes);
  }
}

void Screen::status(std::string_view text) {
  if (text == status_) return;
  status_ = text;
  status_moved_ = true;
  prepare_.start();
}

void Screen::flush() { emit({}); }

// Writes, in this order: the end of the live line, the buffer, `direct`, the live line anew.
void Screen::emit(std::string_view direct) {
  prepare_.stop();
  if (buffer_.empty() && direct.empty() && !status_moved_) return;
  std::array<iovec, 5> pieces;
  int count = 0;
  if (status_drawn_) pieces[0] = piece_of(kClearLine), count = 1;
  pieces[static_cast<std::size_t>(count++)] = piece_of(buffer_);
  pieces[static_cast<std::size_t>(count++)] = piece_of(direct);
  status_drawn_ = !status_.empty() && at_line_start_;
  status_moved_ = false;
  if (status_drawn_) {
    // The last column stays free: some terminals wrap as soon as it is filled.
    const auto shown = fit_columns(status_, width() - 1);
    pieces[static_cast<std::size_t>(count++)] = piece_of(shown);
    if (shown.find('\033') != shown.npos && shown.size() < status_.size()) {
      pieces[static_cast<std::size_t>(count++)] = piece_of(kNoColour);
    }
  }
  write_all(pieces.data(), count);
  buffer_.clear();
}

void Screen::write_all(iovec* pieces, int count) {
  while (broken_.empty()) {
    while (count > 0 && pieces->iov_len == 0) ++pieces, --count;
    if (count == 0) return;
    const ssize_t size = writev(fd_, pieces, count);
    if (size < 0 && errno == EAGAIN) {
      pollfd wait{fd_, POLLOUT, 0};
      poll(&wait, 1, -1);
    } else if (size < 0 && errno != EINTR) {
      broken_ = std::strerror(errno);
    }
    for (auto left = static_cast<std::size_t>(std::max<ssize_t>(size, 0)); left > 0;) {
      const std::size_t part = std::min(left, pieces->iov_len);
      pieces->iov_base = static_cast<char*>(pieces->iov_base) + part;
      pieces->iov_len -= part;
      left -= part;
      if (pieces->iov_len == 0) ++pieces, --count;
    }
  }
}

int Screen::width() const {
  winsize size{};
  if (ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace ggen::process
