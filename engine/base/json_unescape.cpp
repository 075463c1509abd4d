// SPDX-License-Identifier: MIT
#include "base/json_unescape.h"

#include <algorithm>
#include <cstdint>

namespace ggen {

namespace {

std::uint32_t hex_value(char byte) {
  if (byte >= '0' && byte <= '9') return static_cast<std::uint32_t>(byte - '0');
  return static_cast<std::uint32_t>((byte | 0x20) - 'a') + 10;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6U);
    put(0x80 | (code & 0x3fU));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12U);
    put(0x80 | (code >> 6U & 0x3fU));
    put(0x80 | (code & 0x3fU));
  } else {
    put(0xf0 | code >> 18U);
    put(0x80 | (code >> 12U & 0x3fU));
    put(0x80 | (code >> 6U & 0x3fU));
    put(0x80 | (code & 0x3fU));
  }
}

std::uint32_t hex4(std::string_view digits) {
  std::uint32_t code = 0;
  for (const char digit : digits.substr(0, 4)) code = code << 4U | hex_value(digit);
  return code;
}

}  // namespace

std::string json_unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto plain = std::min(text.find('\\'), text.size());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const char letter = text[1];
    text.remove_prefix(2);
    switch (letter) {
      case 'b': out.push_back('\b'); break;
      case 'f': out.push_back('\f'); break;
      case 'n': out.push_back('\n'); break;
      case 'r': out.push_back('\r'); break;
      case 't': out.push_back('\t'); break;
      case 'u': {
        std::uint32_t code = hex4(text);
        text.remove_prefix(4);
        if (code >= 0xd800 && code < 0xdc00 && text.starts_with("\\u")) {
          const std::uint32_t low = hex4(text.substr(2));
          if (low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10U) + (low - 0xdc00);
            text.remove_prefix(6);
          }
        }
        append_utf8(out, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
        break;
      }
      default: out.push_back(letter);
    }
  }
  return out;
}

}  // namespace ggen
