// SPDX-License-Identifier: MIT
#include "watch/names.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>

using ggen::watch::Names;

TEST_CASE("names: a set, whatever comes and goes", "[watch]") {
  const auto seed = GENERATE(1U, 2U, 3U);
  std::mt19937 random(seed);
  Names names;
  std::set<std::string> truth;
  CHECK_FALSE(names.remove("none"));
  for (int i = 0; i < 5000; ++i) {
    const std::string name = std::to_string(random() % 300);
    if (random() % 2 == 0) {
      REQUIRE(names.add(name) == truth.insert(name).second);
    } else {
      REQUIRE(names.remove(name) == (truth.erase(name) == 1));
    }
    REQUIRE(names.size() == truth.size());
  }
}
