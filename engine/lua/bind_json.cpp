// ggen.core.json: JSON text from and to Lua values (lua/json.h does the work).
//
// null is a value of its own, because nil in a table is no value. Tables that come from arrays are
// marked, so that an empty one is written as [] again; array(t) marks a table.
// SPDX-License-Identifier: MIT
#include <lua.hpp>

#include "lua/call.h"
#include "lua/json.h"

namespace ggen::lua {

int open_json(lua_State* L);

namespace {

constexpr const char* kNull = "ggen.json.null";
constexpr const char* kArray = "ggen.json.array";

// decode(text) -> value | nil, message, "invalid" or "limit"
int json_decode(lua_State* L) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(L, 1, &size);
  const auto result = decode_json(L, {text, size});
  return result ? 1 : push_error(L, result.error());
}

JsonStyle check_style(lua_State* L, int index) {
  JsonStyle style;
  if (lua_isnoneornil(L, index)) return style;
  luaL_checktype(L, index, LUA_TTABLE);
  lua_getfield(L, index, "indent");
  const lua_Number indent = lua_isnil(L, -1) ? 0 : lua_tonumber(L, -1);
  luaL_argcheck(L, lua_isnil(L, -1) || lua_isnumber(L, -1), index, "indent: a number expected");
  luaL_argcheck(L, indent >= 0 && indent <= 16, index, "indent: 0 to 16 expected");
  style.indent = static_cast<int>(indent);
  lua_getfield(L, index, "invalid_utf8");
  if (!lua_isnil(L, -1)) {
    const std::string_view choice = lua_isstring(L, -1) ? lua_tostring(L, -1) : "";
    luaL_argcheck(L, choice == "replace" || choice == "refuse", index,
                  "invalid_utf8: \"refuse\" or \"replace\" expected");
    if (choice == "replace") style.invalid_utf8 = InvalidUtf8::replace;
  }
  lua_pop(L, 2);
  return style;
}

// encode(value [, { indent = 0 to 16, invalid_utf8 = "refuse"|"replace" }])
//   -> text | nil, message with the place of the value, "invalid" or "limit"
int json_encode(lua_State* L) {
  luaL_checkany(L, 1);
  const JsonStyle style = check_style(L, 2);
  const auto text = encode_json(L, 1, style);
  if (!text) return push_error(L, text.error());
  lua_pushlstring(L, text->data(), text->size());
  return 1;
}

// array([t]) -> t, marked as an array
int json_array(lua_State* L) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  push_json_array_mark(L);
  lua_setmetatable(L, 1);
  return 1;
}

int null_tostring(lua_State* L) {
  lua_pushliteral(L, "json.null");
  return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"array", json_array}, {"decode", json_decode}, {"encode", json_encode}, {nullptr, nullptr}};

}  // namespace

void push_json_null(lua_State* L) { lua_getfield(L, LUA_REGISTRYINDEX, kNull); }

void push_json_array_mark(lua_State* L) { luaL_getmetatable(L, kArray); }

int open_json(lua_State* L) {
  luaL_newmetatable(L, kArray);
  lua_pop(L, 1);
  lua_newuserdata(L, 0);
  lua_newtable(L);
  lua_pushcfunction(L, null_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushliteral(L, "locked");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_setfield(L, LUA_REGISTRYINDEX, kNull);

  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  push_json_null(L);
  lua_setfield(L, -2, "null");
  return 1;
}

}  // namespace ggen::lua
