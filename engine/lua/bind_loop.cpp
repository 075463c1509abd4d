// ggen.core.loop: runs the event loop (loop/loop.h).
// SPDX-License-Identifier: MIT
#include "loop/loop.h"

#include <lua.hpp>

#include "lua/state.h"

namespace ggen::lua {

int open_loop(lua_State* L);

namespace {

// run(): returns when nothing is open any more, or after stop(). Only from the main program:
// callbacks run on the main Lua thread, which must not be waiting inside of another call.
int loop_run(lua_State* L) {
  auto& loop = service<loop::Loop>(L);
  if (L != main_state(L)) return luaL_error(L, "loop.run() was called from a coroutine");
  if (loop.running()) return luaL_error(L, "loop.run() was called from a callback of the loop");
  loop.run();
  return 0;
}

// stop(): run() returns after this turn.
int loop_stop(lua_State* L) {
  service<loop::Loop>(L).stop();
  return 0;
}

// alive() -> number of open handles
int loop_alive(lua_State* L) {
  lua_pushinteger(L, service<loop::Loop>(L).open_handles());
  return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"run", loop_run}, {"stop", loop_stop}, {"alive", loop_alive}, {nullptr, nullptr}};

}  // namespace

int open_loop(lua_State* L) {
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
