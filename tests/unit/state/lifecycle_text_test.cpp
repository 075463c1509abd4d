// SPDX-License-Identifier: MIT
#include "state/lifecycle_text.h"

#include <catch2/catch.hpp>
#include <random>

using namespace ggen;
using namespace ggen::state;

namespace {

// As the original writes it.
const std::string kSample = R"({
  "last_phase": "test",
  "phase_history": [
    {
      "phase": "init",
      "started_ms": 1760234326406,
      "duration_ms": 675,
      "success": true
    },
    {
      "phase": "test",
      "started_ms": 1760236374321,
      "duration_ms": 269,
      "success": true
    }
  ],
  "generated": [],
  "cache_keys": [
    {
      "phase": "init",
      "key": "8585b9d35e2b965e6d52c9b6f2069588e8c6dd42486f903efd8ee16fbbdca402"
    }
  ]
})";

std::string frame(const std::string& history, const std::string& more = "") {
  return R"({"last_phase":null,"phase_history":[)" + history +
         R"(],"generated":[],"cache_keys":[])" + more + "}";
}

std::string problem_of(const std::string& text) {
  const auto parsed = LifecycleText::parse(text);
  return parsed ? "" : parsed.error().message;
}

LifecycleRecord record_of(std::string phase, std::uint64_t started = 0, bool success = true,
                          std::optional<std::string> workspace = std::nullopt) {
  return {std::move(phase), std::move(workspace), started, 1, success};
}

std::vector<std::string> names_of(const LifecycleText& text) {
  std::vector<std::string> names;
  for (const auto& record : text.records())
    names.push_back((record.workspace ? *record.workspace + "#" : "") + record.phase +
                    (record.success ? "" : "!"));
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("lifecycle text: an empty state", "[state]") {
  CHECK(LifecycleText().text() == R"({
  "last_phase": null,
  "phase_history": [],
  "generated": [],
  "cache_keys": []
})");
}

TEST_CASE("lifecycle text: what the original wrote", "[state]") {
  auto text = LifecycleText::parse(kSample).value();
  CHECK(text.last_phase() == "test");
  REQUIRE(text.records().size() == 2);
  CHECK(text.records()[0].phase == "init");
  CHECK(text.records()[0].started_ms == 1760234326406);
  CHECK(text.records()[0].duration_ms == 675);
  CHECK(text.records()[0].success);
  CHECK_FALSE(text.records()[0].workspace);
  REQUIRE(text.keys().size() == 1);
  CHECK(text.keys()[0].key.substr(0, 8) == "8585b9d3");
  CHECK(text.text() == kSample);

  // A new record looks like an old one.
  text.add(record_of("init", 5));
  text.add(LifecycleKey{"init", std::nullopt, "k"});
  const std::string longer = text.text();
  const auto again = LifecycleText::parse(longer).value();
  CHECK(again.last_phase() == "init");
  CHECK(again.records().size() == 3);
  CHECK(again.records()[2].started_ms == 5);
  CHECK(again.keys().size() == 2);
  CHECK(again.text() == longer);
}

TEST_CASE("lifecycle text: workspaces and names that need quoting", "[state]") {
  LifecycleText text;
  text.add(record_of("a \"b\"\n\xc3\xa9", 1, true, "web"));
  text.add(LifecycleKey{"a", "web", "k"});
  const auto again = LifecycleText::parse(text.text()).value();
  CHECK(again.records()[0].phase == "a \"b\"\n\xc3\xa9");
  CHECK(again.records()[0].workspace == "web");
  CHECK(again.keys()[0].workspace == "web");
  CHECK(again.text() == text.text());
}

TEST_CASE("lifecycle text: an entry that is laid out already is not laid out again", "[state]") {
  const std::string entry = "{\n      \"phase\": \"a\", \"x\":[1,2],\n      \"key\": \"k\"\n    }";
  const std::string head = R"({"last_phase":null,"phase_history":[],"generated":[],"cache_keys":[)";
  const auto written = LifecycleText::parse(head + entry + "]}").value().text();
  CHECK(written.find("[\n    " + entry + "\n  ]") != std::string::npos);

  // Only one end is as it would be written.
  for (const std::string& other :
       {"{" + entry.substr(8), entry.substr(0, entry.size() - 6) + "}"}) {
    const auto again = LifecycleText::parse(head + other + "]}").value().text();
    CHECK(again.find("\"x\": [\n        1,\n        2\n      ],\n") != std::string::npos);
  }
}

TEST_CASE("lifecycle text: what is not known stays, in its place", "[state]") {
  const std::string source = R"({"schema": {"version": 2.50, "x": [1e400, "\u00e9"]},
    "cache_keys": [{"phase": "a", "since": [], "key": "k"}], "last_phase": "a",
    "phase_history": [{"host": {"name": "h"}, "phase": "a", "started_ms": 1, "duration_ms": 2,
                       "success": true, "workspace": 7}],
    "generated": [{"path": "p", "hash": "h", "by": "x"}], "z": null})";
  auto text = LifecycleText::parse(source).value();
  CHECK_FALSE(text.records()[0].workspace);
  text.add(record_of("b"));
  CHECK(text.text() == R"({
  "schema": {
    "version": 2.50,
    "x": [
      1e400,
      "\u00e9"
    ]
  },
  "cache_keys": [
    {
      "phase": "a",
      "since": [],
      "key": "k"
    }
  ],
  "last_phase": "b",
  "phase_history": [
    {
      "host": {
        "name": "h"
      },
      "phase": "a",
      "started_ms": 1,
      "duration_ms": 2,
      "success": true,
      "workspace": 7
    },
    {
      "phase": "b",
      "started_ms": 0,
      "duration_ms": 1,
      "success": true
    }
  ],
  "generated": [
    {
      "path": "p",
      "hash": "h",
      "by": "x"
    }
  ],
  "z": null
})");
}

