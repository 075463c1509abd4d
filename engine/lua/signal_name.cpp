// SPDX-License-Identifier: MIT
#include "lua/signal_name.h"

#include <csignal>
#include <cstring>
#include <string_view>

#include "loop/signal.h"

namespace ggen::lua {

int check_signal(lua_State* L, int index) {
  if (lua_type(L, index) == LUA_TNUMBER) {
    const auto number = static_cast<int>(lua_tointeger(L, index));
    luaL_argcheck(L, number >= 0 && number < loop::kSignalLimit, index, "no such signal");
    return number;
  }
  std::string_view name = luaL_checkstring(L, index);
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (int number = 1; number < loop::kSignalLimit; ++number) {
    const char* known = sigabbrev_np(number);
    if (known != nullptr && name == known) return number;
  }
  return luaL_argerror(L, index, "no such signal");
}

void push_signal(lua_State* L, int number) {
  if (const char* name = sigabbrev_np(number)) {
    lua_pushstring(L, name);
  } else {
    lua_pushfstring(L, "%d", number);
  }
}

}  // namespace ggen::lua
