// SPDX-License-Identifier: MIT
#include "incremental/results.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "hash/sha256.h"

using namespace ggen;
using namespace ggen::incremental;

namespace {

LastResult result_of(const std::string& text) {
  LastResult result;
  result.key = hash::sha256(text);
  result.outputs = hash::sha256("outputs of " + text);
  result.created_ms = 1'700'000'000'000 + text.size();
  result.bytes = 1'000'000'000'000;
  result.duration_ms = 4'000'000'000;
  return result;
}

}  // namespace

TEST_CASE("results: set, found, erased", "[incremental][results]") {
  Results results;
  CHECK_FALSE(results.find("build"));
  results.set("build", result_of("a"));
  REQUIRE(results.find("build"));
  CHECK(results.find("build")->key == hash::sha256("a"));
  CHECK_FALSE(results.find("buil"));
  results.erase("build");
  CHECK_FALSE(results.find("build"));
}

TEST_CASE("results: what was not kept is never a key, and knows what was before",
          "[incremental][results]") {
  Results results;
  results.set("build", result_of("a"));
  for (const Outcome outcome : {Outcome::failed, Outcome::moved}) {
    results.set_not_kept("build", outcome, 5);
    const auto last = results.find("build");
    REQUIRE(last);
    CHECK(last->key.is_zero());
    CHECK(last->outputs.is_zero());
    CHECK(last->before == hash::sha256("a"));
    CHECK(last->outcome == outcome);
    CHECK(outcome_of_name(outcome_name(outcome)) == outcome);
  }
  results.set_not_kept("new", Outcome::failed, 5);
  CHECK(results.find("new")->before.is_zero());
  CHECK(outcome_name(static_cast<Outcome>(99)) == "unknown");
}

TEST_CASE("results: erasing what is not there changes nothing", "[incremental][results]") {
  Results results;
  results.erase("build");
  CHECK_FALSE(results.changed());
}

TEST_CASE("results: packed and loaded again, against a map", "[incremental][results]") {
  std::mt19937 random(7);
  std::map<std::string, LastResult> expected;
  std::string packed;
  for (int round = 0; round < 20; ++round) {
    Results results;
    results.load(packed);
    for (int i = 0; i < 30; ++i) {
      const std::string task = "task " + std::to_string(random() % 100);
      if (random() % 3 == 0) {
        results.erase(task);
        expected.erase(task);
      } else {
        const LastResult result = result_of(task + std::to_string(random()));
        results.set(task, result);
        expected[task] = result;
      }
    }
    packed = results.pack();
    Results again;
    again.load(packed);
    REQUIRE(again.size() == expected.size());
    for (int i = 0; i < 100; ++i) {
      const std::string task = "task " + std::to_string(i);
      const auto found = again.find(task);
      REQUIRE(found.has_value() == expected.contains(task));
      if (found) {
        CHECK(found->key == expected[task].key);
        CHECK(found->outputs == expected[task].outputs);
        CHECK(found->created_ms == expected[task].created_ms);
        CHECK(found->bytes == expected[task].bytes);
        CHECK(found->duration_ms == expected[task].duration_ms);
      }
    }
  }
}

TEST_CASE("results: what was cut off counts as empty", "[incremental][results]") {
  Results results;
  for (int i = 0; i < 5; ++i) results.set("task " + std::to_string(i), result_of("x"));
  const std::string packed = results.pack();
  for (std::size_t size = 0; size < packed.size(); ++size) {
    Results cut;
    cut.load(std::string_view(packed).substr(0, size));
    CHECK(cut.size() == 0);
    CHECK_FALSE(cut.find("task 1"));
  }
}
