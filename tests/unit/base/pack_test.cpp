// SPDX-License-Identifier: MIT
#include "base/pack.h"

#include <catch2/catch.hpp>

using namespace ggen;

TEST_CASE("pack: there and back", "[base][pack]") {
  Packer out;
  out.number(std::uint8_t{200});
  out.number(std::uint32_t{0xdeadbeef});
  out.number(std::uint64_t{1} << 60);
  out.text(std::string_view("a\0b", 3));
  out.digest(Digest{{1, 2, 3}});
  out.raw("end");
  CHECK(out.bytes().substr(1, 4) == "\xef\xbe\xad\xde");
  Unpacker in(out.bytes());
  CHECK(in.number<std::uint8_t>() == 200);
  CHECK(in.number<std::uint32_t>() == 0xdeadbeef);
  CHECK(in.number<std::uint64_t>() == std::uint64_t{1} << 60);
  CHECK(in.text() == std::string_view("a\0b", 3));
  CHECK(in.digest() == Digest{{1, 2, 3}});
  CHECK_FALSE(in.at_end());
  CHECK(in.raw(3) == "end");
  CHECK(in.at_end());
}

TEST_CASE("pack: what was cut off reads as nothing", "[base][pack]") {
  Packer out;
  out.text("hello");
  out.number(std::uint32_t{7});
  for (std::size_t size = 0; size < out.size(); ++size) {
    Unpacker in(std::string_view(out.bytes()).substr(0, size));
    in.text();
    CHECK(in.number<std::uint32_t>() == 0);
    CHECK_FALSE(in.good());
    CHECK(in.digest().is_zero());
    CHECK(in.rest().empty());
  }
}

TEST_CASE("pack: a count that cannot be", "[base][pack]") {
  Unpacker in("12345678");
  CHECK(in.can_hold(2, 4));
  CHECK_FALSE(in.can_hold(UINT64_MAX, 4));
  CHECK_FALSE(in.good());
}
