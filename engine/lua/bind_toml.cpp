// ggen.core.toml: TOML text to Lua values.
//
// Dates and times become strings as RFC 3339 has them. Integers beyond 2^53 lose their last digits,
// as all numbers of Lua do.
// SPDX-License-Identifier: MIT
#include <string_view>

#include "lua/call.h"
#include "lua/toml.h"

namespace ggen::lua {

int open_toml(lua_State* L);

namespace {

// ---- functions ----

std::string_view check_text(lua_State* L, int index) {
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(L, index, &size);
  return {bytes, size};
}

// decode(text) -> table | nil, message with line and column, "invalid" or "limit"
int toml_decode(lua_State* L) {
  const auto decoded = decode_toml(L, check_text(L, 1));
  return decoded ? 1 : push_error(L, decoded.error());
}

// decode_placed(text) -> table, places | nil, message with line and column, "invalid" or "limit"
int toml_decode_placed(lua_State* L) {
  const auto decoded = decode_toml_placed(L, check_text(L, 1));
  return decoded ? 2 : push_error(L, decoded.error());
}

constexpr luaL_Reg kFunctions[] = {
    {"decode", toml_decode}, {"decode_placed", toml_decode_placed}, {nullptr, nullptr}};

}  // namespace

int open_toml(lua_State* L) {
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  lua_pushnumber(L, kTomlColumns);
  lua_setfield(L, -2, "columns");
  return 1;
}

}  // namespace ggen::lua
