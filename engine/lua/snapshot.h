// The snapshot of a project (bind_snapshot.cpp) as an argument of other bindings.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>
#include <memory>

#include "state/snapshot.h"

namespace ggen::lua {

// Raises a Lua error that names the argument when the value is something else.
std::shared_ptr<const state::Snapshot> check_snapshot(lua_State* L, int index);

}  // namespace ggen::lua
