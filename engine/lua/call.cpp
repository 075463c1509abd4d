// SPDX-License-Identifier: MIT
#include "lua/call.h"

#include "lua/plugin_clock.h"

namespace ggen::lua {

namespace {

// Message handler: makes a text of any error value and adds the traceback to it.
int traceback(lua_State* L) {
  if (lua_type(L, 1) != LUA_TSTRING) {
    if (luaL_callmeta(L, 1, "__tostring") == 0) {
      lua_pushfstring(L, "(an error object of type %s)", luaL_typename(L, 1));
    }
    lua_replace(L, 1);
    lua_settop(L, 1);
  }
  luaL_traceback(L, L, lua_tostring(L, 1), 1);
  return 1;
}

}  // namespace

Result<void> call(lua_State* L, int arguments, int results) {
  const int function = lua_gettop(L) - arguments;
  lua_pushcfunction(L, traceback);
  lua_insert(L, function);
  const int status = lua_pcall(L, arguments, results, function);
  lua_remove(L, function);
  if (status == 0) return {};
  std::size_t size = 0;
  const char* text = lua_tolstring(L, -1, &size);
  Error error{ErrorKind::invalid, text != nullptr ? std::string(text, size) : "(no message)"};
  lua_pop(L, 1);
  return error;
}

void call_back(const Ref& callback, int arguments) {
  lua_State* L = callback.state();
  callback.push(L);
  lua_insert(L, -arguments - 1);
  const HandedOverCall plugins(callback.owner());
  if (auto result = call(L, arguments, 0); !result) callback_raised(callback, result.error());
}

void callback_raised(const Ref& callback, const Error& error) {
  if (callback.owner() != nullptr) plugin_raised(*callback.owner(), error.message);
  report_bug(__FILE__, __LINE__, ("a callback raised: " + error.message).c_str());
}

int push_error(lua_State* L, const Error& error) {
  lua_pushnil(L);
  lua_pushlstring(L, error.message.data(), error.message.size());
  const auto kind = kind_name(error.kind);
  lua_pushlstring(L, kind.data(), kind.size());
  return 3;
}

}  // namespace ggen::lua