TEST_CASE("lifecycle text: what is not the format is refused", "[state]") {
  CHECK(problem_of("{}") == R"(line 1, column 3: there is no "last_phase")");
  CHECK(problem_of("[]") == "line 1, column 1: an object expected");
  CHECK(problem_of(frame("")).empty());
  CHECK_FALSE(problem_of(frame("", R"(,"last_phase":null)")).empty());
  CHECK_FALSE(problem_of(frame("") + "x").empty());
  const std::string good = R"("phase":"a","started_ms":1,"duration_ms":2,"success":true)";
  CHECK(problem_of(frame("{" + good + "}")).empty());
  CHECK(problem_of(frame("{" + good + R"(,"more":{}})")).empty());
  const std::string wrong[] = {
      "1",
      "{}",
      R"({"phase":1,"started_ms":1,"duration_ms":2,"success":true})",
      R"({"phase":"a","started_ms":-1,"duration_ms":2,"success":true})",
      R"({"phase":"a","started_ms":1.0,"duration_ms":2,"success":true})",
      R"({"phase":"a","started_ms":"1","duration_ms":2,"success":true})",
      R"({"phase":"a","started_ms":1,"duration_ms":2,"success":1})",
      R"({"phase":"a","started_ms":1,"duration_ms":2})",
      "{" + good + R"(,"success":true})",
      R"({"phase":"\u0000","started_ms":1,"duration_ms":2,"success":true})",
  };
  for (const std::string& record : wrong) {
    CAPTURE(record);
    CHECK_FALSE(problem_of(frame(record)).empty());
  }
  // The original counts with 128 bits.
  const auto large = LifecycleText::parse(
      frame(R"({"phase":"a","started_ms":99999999999999999999,"duration_ms":2,"success":true})"));
  CHECK(large->records()[0].started_ms == UINT64_MAX);
  CHECK(large->text().find("99999999999999999999") != std::string::npos);
}

TEST_CASE("lifecycle text: the newest are kept", "[state]") {
  LifecycleText text;
  for (int i = 0; i < 10; ++i) {
    text.add(record_of("a", static_cast<std::uint64_t>(i)));
    text.add(LifecycleKey{"a", std::nullopt, std::to_string(i)});
  }
  text.keep_newest(10);
  CHECK(text.records().size() == 10);
  text.keep_newest(4);
  REQUIRE(text.records().size() == 4);
  CHECK(text.records()[0].started_ms == 6);
  CHECK(text.records()[3].started_ms == 9);
  REQUIRE(text.keys().size() == 4);
  CHECK(text.keys()[0].key == "6");
  CHECK(LifecycleText::parse(text.text())->records().size() == 4);
}

TEST_CASE("lifecycle text: that a phase has succeeded is not forgotten", "[state]") {
  LifecycleText text;
  text.add(record_of("setup"));
  text.add(record_of("setup", 0, true, "web"));
  for (int i = 0; i < 5; ++i) text.add(record_of("a"));
  text.add(record_of("setup", 0, false));
  text.keep_newest(4);
  CHECK(names_of(text) == Names{"setup", "web#setup", "a", "setup!"});
  text.keep_newest(3);
  CHECK(names_of(text) == Names{"setup", "web#setup", "a"});
  // Also when there are more phases than the bound.
  text.keep_newest(2);
  CHECK(names_of(text) == Names{"setup", "web#setup", "a"});
  text.keep_newest(0);
  CHECK(names_of(text) == Names{"setup", "web#setup", "a"});
}

TEST_CASE("lifecycle text: phases without an end are too many", "[state]") {
  LifecycleText text;
  for (std::size_t i = 0; i < LifecycleText::kMostPhases + 2; ++i) {
    text.add(record_of(std::to_string(i)));
  }
  text.keep_newest(1);
  REQUIRE(text.records().size() == LifecycleText::kMostPhases);
  CHECK(text.records().front().phase == "2");
}

TEST_CASE("lifecycle text: no beginning of a file is taken for one", "[state]") {
  for (std::size_t size = 0; size < kSample.size(); ++size) {
    if (LifecycleText::parse(kSample.substr(0, size))) FAIL("the first " << size << " bytes");
  }
}

TEST_CASE("lifecycle text: flipped bytes", "[state]") {
  const auto seed = static_cast<unsigned>(GENERATE(take(1, random(0, 1'000'000))));
  CAPTURE(seed);
  std::mt19937 random(seed);
  int taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = kSample;
    for (auto flips = random() % 3 + 1; flips > 0; --flips)
      bytes[random() % bytes.size()] ^= static_cast<char>(1U << random() % 8);
    const auto text = LifecycleText::parse(bytes);
    if (!text) continue;
    ++taken;
    // Whatever it says now, writing and reading do not change it.
    const std::string once = text->text();
    const auto again = LifecycleText::parse(once);
    if (!again || again->text() != once) FAIL("not the same again: " << bytes);
  }
  CHECK(taken > 100);
}
