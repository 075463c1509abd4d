// SPDX-License-Identifier: MIT
#include "lua/task_ids.h"

#include <cmath>

namespace ggen::lua {

using graph::Graph;
using graph::TaskId;

namespace {

// The number at `index`, which is on top of the stack or argument `argument`.
TaskId check_at(lua_State* L, const Graph& graph, int index, int argument) {
  const double number = lua_tonumber(L, index);
  const bool good = lua_type(L, index) == LUA_TNUMBER && number >= 1 &&
                    number <= static_cast<double>(graph.size()) && number == std::floor(number);
  if (!good) luaL_argerror(L, argument, "expected the id of a task of this graph");
  return static_cast<TaskId>(static_cast<std::uint32_t>(number) - 1);
}

}  // namespace

TaskId check_task_id(lua_State* L, const Graph& graph, int argument) {
  return check_at(L, graph, argument, argument);
}

std::vector<TaskId> check_task_ids(lua_State* L, const Graph& graph, int argument) {
  luaL_checktype(L, argument, LUA_TTABLE);
  const int count = static_cast<int>(lua_objlen(L, argument));
  std::vector<TaskId> ids;
  ids.reserve(static_cast<std::size_t>(count));
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(L, argument, i);
    ids.push_back(check_at(L, graph, -1, argument));
    lua_pop(L, 1);
  }
  return ids;
}

void push_task_id(lua_State* L, TaskId id) {
  lua_pushinteger(L, static_cast<lua_Integer>(graph::index_of(id)) + 1);
}

void push_task_ids(lua_State* L, std::span<const TaskId> ids) {
  lua_createtable(L, static_cast<int>(ids.size()), 0);
  int i = 0;
  for (const TaskId id : ids) {
    push_task_id(L, id);
    lua_rawseti(L, -2, ++i);
  }
}

}  // namespace ggen::lua
