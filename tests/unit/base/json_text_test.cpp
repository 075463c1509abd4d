// SPDX-License-Identifier: MIT
#include "base/json_text.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "base/utf8.h"

using namespace ggen;

namespace {

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string json_number(double value) {
  std::string out;
  append_json_number(out, value);
  return out;
}

}  // namespace

TEST_CASE("json text: strings are quoted and escaped", "[trace]") {
  CHECK(json_string("") == R"("")");
  CHECK(json_string("plain text") == R"("plain text")");
  CHECK(json_string("a\"b\\c") == R"("a\"b\\c")");
  CHECK(json_string("\n\t\r") == R"("\n\t\r")");
  CHECK(json_string(std::string_view("\0\x1F\x7F", 3)) == R"("\u0000\u001f\u007f")");
  CHECK(json_string("größe \xE2\x82\xAC \xF0\x9F\x98\x80") ==
        "\"größe \xE2\x82\xAC \xF0\x9F\x98\x80\"");
}

TEST_CASE("json text: bad UTF-8 is replaced, what stands around it is kept", "[trace]") {
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(json_string("a\xFFz") == "\"a" + bad + "z\"");
  CHECK(json_string("\x80\x80") == "\"" + bad + bad + "\"");
  CHECK(json_string("\xE2\x82") == "\"" + bad + bad + "\"");    // cut off at the end
  CHECK(json_string("\xE2\x82z") == "\"" + bad + bad + "z\"");  // cut off by a character
  CHECK(json_string("\xC0\xAF") == "\"" + bad + bad + "\"");    // overlong
  CHECK(json_string("\xE0\x9F\xBF") == "\"" + bad + bad + bad + "\"");
  CHECK(json_string("\xED\xA0\x80") == "\"" + bad + bad + bad + "\"");            // a surrogate
  CHECK(json_string("\xF4\x90\x80\x80") == "\"" + bad + bad + bad + bad + "\"");  // beyond U+10FFFF
  CHECK(json_string("\xF0\x9F\"") == "\"" + bad + bad + "\\\"\"");
}

TEST_CASE("json text: any bytes give a string that a strict parser reads", "[trace][property]") {
  const auto seed = GENERATE(take(300, random(1u, 1'000'000'000u)));
  CAPTURE(seed);
  std::mt19937 random(seed);
  // Mostly bytes at the borders of the ranges that matter.
  constexpr unsigned char kBorders[] = {0x00, 0x1F, '"',  '\\', 0x7F, 0x80, 0x8F, 0x90,
                                        0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1,
                                        0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF, 'a'};
  std::string text;
  for (unsigned i = 0, length = random() % 40; i < length; ++i)
    text += static_cast<char>(random() % 4 == 0 ? random() % 256
                                                : kBorders[random() % sizeof kBorders]);
  const auto parsed = nlohmann::json::parse(json_string(text), nullptr, false);
  REQUIRE(parsed.is_string());
  std::string expected;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = ggen::utf8_length(std::string_view(text).substr(at));
    expected += length == 0 ? "\xEF\xBF\xBD" : text.substr(at, length);
    at += std::max<std::size_t>(length, 1);
  }
  CHECK(parsed.get<std::string>() == expected);
}

TEST_CASE("json text: numbers read back as they were", "[trace]") {
  CHECK(json_number(0) == "0");
  CHECK(json_number(100000) == "100000");
  CHECK(json_number(-9007199254740992) == "-9007199254740992");
  CHECK(json_number(-1.5) == "-1.5");
  CHECK(json_number(0.1) == "0.1");
  CHECK(json_number(1e300) == "1e+300");
  CHECK(json_number(std::numeric_limits<double>::infinity()) == "\"inf\"");
  CHECK(json_number(-std::numeric_limits<double>::infinity()) == "\"-inf\"");
  CHECK(json_number(std::numeric_limits<double>::quiet_NaN()) == "\"nan\"");
}
