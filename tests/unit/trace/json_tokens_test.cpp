// SPDX-License-Identifier: MIT
#include "trace/json_tokens.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

using ggen::trace::JsonTokens;
using Token = JsonTokens::Token;

namespace {

// The tokens as a text again.
std::string rewritten(std::string_view text) {
  JsonTokens json(text);
  std::string out;
  while (json.next() != Token::end) {
    switch (json.token()) {
      case Token::object: out += '{'; break;
      case Token::object_end: out += '}'; break;
      case Token::array: out += '['; break;
      case Token::array_end: out += ']'; break;
      case Token::key: ((out += "k:") += json.text()) += ' '; break;
      case Token::string: ((out += "s:") += json.text()) += ' '; break;
      default: (out += json.text()) += ' ';
    }
  }
  return json.problem().empty() ? out : json.problem();
}

}  // namespace

TEST_CASE("tokens are read one by one", "[json_tokens]") {
  CHECK(rewritten(R"({"a": [1, -2.5e3, true, null, "x"], "b": {}} [])") ==
        "{k:a [1 -2.5e3 true null s:x ]k:b {}}[]");
  CHECK(rewritten("\xEF\xBB\xBF 1\n2") == "1 2 ");
  CHECK(rewritten(R"("aA\n\ud83d\ude00")") == "s:aA\n\xF0\x9F\x98\x80 ");
}

TEST_CASE("a problem has its line and column", "[json_tokens]") {
  CHECK(rewritten("{\"a\" 1}") == "line 1, column 6: a colon is missing");
  CHECK(rewritten("[1\n 2]") == "line 2, column 2: a comma is missing");
  CHECK(rewritten("[1,]") == "line 1, column 4: a value expected");
  CHECK(rewritten("{\"a\":1,}") == "line 1, column 8: a name in quotes expected");
  CHECK(rewritten("[1") == "line 1, column 3: the end of the file, in the middle of it");
  CHECK(rewritten("[\"a") == "line 1, column 2: a string without an end");
  CHECK(rewritten("[\"\x01\"]") == "line 1, column 3: a control character in a string");
  CHECK(rewritten("[\"\xff\"]") == "line 1, column 3: not UTF-8");
  CHECK(rewritten("[\"\\u12g4\"]") == "line 1, column 3: an escape that there is not");
  CHECK(rewritten("[01]") == "line 1, column 3: a comma is missing");
  CHECK(rewritten("]") == "line 1, column 1: a value expected");
  CHECK(rewritten(std::string_view("[\0]", 3)) == "line 1, column 2: a value expected");
}

TEST_CASE("a value is passed over, and given without its white space", "[json_tokens]") {
  JsonTokens json(R"([ {"a" : [ 1 , {"b\n" : [ ] } , "x y" ]} , 7 ])");
  REQUIRE(json.next() == Token::array);
  REQUIRE(json.next() == Token::object);
  CHECK(json.pass_text() == R"({"a" :[1,{"b\n" :[]},"x y"]})");
  REQUIRE(json.next() == Token::number);
  CHECK(json.pass_text() == "7");
  CHECK(json.next() == Token::array_end);
}

TEST_CASE("depth costs no stack", "[json_tokens]") {
  constexpr std::size_t kDeep = 2'000'000;
  const std::string text = std::string(kDeep, '[') + std::string(kDeep, ']');
  JsonTokens json(text);
  REQUIRE(json.next() == Token::array);
  json.pass();
  CHECK(json.problem().empty());
  CHECK(json.next() == Token::end);
}

TEST_CASE("what is valid is what another parser finds valid", "[json_tokens][property]") {
  const auto seed = GENERATE(take(30, random(0, 1'000'000)));
  CAPTURE(seed);
  std::mt19937 chance(static_cast<unsigned>(seed));
  const std::string start = R"({"a":[1,-0.5e+1,{"b":"x\u00e9\\"},null],"c":true,"d":{},"e":[]})";
  constexpr std::string_view kBytes = "{}[]\",:\\u01-+.etrnf \xc3\xa9\x01";
  for (int round = 0; round < 200; ++round) {
    std::string text = start;
    for (int i = 0; i < 2; ++i) {
      const std::size_t at = chance() % text.size();
      if (chance() % 2 == 0) {
        text[at] = kBytes[chance() % kBytes.size()];
      } else {
        text.erase(at, 1);
      }
    }
    JsonTokens json(text);
    std::size_t documents = 0;
    while (json.next() != Token::end) documents += json.depth() == 0 ? 1 : 0;
    const bool valid = json.problem().empty() && documents == 1;
    CAPTURE(text);
    CHECK(valid == nlohmann::json::accept(text));
  }
}
