// A graph that another binding has made becomes a Lua value (bind_graph.cpp), and so does a plan of
// one (bind_plan.cpp).
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>
#include <memory>
#include <vector>

#include "graph/graph.h"

namespace ggen::lua {

void push_graph(lua_State* L, graph::Graph graph);
// Raises a Lua error that names the argument when the value is no frozen graph.
const graph::Graph& check_frozen_graph(lua_State* L, int index);

// Before the first plan of a Lua state.
void define_plan(lua_State* L);
// A plan of these tasks and all that they need.
void push_plan(lua_State* L, std::shared_ptr<const graph::Graph> graph,
               const std::vector<graph::TaskId>& wanted);

}  // namespace ggen::lua
