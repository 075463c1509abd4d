// SPDX-License-Identifier: MIT
#include "lua/ref.h"

#include "lua/plugin_clock.h"
#include "lua/state.h"

namespace ggen::lua {

namespace {
// Lua runs on one thread only, so a plain counter will do.
int live_refs = 0;
}  // namespace

Ref::Ref(lua_State* L, int index) : state_(main_state(L)), owner_(handed_over_by()) {
  lua_pushvalue(L, index);
  slot_ = luaL_ref(L, LUA_REGISTRYINDEX);
  ++live_refs;
}

void Ref::reset() {
  if (slot_ == LUA_NOREF) return;
  luaL_unref(state_, LUA_REGISTRYINDEX, std::exchange(slot_, LUA_NOREF));
  --live_refs;
}

int Ref::live() { return live_refs; }

}  // namespace ggen::lua
