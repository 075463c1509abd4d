// Sinks (process/sink.h) as Lua values, for the bindings that take one as an argument.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>
#include <memory>

#include "process/sink.h"

namespace ggen::lua {

// Raises a Lua error that names the argument when the value is no sink (a Log, or what lines(),
// raw(), callback() and tee() return).
std::shared_ptr<process::Sink> check_sink(lua_State* L, int index);

// Pushes a sink as a Lua value.
void push_new_sink(lua_State* L, std::shared_ptr<process::Sink> sink);

}  // namespace ggen::lua
