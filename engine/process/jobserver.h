// GNU make's job slots: a pipe or a named pipe that holds one byte for each job that may run beside
// the first one of each process. Whoever wants to run one more job reads a byte and writes the same
// byte back when the job has ended. We offer it to our children (serve), so that make, cargo and
// their kind share our slots, and take part in it when a make has started us (join). Knows nothing
// of tasks. Protocol: GNU make manual, "Sharing Job Slots with GNU make".
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace ggen::process {

class Jobserver {
 public:
  enum class Style {
    pipe,  // two descriptors that every child inherits: understood by all of them
    fifo,  // a named pipe: GNU make 4.4 and later; nothing is inherited
  };

  // Offers `tokens` jobs beside the first one.
  static Result<Jobserver> serve(unsigned tokens, Style style);

  // Takes part in the one that the value of MAKEFLAGS names; nothing if it names none. Fails when
  // that one is not for us: make hands its pipe only to what it takes for a make.
  static Result<std::optional<Jobserver>> join(std::string_view makeflags);

  Jobserver(Jobserver&&) noexcept = default;
  Jobserver& operator=(Jobserver&&) noexcept = default;
  ~Jobserver();  // gives all tokens back

  // Takes a token, if there is one now.
  bool acquire();
  // Gives the token back that was taken last. At least one is held.
  void release();
  std::size_t held() const { return held_.size(); }

  // To be called when nobody else can hold a token: makes those anew that somebody took and died
  // with, and takes away what somebody gave back without having taken it. Does nothing unless it is
  // we who offer them. Returns how many were missing; negative: were too many.
  int mend();

  // Readable when acquire() may succeed.
  int fd() const { return take_.get(); }
  // What --jobserver-auth= names in the MAKEFLAGS of a child.
  const std::string& auth() const { return auth_; }

 private:
  Jobserver() = default;

  Fd read_, write_;   // the ends that children inherit; of a fifo only write_
  Fd take_;           // the read end again, not blocking: that is a property of the open file, and
                      // children may count on a read that blocks
  std::string held_;  // the bytes that are not ours to choose
  std::optional<std::size_t> offered_;  // how many there are, when we made them
  std::string auth_;
  std::string folder_;  // of our fifo, removed at the end
};

}  // namespace ggen::process
