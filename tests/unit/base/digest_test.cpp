// SPDX-License-Identifier: MIT
#include "base/digest.h"

#include <catch2/catch.hpp>

using ggen::Digest;

TEST_CASE("digest: hexadecimal there and back", "[base][digest]") {
  Digest digest;
  for (std::size_t i = 0; i < Digest::kSize; ++i)
    digest.bytes[i] = static_cast<std::uint8_t>(i * 9);
  const std::string hex = digest.hex();
  CHECK(hex.size() == 64);
  CHECK(hex.substr(0, 8) == "0009121b");
  CHECK(Digest::parse(hex) == digest);
  CHECK(Digest::parse(std::string(64, 'F'))->hex() == std::string(64, 'f'));
  CHECK(Digest().is_zero());
  CHECK_FALSE(digest.is_zero());
}

TEST_CASE("digest: what is no digest", "[base][digest]") {
  CHECK_FALSE(Digest::parse(""));
  CHECK_FALSE(Digest::parse(std::string(63, '0')));
  CHECK_FALSE(Digest::parse(std::string(65, '0')));
  CHECK_FALSE(Digest::parse(std::string(63, '0') + "g"));
  CHECK_FALSE(Digest::parse(std::string(63, '0') + std::string(1, '\0')));
}
