// SPDX-License-Identifier: MIT
#include "process/terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace ggen::process {

std::optional<Terminal> Terminal::open() {
  // Whatever the standard streams are: a program that asks for a password opens this, too.
  Fd fd(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!fd) return std::nullopt;
  Terminal terminal(std::move(fd));
  terminal.has_modes_ = tcgetattr(terminal.fd(), &terminal.modes_) == 0;
  return terminal;
}

bool Terminal::is_ours() const { return tcgetpgrp(fd()) == getpgrp(); }

// From the background, where SIGTTOU would stop us for it.
void Terminal::set_foreground(pid_t group) const {
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  tcsetpgrp(fd(), group);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Terminal::take_back() {
  if (!lent_) return;
  lent_ = false;
  set_foreground(getpgrp());
}

void Terminal::restore_modes() const {
  if (has_modes_ && is_ours()) tcsetattr(fd(), TCSADRAIN, &modes_);
}

void Terminal::suspend_with(pid_t group) {
  take_back();
  kill(0, SIGTSTP);
  // Here we have been continued, or could not be stopped because no shell is there to do that.
  if (is_ours()) {
    set_foreground(group);
    lent_ = true;
  }
  kill(-group, SIGCONT);
}

}  // namespace ggen::process
