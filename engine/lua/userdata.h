// Typed userdata: a C++ object inside a Lua value, with a metatable named after its class.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>
#include <new>
#include <utility>

namespace ggen::lua {

// Specialise for each bound class: template <> inline constexpr const char* kTypeName<X> =
// "ggen.X";
template <class T>
extern const char* const kTypeName;

template <class T>
int destroy(lua_State* L) {
  static_cast<T*>(lua_touserdata(L, 1))->~T();
  // A second call (an explicit __gc) must not find the dead object.
  lua_pushnil(L);
  lua_setmetatable(L, 1);
  return 0;
}

// Makes the metatable of T (once, in `open`): its methods and its finaliser.
template <class T>
void define(lua_State* L, const luaL_Reg* methods) {
  luaL_newmetatable(L, kTypeName<T>);
  lua_newtable(L);
  luaL_register(L, nullptr, methods);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, destroy<T>);
  lua_setfield(L, -2, "__gc");
  lua_pushliteral(L, "locked");
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

// Constructs a T inside a new userdata, which is left on the stack.
template <class T, class... Args>
T& push(lua_State* L, Args&&... args) {
  void* memory = lua_newuserdata(L, sizeof(T));
  T* object = new (memory) T(std::forward<Args>(args)...);
  luaL_getmetatable(L, kTypeName<T>);
  lua_setmetatable(L, -2);
  return *object;
}

// Raises a Lua error that names the expected type when the argument is something else.
template <class T>
T& check(lua_State* L, int index) {
  return *static_cast<T*>(luaL_checkudata(L, index, kTypeName<T>));
}

}  // namespace ggen::lua
