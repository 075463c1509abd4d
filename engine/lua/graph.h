// The graph and the plan (bind_graph.cpp) as arguments of other bindings.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>
#include <memory>

#include "graph/plan.h"

namespace ggen::lua {

// Each raises a Lua error that names the argument when the value is something else.
std::shared_ptr<const graph::Graph> check_graph(lua_State* L, int index);  // frozen
graph::Plan& check_plan(lua_State* L, int index);
graph::TaskId check_task_id(lua_State* L, const graph::Graph& graph, int index);

}  // namespace ggen::lua
