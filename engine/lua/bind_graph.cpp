// ggen.core.graph: the graph of tasks (graph/graph.h). Its other part, the plan of a run, is
// bind_plan.cpp.
// SPDX-License-Identifier: MIT
#include <lua.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "graph/graph.h"
#include "graph/name_index.h"
#include "lua/graph.h"
#include "lua/push_graph.h"
#include "lua/task_ids.h"
#include "lua/userdata.h"

namespace ggen::lua {

using graph::EdgeKind;
using graph::Graph;
using graph::Link;
using graph::PoolId;
using graph::RunOn;
using graph::TaskId;

int open_graph(lua_State* L);

namespace {

struct LuaGraph {
  std::shared_ptr<Graph> graph = std::make_shared<Graph>();
  std::optional<graph::NameIndex> index;  // made by the first find()
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaGraph> = "ggen.Graph";

namespace {

Graph& check_open(lua_State* L) {
  Graph& graph = *check<LuaGraph>(L, 1).graph;
  if (graph.frozen()) luaL_error(L, "the graph is frozen");
  return graph;
}

const Graph& check_frozen(lua_State* L) {
  const Graph& graph = *check<LuaGraph>(L, 1).graph;
  if (!graph.frozen()) luaL_error(L, "the graph is not frozen yet");
  return graph;
}

void push_name(lua_State* L, const Graph& graph, TaskId id) {
  const std::string_view name = graph.name(id);
  lua_pushlstring(L, name.data(), name.size());
}

// The links of one kind: argument 3 is "needs" (the default) or "after".
void push_links(lua_State* L, std::span<const Link> links) {
  static constexpr const char* kKinds[] = {"needs", "after", nullptr};
  const EdgeKind kind =
      luaL_checkoption(L, 3, "needs", kKinds) == 0 ? EdgeKind::need : EdgeKind::after;
  lua_newtable(L);
  int count = 0;
  for (const Link& link : links) {
    if (link.kind() != kind) continue;
    push_task_id(L, link.task());
    lua_rawseti(L, -2, ++count);
  }
}

// new() -> Graph
int graph_new(lua_State* L) {
  push<LuaGraph>(L);
  return 1;
}

// graph:add(name [, pool name or {pool=, always=}]) -> id
int graph_add(lua_State* L) {
  Graph& graph = check_open(L);
  std::size_t size = 0;
  const char* name = luaL_checklstring(L, 2, &size);
  RunOn run_on = RunOn::success;
  PoolId pool = Graph::kNoPool;
  lua_settop(L, 3);
  if (lua_istable(L, 3)) {
    lua_getfield(L, 3, "always");
    if (lua_toboolean(L, -1)) run_on = RunOn::always;
    lua_getfield(L, 3, "pool");
    lua_replace(L, 3);
  }
  if (!lua_isnil(L, 3)) pool = graph.pool(luaL_checkstring(L, 3));
  push_task_id(L, graph.add({name, size}, pool, run_on));
  return 1;
}

// graph:edge(before, after [, "after"])
int graph_edge(lua_State* L) {
  Graph& graph = check_open(L);
  const TaskId before = check_task_id(L, graph, 2);
  const TaskId after = check_task_id(L, graph, 3);
  static constexpr const char* kKinds[] = {"need", "after", nullptr};
  const int kind = luaL_checkoption(L, 4, "need", kKinds);
  graph.edge(before, after, static_cast<EdgeKind>(kind));
  return 0;
}

// graph:pool(name, size)
int graph_pool(lua_State* L) {
  Graph& graph = check_open(L);
  const char* name = luaL_checkstring(L, 2);
  const double size = luaL_checknumber(L, 3);
  luaL_argcheck(L, size >= 1 && size < Graph::kUnlimited, 3, "a pool has room for at least one");
  graph.resize(graph.pool(name), static_cast<std::uint32_t>(size));
  return 0;
}

// graph:freeze() -> true | nil, message, "cycle", names of which each waits for the next
int graph_freeze(lua_State* L) {
  Graph& graph = check_open(L);
  const std::optional<graph::Cycle> cycle = graph.freeze();
  if (!cycle) {
    lua_pushboolean(L, 1);
    return 1;
  }
  const std::string message = "cycle: " + describe(graph, *cycle);
  lua_pushnil(L);
  lua_pushlstring(L, message.data(), message.size());
  lua_pushliteral(L, "cycle");
  lua_createtable(L, static_cast<int>(cycle->size()), 0);
  int i = 0;
  for (const TaskId id : *cycle) {
    push_name(L, graph, id);
    lua_rawseti(L, -2, ++i);
  }
  return 4;
}

// graph:thawed() -> Graph, a copy that takes more edges
int graph_thawed(lua_State* L) {
  const Graph& graph = check_frozen(L);
  *push<LuaGraph>(L).graph = graph.thawed();
  return 1;
}

// graph:size() -> number of tasks
int graph_size(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(check<LuaGraph>(L, 1).graph->size()));
  return 1;
}

// graph:name(id) -> name
int graph_name(lua_State* L) {
  const Graph& graph = *check<LuaGraph>(L, 1).graph;
  push_name(L, graph, check_task_id(L, graph, 2));
  return 1;
}

// graph:find(name) -> id | nil
int graph_find(lua_State* L) {
  auto& bound = check<LuaGraph>(L, 1);
  std::size_t size = 0;
  const char* name = luaL_checklstring(L, 2, &size);
  if (!bound.index || bound.index->size() != bound.graph->size()) bound.index.emplace(*bound.graph);
  const auto id = bound.index->find({name, size});
  if (id)
    push_task_id(L, *id);
  else
    lua_pushnil(L);
  return 1;
}

// graph:needs(id [, "needs" | "after"]) -> ids
int graph_needs(lua_State* L) {
  const Graph& graph = check_frozen(L);
  push_links(L, graph.needs(check_task_id(L, graph, 2)));
  return 1;
}

// graph:dependents(id [, "needs" | "after"]) -> ids
int graph_dependents(lua_State* L) {
  const Graph& graph = check_frozen(L);
  push_links(L, graph.dependents(check_task_id(L, graph, 2)));
  return 1;
}

// graph:plan([ids]) -> Plan of these tasks and all they need, or of all tasks
int graph_plan(lua_State* L) {
  const Graph& graph = check_frozen(L);
  const auto wanted = lua_isnoneornil(L, 2)
                          ? std::vector<TaskId>(graph.order().begin(), graph.order().end())
                          : check_task_ids(L, graph, 2);
  push_plan(L, check<LuaGraph>(L, 1).graph, wanted);
  return 1;
}

constexpr luaL_Reg kGraphMethods[] = {{"add", graph_add},     {"edge", graph_edge},
                                      {"pool", graph_pool},   {"freeze", graph_freeze},
                                      {"size", graph_size},   {"name", graph_name},
                                      {"needs", graph_needs}, {"dependents", graph_dependents},
                                      {"plan", graph_plan},   {"thawed", graph_thawed},
                                      {"find", graph_find},   {nullptr, nullptr}};

constexpr luaL_Reg kFunctions[] = {{"new", graph_new}, {nullptr, nullptr}};

}  // namespace

std::shared_ptr<const Graph> check_graph(lua_State* L, int index) {
  const auto& graph = check<LuaGraph>(L, index).graph;
  luaL_argcheck(L, graph->frozen(), index, "the graph is not frozen yet");
  return graph;
}

void push_graph(lua_State* L, Graph graph) { *push<LuaGraph>(L).graph = std::move(graph); }

const Graph& check_frozen_graph(lua_State* L, int index) {
  const Graph& graph = *check<LuaGraph>(L, index).graph;
  luaL_argcheck(L, graph.frozen(), index, "the graph is not frozen yet");
  return graph;
}

int open_graph(lua_State* L) {
  define<LuaGraph>(L, kGraphMethods);
  define_plan(L);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
