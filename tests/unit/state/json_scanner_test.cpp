// SPDX-License-Identifier: MIT
#include "state/json_scanner.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

using namespace ggen::state;

namespace {

bool accepts(std::string_view text) {
  JsonScanner json(text);
  static_cast<void>(json.value());
  json.end();
  return json.problem().empty();
}

std::string pretty(std::string_view text) {
  JsonScanner json(text);
  std::string out;
  append_pretty(out, json.value(), 0);
  return out;
}

std::string problem_of(std::string_view text) {
  JsonScanner json(text);
  static_cast<void>(json.value());
  json.end();
  return json.problem();
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

const std::string kSample = R"({"a": [1, -2.5e+10, true, null, "x\u00e9\n\"", {}], "é": {"b": []},
  "c": [ [ ], { "d" : false } ] , "" : 0})";

}  // namespace

TEST_CASE("json: what is right and what is not", "[state]") {
  const char* right[] = {"0",    "-0.5E-7",   "\"\"",        "[]",
                         "{}",   "{\"a\":1}", " [ 1 , 2 ] ", "\"\\ud834\\udd1e\"",
                         "null", "true"};
  for (const char* text : right) {
    CAPTURE(text);
    CHECK(accepts(text));
  }
  const char* wrong[] = {
      "",      " ",       "01",       "1.",       ".5",          "-",        "+1",   "1e",
      "nul",   "tru",     "\"",       "\"\\x\"",  "\"\\u12g4\"", "\"\n\"",   "[1,]", "[,1]",
      "[1 2]", "{\"a\"}", "{a:1}",    "{\"a\":}", "{\"a\":1,}",  "[",        "{",    "]",
      "[}",    "1 1",     "\"\xff\"", "\"\\u12",  "\"\\",        "{\"a\":1]"};
  for (const char* text : wrong) {
    CAPTURE(text);
    CHECK_FALSE(accepts(text));
  }
  CHECK_FALSE(accepts(std::string_view("\"a\0\"", 4)));
  CHECK_FALSE(accepts(std::string_view("1\0", 2)));
  CHECK_FALSE(accepts(std::string_view("\"\\\0\"", 4)));
}

TEST_CASE("json: a problem has its place", "[state]") {
  CHECK(problem_of("{\n  \"a\": x\n}") == "line 2, column 8: a value expected");
  CHECK(problem_of("[1") == "line 1, column 3: the end of the file, in the middle of it");
  CHECK(problem_of("[\"a\\q\"]") == "line 1, column 4: an escape that there is not");
  CHECK(problem_of("{} {}") == "line 1, column 4: something follows the end");
}

TEST_CASE("json: depth is bounded", "[state]") {
  CHECK(accepts(nested(JsonScanner::kMaxDepth)));
  CHECK_FALSE(accepts(nested(JsonScanner::kMaxDepth + 1)));
  CHECK_FALSE(accepts(std::string(1'000'000, '[')));
}

TEST_CASE("json: strings mean what they mean to others", "[state]") {
  const char* texts[] = {R"("plain")", R"("\"\\\/\b\f\n\r\t")", R"("\u0041\u00e9\u20ac")",
                         R"("\ud834\udd1e tail")"};
  for (const char* text : texts) {
    JsonScanner json(text);
    CHECK(json.string() == nlohmann::json::parse(text).get<std::string>());
  }
  // Half a pair.
  JsonScanner json(R"("a\ud834b")");
  CHECK(json.string() ==
        "a\xef\xbf\xbd"
        "b");
  // And back.
  const std::string text = std::string("q\" b\\ \b\f\n\r\t \x01\x1f \x7f \xc3\xa9");
  std::string out;
  append_string(out, text);
  CHECK(nlohmann::json::parse(out).get<std::string>() == text);
  CHECK(out.find("\\u001f") != std::string::npos);
}

TEST_CASE("json: pretty as others have it", "[state]") {
  CHECK(pretty("[]") == "[]");
  CHECK(pretty("{ }") == "{}");
  CHECK(pretty("{\"a\":[1,{}]}") == "{\n  \"a\": [\n    1,\n    {}\n  ]\n}");
  // What is not understood stays as it was written.
  CHECK(pretty(R"([1e400,"\u00e9", 12345678901234567890123])") ==
        "[\n  1e400,\n  \"\\u00e9\",\n  12345678901234567890123\n]");
  const std::string once = pretty(kSample);
  CHECK(pretty(once) == once);
  CHECK(nlohmann::ordered_json::parse(once) == nlohmann::ordered_json::parse(kSample));
}

TEST_CASE("json: mutated texts are right where others say so", "[state]") {
  const auto seed = static_cast<unsigned>(GENERATE(take(1, random(0, 1'000'000))));
  CAPTURE(seed);
  std::mt19937 random(seed);
  int right = 0;
  for (int i = 0; i < 10'000; ++i) {
    std::string text = kSample;
    for (auto edits = random() % 3 + 1; edits > 0 && !text.empty(); --edits) {
      const std::size_t at = random() % text.size();
      static constexpr std::string_view kBytes = "{}[],:\"\\ \n01eE+-.tfnu\xc3\xa9\xff\x01z";
      switch (random() % 3) {
        case 0: text[at] = kBytes[random() % kBytes.size()]; break;
        case 1: text.erase(at, random() % 4 + 1); break;
        default: text.insert(at, 1, kBytes[random() % kBytes.size()]);
      }
    }
    const bool ours = accepts(text);
    if (ours != nlohmann::json::accept(text)) FAIL("they differ on: " << text);
    if (!ours) continue;
    ++right;
    const auto value = nlohmann::ordered_json::parse(text, nullptr, false);
    if (!value.is_discarded() && nlohmann::ordered_json::parse(pretty(text)) != value)
      FAIL("another value: " << text);
  }
  CHECK(right > 300);
}
