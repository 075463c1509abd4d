// Names of signals as Lua sees them: "TERM", "KILL", or the number where there is no name.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>

namespace ggen::lua {

// "TERM", "SIGTERM" or a number; raises a Lua error for anything else.
int check_signal(lua_State* L, int index);
// Pushes "TERM"; "34" for a signal without a name.
void push_signal(lua_State* L, int number);

}  // namespace ggen::lua
