// ggen.core.frames: where in the user's files the program is. The same can be had from
// debug.getinfo, at the cost of a table for every frame that is looked at: too much for 100,000
// declarations.
// SPDX-License-Identifier: MIT
#include <lua.hpp>
#include <string_view>

namespace ggen::lua {

int open_frames(lua_State* L);

namespace {

// Chunks of the host are named like this (cmake/embed.lua).
constexpr std::string_view kHost = "@ggen:";

// where(level) -> file, line of the innermost frame from `level` up that lies in a file that is not
// the host's; nothing when there is none. 1 is the caller.
int frames_where(lua_State* L) {
  lua_Debug frame{};
  for (int level = static_cast<int>(luaL_checkinteger(L, 1)); lua_getstack(L, level, &frame) == 1;
       ++level) {
    lua_getinfo(L, "Sl", &frame);
    const std::string_view source = frame.source;
    if (!source.starts_with('@') || source.starts_with(kHost)) continue;
    lua_pushlstring(L, source.data() + 1, source.size() - 1);
    lua_pushinteger(L, frame.currentline);
    return 2;
  }
  return 0;
}

constexpr luaL_Reg kFunctions[] = {{"where", frames_where}, {nullptr, nullptr}};

}  // namespace

int open_frames(lua_State* L) {
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
