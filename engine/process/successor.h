// A process that goes on when we are gone, however we ended: it is told what there is to do through
// a pipe, and the end of the pipe is our end. It leads a session of its own, so that no signal of
// our terminal reaches it, and has nothing of ours open.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ggen::process {

class Successor {
 public:
  // Starts `file` with the words, as "NAME=value" its whole environment, and in the directory. Its
  // standard input is the pipe.
  static Result<Successor> start(const std::string& file, const std::vector<std::string>& argv,
                                 const std::vector<std::string>& env, const std::string& cwd);
  Successor(Successor&&) noexcept = default;
  Successor& operator=(Successor&&) = delete;
  // Closes the pipe, and does not wait.
  ~Successor();

  // All of it or nothing: what is too long for one write (4096 bytes), or has nobody who would read
  // it, is not told.
  Result<void> tell(std::string_view bytes);
  pid_t pid() const { return pid_; }

 private:
  Successor(Fd pipe, pid_t pid) : pipe_(std::move(pipe)), pid_(pid) {}

  Fd pipe_;
  pid_t pid_;
};

}  // namespace ggen::process
