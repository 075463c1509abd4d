// JSON as run records have it: without spaces, times as decimals with at most six digits behind the
// point.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_text.h"

namespace ggen::state {

// Writes one object or list after another, with the commas where they belong.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& open(char bracket) {
    comma();
    out_ += bracket;
    first_ = true;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    first_ = false;
    return *this;
  }
  // The name of the value that comes next; it needs no escapes.
  JsonWriter& key(std::string_view name) {
    comma();
    out_ += '"';
    out_ += name;
    out_ += "\":";
    first_ = true;
    return *this;
  }
  void text(std::string_view value) {
    comma();
    append_json_string(out_, value);
  }
  void whole(std::uint64_t value) {
    comma();
    char digits[24];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
  void code(std::int64_t value) {
    comma();
    char digits[24];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
  // A text that needs no escapes.
  void name(std::string_view value) {
    comma();
    out_ += '"';
    out_ += value;
    out_ += '"';
  }
  void word(std::string_view value) {
    comma();
    out_ += value;
  }
  void flag(const std::optional<bool>& value) { word(!value ? "null" : *value ? "true" : "false"); }
  // At most six digits behind the point. A clock that says nonsense says nothing.
  void seconds(double value) {
    comma();
    if (!(value > 0)) {
      out_ += '0';
      return;
    }
    constexpr double kMicro = 1e6;
    constexpr double kMostSeconds = 1e9;  // what is longer is no time of a run
    const auto micros =
        static_cast<std::uint64_t>(std::llround(std::min(value, kMostSeconds) * kMicro));
    char digits[32];
    char* end = std::to_chars(digits, digits + sizeof digits, micros / 1000000).ptr;
    auto rest = static_cast<std::uint32_t>(micros % 1000000);
    if (rest != 0) {
      *end++ = '.';
      for (std::uint32_t unit = 100000; rest != 0; unit /= 10) {
        *end++ = static_cast<char>('0' + rest / unit);
        rest %= unit;
      }
    }
    out_.append(digits, end);
  }

 private:
  void comma() {
    if (!first_) out_ += ',';
    first_ = false;
  }

  std::string& out_;
  bool first_ = true;
};

}  // namespace ggen::state
