// Our controlling terminal, lent to the process group of one child and taken back: what a shell
// does for its foreground job. Knows nothing of children.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <optional>

#include "base/fd.h"

namespace ggen::process {

class Terminal {
 public:
  // Empty without a controlling terminal.
  static std::optional<Terminal> open();

  // Whether it is ours to lend: we may be a background job of a shell.
  bool is_ours() const;
  int fd() const { return fd_.get(); }
  // A group that has taken it (SpawnRequest::terminal) may keep it until take_back().
  void lent() { lent_ = true; }
  // Makes our group its foreground again. Does nothing when it is not lent.
  void take_back();
  // Undoes what a program set (no echo, no lines) that could not do so itself.
  void restore_modes() const;
  // The group was stopped (Ctrl-Z): takes the terminal back and stops our own group, for the shell
  // to see. Returns when we are continued, with the group continued, too, and in the foreground
  // again if we are.
  void suspend_with(pid_t group);

 private:
  explicit Terminal(Fd fd) : fd_(std::move(fd)) {}
  void set_foreground(pid_t group) const;

  Fd fd_;
  termios modes_{};
  bool has_modes_ = false;
  bool lent_ = false;
};

}  // namespace ggen::process
