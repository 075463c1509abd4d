// Keys of too many parts, found before toml++ sees them.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "lua/toml.h"

namespace ggen::lua {

namespace {

constexpr std::size_t kMaxKeyParts = 64;

class KeyScanner {
 public:
  explicit KeyScanner(std::string_view text) : text_(text) {}

  std::optional<Error> too_deep() {
    std::size_t dots = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        skip_string(c);
        continue;
      }
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
        continue;
      }
      if (c == '.') {
        if (++dots >= kMaxKeyParts) return error();
      } else if (c == '\n' || c == '=' || c == ',' || c == '{' || c == '}' || c == '[' ||
                 c == ']') {
        dots = 0;
      }
      ++at_;
    }
    return std::nullopt;
  }

 private:
  bool starts_with(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  void skip_string(char quote) {
    const std::string triple(3, quote);
    const bool many_lines = starts_with(triple);
    at_ += many_lines ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\' && quote == '"') {
        at_ += 2;
      } else if (many_lines ? starts_with(triple) : c == quote) {
        at_ += many_lines ? 3 : 1;
        // The string itself may end with one or two quotes.
        for (int i = 0; many_lines && i < 2 && at_ < text_.size() && text_[at_] == quote; ++i)
          ++at_;
        return;
      } else if (c == '\n' && !many_lines) {
        return;  // toml++ reports it
      } else {
        ++at_;
      }
    }
  }

  Error error() const {
    const auto before = text_.substr(0, at_);
    const auto line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    const auto start = before.rfind('\n');
    return {ErrorKind::limit,
            toml_place(line, start == std::string_view::npos ? at_ + 1 : at_ - start) +
                "a key of more than " + std::to_string(kMaxKeyParts) + " parts"};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string toml_place(std::size_t line, std::size_t column) {
  return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": ";
}

std::optional<Error> find_deep_toml_key(std::string_view text) {
  return KeyScanner(text).too_deep();
}

}  // namespace ggen::lua
