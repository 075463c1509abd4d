// Ids of tasks as Lua has them: numbers from 1 on.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>
#include <span>
#include <vector>

#include "graph/graph.h"

namespace ggen::lua {

// Each raises a Lua error that names the argument when the value is no id of the graph, or no list
// of them.
graph::TaskId check_task_id(lua_State* L, const graph::Graph& graph, int argument);
std::vector<graph::TaskId> check_task_ids(lua_State* L, const graph::Graph& graph, int argument);

void push_task_id(lua_State* L, graph::TaskId id);
void push_task_ids(lua_State* L, std::span<const graph::TaskId> ids);

}  // namespace ggen::lua
