// One descriptor that people or programs read, shared by all tasks: buffered to the end of the
// loop's turn, blocks of different writers on lines of their own, and a live line at the bottom
// when somebody asks for one. Knows nothing of tasks or colours.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/uio.h>

#include <memory>
#include <string>
#include <string_view>

#include "loop/prepare.h"
#include "process/sink.h"

namespace ggen::process {

class Screen {
 public:
  // The descriptor stays the caller's. It may be non-blocking.
  Screen(loop::Loop& loop, int fd);
  // Takes the live line away and writes what is left.
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // `who` names the writer of an unfinished line: somebody else's bytes begin a new one.
  void write(std::string_view bytes, const void* who = nullptr);
  // Whether the last byte written was by `who` and did not end a line.
  bool has_open_line(const void* who) const { return !at_line_start_ && open_line_ == who; }

  // Shows `text` (cut to the width) below everything written; empty takes it away. Only for
  // terminals: the caller asks is_tty().
  void status(std::string_view text);
  void flush();

  bool is_tty() const { return tty_; }
  int width() const;
  // Why nothing is written any more (the reader went away, the disk is full); empty while all is
  // well.
  const std::string& broken() const { return broken_; }

 private:
  void emit(std::string_view direct);
  void write_all(iovec* pieces, int count);

  loop::Prepare prepare_;
  int fd_;
  bool tty_;
  std::string buffer_;
  std::string status_;
  std::string broken_;
  const void* open_line_ = nullptr;
  bool at_line_start_ = true;
  bool status_drawn_ = false;
  bool status_moved_ = false;
};

// A sink that gives the bytes of both streams to the screen unchanged.
class Raw : public Sink {
 public:
  explicit Raw(std::shared_ptr<Screen> screen) : screen_(std::move(screen)) {}
  void write(Stream, std::string_view bytes) override { screen_->write(bytes, this); }

 private:
  std::shared_ptr<Screen> screen_;
};

}  // namespace ggen::process
