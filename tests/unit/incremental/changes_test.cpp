// SPDX-License-Identifier: MIT
#include "incremental/changes.h"

#include <catch2/catch.hpp>

using namespace ggen::incremental;

TEST_CASE("changes: none between the same parts", "[incremental][changes]") {
  const std::vector<Part> parts = {{"env", "A", "1"}, {"input", "a.c", "f00"}};
  CHECK(changes(parts, parts).empty());
}

TEST_CASE("changes: another value, new and gone", "[incremental][changes]") {
  const std::vector<Part> before = {
      {"env", "A", "1"}, {"input", "old.c", "f1"}, {"tool", "cc", "x"}};
  const std::vector<Part> after = {
      {"env", "A", "2"}, {"input", "new.c", "f2"}, {"tool", "cc", "x"}};
  const auto found = changes(before, after);
  REQUIRE(found.size() == 3);
  CHECK(found[0].name == "A");
  CHECK(found[0].before == "1");
  CHECK(found[0].after == "2");
  CHECK(found[1].name == "new.c");
  CHECK_FALSE(found[1].before);
  CHECK(found[2].name == "old.c");
  CHECK_FALSE(found[2].after);
}

TEST_CASE("changes: several parts of one name", "[incremental][changes]") {
  const std::vector<Part> before = {{"plugin", "p", "1"}, {"plugin", "p", "2"}};
  const std::vector<Part> after = {
      {"plugin", "p", "1"}, {"plugin", "p", "3"}, {"plugin", "p", "4"}};
  const auto found = changes(before, after);
  REQUIRE(found.size() == 2);
  CHECK(found[0].before == "2");
  CHECK(found[0].after == "3");
  CHECK_FALSE(found[1].before);
}

TEST_CASE("changes: a kind and a name do not run together", "[incremental][changes]") {
  const std::vector<Part> before = {{"env", "ab", "1"}};
  const std::vector<Part> after = {{"enva", "b", "1"}};
  CHECK(changes(before, after).size() == 2);
}
