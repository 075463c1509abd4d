// The graph (bind_graph.cpp) and the plan (bind_plan.cpp) as arguments of other bindings.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>
#include <memory>

#include "graph/plan.h"
#include "lua/task_ids.h"

namespace ggen::lua {

// Each raises a Lua error that names the argument when the value is something else.
std::shared_ptr<const graph::Graph> check_graph(lua_State* L, int index);  // frozen
graph::Plan& check_plan(lua_State* L, int index);

}  // namespace ggen::lua
