// A sink that puts whole lines on a screen, each with a prefix, so that tasks that run at the same
// time do not mix within a line.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "process/screen.h"
#include "process/sink.h"

namespace ggen::process {

class Lines : public Sink {
 public:
  // A longer line goes out in pieces, whatever the memory would allow.
  static constexpr std::size_t kLongLine = 64 * 1024;

  Lines(std::shared_ptr<Screen> screen, std::string prefix_out, std::string prefix_err);
  ~Lines() override { end_lines(); }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  void write(Stream stream, std::string_view bytes) override;
  // Ends lines that are still open.
  void finish() override { end_lines(); }

 private:
  struct Part {
    std::string prefix;
    std::string open;    // the beginning of a line whose end has not come
    bool begun = false;  // a piece of that line is on the screen
  };
  // Puts what is open and `bytes`, which end a line or are a piece of one, on the screen.
  void put(Part& part, std::string_view bytes);
  void keep(Part& part, std::string_view bytes);
  void end_lines();

  std::shared_ptr<Screen> screen_;
  std::array<Part, 2> parts_;
};

}  // namespace ggen::process
