// SPDX-License-Identifier: MIT
#include "base/utf8.h"

#include <catch2/catch.hpp>
#include <string>

using namespace ggen;

namespace {

std::string encoded(std::uint32_t c) {
  std::string text;
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | (c >> 6));
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3f));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  }
  return text;
}

}  // namespace

TEST_CASE("utf8: every character has its length, every surrogate none") {
  std::uint32_t wrong = 0;
  for (std::uint32_t c = 0; c <= 0x10ffff; ++c) {
    const auto text = encoded(c);
    const std::string_view view = text;
    const bool surrogate = c >= 0xd800 && c <= 0xdfff;
    if (utf8_length(text + "x") != (surrogate ? 0 : text.size())) ++wrong;
    if (!surrogate && text.size() > 1 && utf8_length(view.substr(0, view.size() - 1)) != 0) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("utf8: what is no character has length 0") {
  for (const char* bytes :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3(", "\xe2\x82("}) {
    CHECK(utf8_length(bytes) == 0);
  }
  CHECK(utf8_length(std::string_view("\0", 1)) == 1);
}
