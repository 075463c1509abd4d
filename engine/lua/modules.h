// The native modules, by name.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>

namespace ggen::lua {

// Puts every ggen.core.* module into package.preload; each is opened by its first require.
void preload_modules(lua_State* L);

}  // namespace ggen::lua
