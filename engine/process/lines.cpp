// SPDX-License-Identifier: MIT
#include "process/lines.h"

#include <cstring>

namespace ggen::process {

namespace {

// Where the last newline of the bytes is: string_view::rfind looks at one byte after the other.
std::size_t last_newline(std::string_view bytes) {
  const void* found = memrchr(bytes.data(), '\n', bytes.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
}

}  // namespace

Lines::Lines(std::shared_ptr<Screen> screen, std::string prefix_out, std::string prefix_err)
    : screen_(std::move(screen)) {
  parts_[0].prefix = std::move(prefix_out);
  parts_[1].prefix = std::move(prefix_err);
}

void Lines::write(Stream stream, std::string_view bytes) {
  Part& part = parts_[static_cast<std::size_t>(stream)];
  while (!bytes.empty()) {
    // Without a prefix any number of lines is one block.
    const std::size_t end = part.prefix.empty() ? last_newline(bytes) : bytes.find('\n');
    if (end == bytes.npos) return keep(part, bytes);
    put(part, bytes.substr(0, end + 1));
    part.begun = false;
    bytes.remove_prefix(end + 1);
  }
}

void Lines::put(Part& part, std::string_view bytes) {
  if (!part.begun || !screen_->has_open_line(&part)) screen_->write(part.prefix, &part);
  screen_->write(part.open, &part);
  screen_->write(bytes, &part);
  part.open.clear();
}

void Lines::keep(Part& part, std::string_view bytes) {
  if (part.open.size() + bytes.size() <= kLongLine) {
    part.open.append(bytes);
    return;
  }
  put(part, bytes);
  part.begun = true;
}

void Lines::end_lines() {
  for (Part& part : parts_) {
    if (!part.open.empty() || screen_->has_open_line(&part)) put(part, "\n");
    part.begun = false;
  }
}

}  // namespace ggen::process
