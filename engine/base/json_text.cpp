// SPDX-License-Identifier: MIT
#include "base/json_text.h"

#include <charconv>
#include <cmath>

#include "base/utf8.h"

namespace ggen {

namespace {

void append_control(std::string& out, unsigned char byte) {
  switch (byte) {
    case '\n': out += "\\n"; return;
    case '\t': out += "\\t"; return;
    case '\r': out += "\\r"; return;
    default: break;
  }
  constexpr char kHex[] = "0123456789abcdef";
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // start of the bytes that are copied as they are
  std::size_t at = 0;
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\') {
      ++at;
      continue;
    }
    const std::size_t length = byte < 0x80 ? 0 : utf8_length(text.substr(at));
    if (length > 0) {
      at += length;
      continue;
    }
    out.append(text, plain, at - plain);
    plain = ++at;
    if (byte == '"' || byte == '\\')
      (out += '\\') += static_cast<char>(byte);
    else if (byte < 0x80)
      append_control(out, byte);
    else
      out += "\xEF\xBF\xBD";
  }
  out.append(text, plain, at - plain);
  out += '"';
}

void append_json_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    append_json_string(out, std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");
    return;
  }
  constexpr double kMaxExactInteger = 9007199254740992.0;  // 2^53
  char digits[32];
  char* const limit = digits + sizeof digits;
  // The shortest form of 100000 would be 1e+05.
  const bool whole = number == std::floor(number) && std::fabs(number) <= kMaxExactInteger;
  const auto end = whole ? std::to_chars(digits, limit, static_cast<long long>(number)).ptr
                         : std::to_chars(digits, limit, number).ptr;
  out.append(digits, end);
}

}  // namespace ggen
