// ggen.core.env: what the program was started with: its environment and the processors that it may
// use. Both are read, never changed.
// SPDX-License-Identifier: MIT
#include <cstring>
#include <lua.hpp>
#include <sched.h>
#include <unistd.h>

namespace ggen::lua {

int open_env(lua_State* L);

namespace {

// all() -> table of names and values
int env_all(lua_State* L) {
  lua_newtable(L);
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const char* equals = std::strchr(*entry, '=');
    if (equals == nullptr) continue;
    lua_pushlstring(L, *entry, static_cast<std::size_t>(equals - *entry));
    lua_pushstring(L, equals + 1);
    lua_rawset(L, -3);
  }
  return 1;
}

// cpus() -> how many processors this process may use
int env_cpus(lua_State* L) {
  cpu_set_t set;
  const bool known = sched_getaffinity(0, sizeof set, &set) == 0;
  lua_pushinteger(L, known ? CPU_COUNT(&set) : 1);
  return 1;
}

constexpr luaL_Reg kFunctions[] = {{"all", env_all}, {"cpus", env_cpus}, {nullptr, nullptr}};

}  // namespace

int open_env(lua_State* L) {
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
