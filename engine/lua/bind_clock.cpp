// ggen.core.clock: the two clocks. Durations come from monotonic(), points in time from unix().
// SPDX-License-Identifier: MIT
#include <ctime>
#include <lua.hpp>

namespace ggen::lua {

int open_clock(lua_State* L);

namespace {

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// monotonic() -> seconds since some fixed point
int clock_monotonic(lua_State* L) {
  lua_pushnumber(L, seconds(CLOCK_MONOTONIC));
  return 1;
}

// unix() -> seconds since 1970-01-01 UTC
int clock_unix(lua_State* L) {
  lua_pushnumber(L, seconds(CLOCK_REALTIME));
  return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"monotonic", clock_monotonic}, {"unix", clock_unix}, {nullptr, nullptr}};

}  // namespace

int open_clock(lua_State* L) {
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
