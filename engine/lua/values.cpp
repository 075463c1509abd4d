// SPDX-License-Identifier: MIT
#include "lua/values.h"

#include <cmath>

namespace ggen::lua {

namespace {

std::string string_at(lua_State* L, int index) {
  std::size_t size = 0;
  const char* bytes = lua_tolstring(L, index, &size);
  return bytes == nullptr ? std::string() : std::string(bytes, size);
}

}  // namespace

std::string check_string(lua_State* L, int index) {
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(L, index, &size);
  return {bytes, size};
}

std::vector<std::string> check_strings(lua_State* L, int index) {
  luaL_checktype(L, index, LUA_TTABLE);
  std::vector<std::string> list;
  const int count = static_cast<int>(lua_objlen(L, index));
  list.reserve(static_cast<std::size_t>(count));
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(L, index, i);
    list.push_back(string_at(L, -1));
    lua_pop(L, 1);
  }
  return list;
}

void set_field(lua_State* L, const char* name, double value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

void set_field(lua_State* L, const char* name, std::string_view value) {
  lua_pushlstring(L, value.data(), value.size());
  lua_setfield(L, -2, name);
}

std::vector<double> check_numbers(lua_State* L, int index, std::size_t size) {
  luaL_checktype(L, index, LUA_TTABLE);
  std::vector<double> numbers(size, 0);
  for (std::size_t i = 0; i < size; ++i) {
    lua_rawgeti(L, index, static_cast<int>(i) + 1);
    const double number = lua_tonumber(L, -1);
    if (!std::isnan(number)) numbers[i] = number;
    lua_pop(L, 1);
  }
  return numbers;
}

int push_text(lua_State* L, const std::string& value) {
  lua_pushlstring(L, value.data(), value.size());
  return 1;
}

void push_strings(lua_State* L, const std::vector<std::string>& list) {
  lua_createtable(L, static_cast<int>(list.size()), 0);
  int count = 0;
  for (const std::string& text : list) {
    lua_pushlstring(L, text.data(), text.size());
    lua_rawseti(L, -2, ++count);
  }
}

Digest check_digest(lua_State* L, int index) {
  const auto digest = Digest::parse(string_at(L, index));
  if (!digest) luaL_argerror(L, index, "a digest expected (64 hexadecimal digits)");
  return *digest;
}

void set_flag(lua_State* L, const char* name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

}  // namespace ggen::lua
