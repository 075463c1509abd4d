// The part of ggen.core.incremental that answers "why": what differs between two keys, and which
// stored result a key is compared with.
// SPDX-License-Identifier: MIT
#include <lua.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "incremental/changes.h"
#include "lua/cache_tables.h"
#include "lua/incremental.h"
#include "lua/state.h"

namespace ggen::lua {

using graph::TaskId;

namespace {

int push_changes(lua_State* L, const std::vector<incremental::Change>& list) {
  lua_createtable(L, static_cast<int>(list.size()), 0);
  int count = 0;
  for (const incremental::Change& change : list) {
    lua_createtable(L, 0, 4);
    set_field(L, "kind", change.kind);
    set_field(L, "name", change.name);
    if (change.before) set_field(L, "before", *change.before);
    if (change.after) set_field(L, "after", *change.after);
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

// changes(action?, action) -> { { kind=, name=, before=, after= }, ... }
int changes_between(lua_State* L) {
  const std::vector<cache::Part> none;
  const bool first = !lua_isnoneornil(L, 1);
  return push_changes(L, incremental::changes(first ? check<LuaAction>(L, 1).action->parts : none,
                                              check<LuaAction>(L, 2).action->parts));
}

// assessor:changes(id, action?, cb): cb{ { kind=, name=, before=, after= }, ... }: what differs
// between the key of the action and the task's; all parts without an action.
int assessor_changes(lua_State* L) {
  const TaskId task = check_task_id(L, *check_assessor(L).session->graph, 2);
  std::shared_ptr<cache::Action> action;
  if (!lua_isnoneornil(L, 3)) action = check<LuaAction>(L, 3).action;
  return queue(
      L, 4, [task](Session& session) { return session.assessor->is_quick(task); },
      [task, action](Session& session) -> Result<std::vector<incremental::Change>> {
        GGEN_TRY_ASSIGN(const auto parts, session.assessor->parts(task));
        const std::vector<cache::Part> none;
        return incremental::changes(action ? action->parts : none, parts);
      },
      push_changes);
}

// assessor:nearest(id, limit, cb): cb(action), or cb(false): the stored result that the key of the
// task is compared with when this checkout has none (cache/nearest.h)
int assessor_nearest(lua_State* L) {
  const TaskId task = check_task_id(L, *check_assessor(L).session->graph, 2);
  const auto limit = static_cast<std::size_t>(luaL_checkinteger(L, 3));
  check_cache(L);
  const auto has_none = [task](Session& session) {
    return session.nearest->has_none(session.graph->name(task));
  };
  return queue(
      L, 4, has_none,
      [task, limit, has_none](Session& session) -> Result<std::optional<cache::Action>> {
        if (has_none(session)) return std::optional<cache::Action>();
        const incremental::Assessor& assessor = *session.assessor;
        GGEN_TRY_ASSIGN(const auto parts, session.assessor->parts(task));
        return session.nearest->find(session.graph->name(task), parts, assessor.key(task), limit);
      },
      push_action);
}

// assessor:eviction(key, cb): cb{ time=, policy=, reason=, ... } or cb(false): how the result of
// the key went, if it was evicted
int assessor_eviction(lua_State* L) {
  const Digest key = check_digest(L, 2);
  return start(
      L, 3, false, [key](Session& session) { return cache::eviction(session.cache->journal, key); },
      [](lua_State* main, std::optional<cache::Record>& record) {
        if (record)
          push_eviction(main, *record);
        else
          lua_pushboolean(main, 0);
        return 1;
      });
}

constexpr luaL_Reg kMethods[] = {{"changes", assessor_changes},
                                 {"nearest", assessor_nearest},
                                 {"eviction", assessor_eviction},
                                 {nullptr, nullptr}};

}  // namespace

const luaL_Reg* change_methods() { return kMethods; }

void add_change_functions(lua_State* L) {
  lua_pushcfunction(L, changes_between);
  lua_setfield(L, -2, "changes");
}

}  // namespace ggen::lua
