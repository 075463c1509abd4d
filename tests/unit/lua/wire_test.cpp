// SPDX-License-Identifier: MIT
#include "lua/wire.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <random>

#include "lua/state.h"

using namespace ggen::lua;

namespace {

std::string encode(lua_State* L, const char* expression) {
  const std::string chunk = std::string("return ") + expression;
  const int top = lua_gettop(L);
  REQUIRE(luaL_dostring(L, chunk.c_str()) == 0);
  std::string bytes;
  REQUIRE(wire_encode(L, bytes, top + 1, lua_gettop(L), {}) == nullptr);
  lua_settop(L, top);
  return bytes;
}

}  // namespace

TEST_CASE("any bytes are values or are refused, and leave the stack as it was") {
  State state({}, nullptr);
  lua_State* L = state.get();
  const std::string seeds[] = {
      encode(L, "1, 'text', { 1, 2.5, { a = { b = {} } }, [false] = -70000 }, nil, true"),
      encode(L, "{ ('x'):rep(300), { {}, {}, {} }, n = -1e300 }"),
  };
  std::mt19937 random(7);
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  int taken = 0;
  for (int round = 0; round < 30'000; ++round) {
    // On the heap and of its exact size, for the sanitizer.
    std::string bytes = seeds[below(2)];
    for (std::size_t i = below(4) + 1; i > 0; --i) {
      bytes[below(bytes.size())] = static_cast<char>(below(2) == 0 ? below(12) : below(256));
    }
    if (below(4) == 0) bytes.resize(below(bytes.size()) + 1);
    const auto exact = std::make_unique<char[]>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), exact.get());
    std::string wrong;
    const int top = lua_gettop(L);
    const int count = wire_decode(L, {exact.get(), bytes.size()}, {}, wrong);
    REQUIRE(lua_gettop(L) == top + (count < 0 ? 0 : count));
    REQUIRE((count >= 0) == wrong.empty());
    if (count >= 0) {
      ++taken;
      std::string again;
      // What holds nulls of JSON cannot be passed here: the module is not there.
      wire_encode(L, again, top + 1, top + count, {});
    }
    lua_settop(L, top);
  }
  CHECK(taken > 0);
  CHECK(taken < 30'000);
}

TEST_CASE("a reference that the other side does not know is one of the bytes") {
  State state({}, nullptr);
  lua_State* L = state.get();
  REQUIRE(luaL_dostring(L,
                        "return {}, function() return false, 7, 'x' end,"
                        " function() error('unknown') end") == 0);
  WireHooks hooks;
  hooks.known = 1;
  hooks.name = 2;
  hooks.find = 3;
  lua_getglobal(L, "print");
  std::string bytes, wrong;
  REQUIRE(wire_encode(L, bytes, 4, 4, hooks) == nullptr);
  CHECK(wire_decode(L, bytes, hooks, wrong) < 0);
  CHECK(wrong.find("unknown") != std::string::npos);
  CHECK(lua_gettop(L) == 4);
}
