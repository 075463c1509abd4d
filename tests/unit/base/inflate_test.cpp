// SPDX-License-Identifier: MIT
#include "base/inflate.h"

#include <catch2/catch.hpp>
#include <string>

using namespace ggen;

namespace {

// "abc" a hundred times, deflated by zlib at level 9.
std::string stream() {
  using namespace std::string_literals;
  return "\x78\xda\x4b\x4c\x4a\x4e\x1c\x45\xc4\x21\x00\x88\x4d\x72\xd9"s;
}

bool inflates(const std::string& stream, std::size_t size, std::string* out = nullptr) {
  std::string bytes(size, '?');
  const bool ok = inflate(stream, bytes);
  if (out != nullptr) *out = bytes;
  return ok;
}

}  // namespace

TEST_CASE("inflate gives back what was deflated") {
  std::string out;
  REQUIRE(inflates(stream(), 300, &out));
  std::string expected;
  for (int i = 0; i < 100; ++i) expected += "abc";
  REQUIRE(out == expected);
}

TEST_CASE("inflate refuses another size, a stream that is cut off, and none") {
  REQUIRE_FALSE(inflates(stream(), 299));
  REQUIRE_FALSE(inflates(stream(), 301));
  REQUIRE_FALSE(inflates(stream(), 0));
  for (std::size_t size = 0; size < stream().size(); ++size) {
    REQUIRE_FALSE(inflates(stream().substr(0, size), 300));
  }
}

TEST_CASE("inflate never takes damage for the original") {
  std::string whole;
  REQUIRE(inflates(stream(), 300, &whole));
  for (std::size_t bit = 0; bit < 8 * stream().size(); ++bit) {
    std::string damaged = stream();
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    std::string out;
    const bool ok = inflates(damaged, 300, &out);
    INFO("bit " << bit);
    REQUIRE((!ok || out == whole));
  }
}
