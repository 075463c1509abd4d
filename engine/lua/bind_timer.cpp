// ggen.core.timer: calls back after a time (loop/timer.h).
// SPDX-License-Identifier: MIT
#include "loop/timer.h"

#include <lua.hpp>
#include <optional>

#include "lua/call.h"
#include "lua/ref.h"
#include "lua/state.h"
#include "lua/userdata.h"

namespace ggen::lua {

int open_timer(lua_State* L);

namespace {

struct LuaTimer {
  std::optional<loop::Timer> timer;
  Ref callback;
  Ref self;  // a running timer is not collected

  void close() {
    timer.reset();
    callback.reset();
    self.reset();
  }
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaTimer> = "ggen.Timer";

namespace {

void fire(LuaTimer& timer, loop::Repeat repeat) {
  if (repeat == loop::Repeat::yes) return call_back(timer.callback, 0);
  // The callback finds the timer closed, and may be the last that knows of it.
  const Ref self = std::move(timer.self);
  const Ref callback = std::move(timer.callback);
  timer.close();
  call_back(callback, 0);
}

// start(seconds, callback [, {every=true}]) -> Timer
int timer_start(lua_State* L) {
  const double seconds = luaL_checknumber(L, 1);
  luaL_argcheck(L, seconds >= 0, 1, "a time of zero or more expected");
  luaL_checktype(L, 2, LUA_TFUNCTION);
  auto repeat = loop::Repeat::no;
  if (!lua_isnoneornil(L, 3)) {
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_getfield(L, 3, "every");
    if (lua_toboolean(L, -1)) repeat = loop::Repeat::yes;
    lua_pop(L, 1);
  }
  auto& timer = push<LuaTimer>(L);
  timer.callback = Ref(L, 2);
  timer.self = Ref(L, -1);
  timer.timer.emplace(service<loop::Loop>(L));
  timer.timer->start(
      seconds, [&timer, repeat] { fire(timer, repeat); }, repeat);
  return 1;
}

// timer:close(): its callback is not called any more.
int timer_close(lua_State* L) {
  check<LuaTimer>(L, 1).close();
  return 0;
}

constexpr luaL_Reg kMethods[] = {{"close", timer_close}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"start", timer_start}, {nullptr, nullptr}};

}  // namespace

int open_timer(lua_State* L) {
  define<LuaTimer>(L, kMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
