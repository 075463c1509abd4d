// A graph that another binding has made becomes a Lua value (bind_graph.cpp).
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>

#include "graph/graph.h"

namespace ggen::lua {

void push_graph(lua_State* L, graph::Graph graph);
// Raises a Lua error that names the argument when the value is no frozen graph.
const graph::Graph& check_frozen_graph(lua_State* L, int index);

}  // namespace ggen::lua
