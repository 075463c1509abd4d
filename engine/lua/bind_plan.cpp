// The part of ggen.core.graph that is the plan of a run (graph/plan.h). done(), fail() and the like
// make tables only when there is something to tell.
// SPDX-License-Identifier: MIT
#include <cmath>
#include <lua.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "graph/plan.h"
#include "hash/sha256.h"
#include "lua/graph.h"
#include "lua/push_graph.h"
#include "lua/task_ids.h"
#include "lua/userdata.h"

namespace ggen::lua {

using graph::Graph;
using graph::Plan;
using graph::PoolId;
using graph::RunOn;
using graph::State;
using graph::TaskId;

namespace {

struct LuaPlan {
  LuaPlan(std::shared_ptr<const Graph> of, const std::vector<TaskId>& wanted)
      : graph(std::move(of)), plan(*graph, wanted) {}
  std::shared_ptr<const Graph> graph;  // the plan refers to it
  Plan plan;
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaPlan> = "ggen.Plan";

namespace {

Plan& check_plan(lua_State* L) { return check<LuaPlan>(L, 1).plan; }

// A selected task that has not ended, or for done() one that runs.
TaskId check_task(lua_State* L, const Plan& plan, bool must_run) {
  const TaskId id = check_task_id(L, plan.graph(), 2);
  const State state = plan.state(id);
  const bool good =
      must_run ? state == State::running : state != State::unselected && !has_ended(state);
  if (!good) {
    const std::string name(plan.graph().name(id));
    luaL_error(L, "task '%s' is %s", name.c_str(), state_name(state).data());
  }
  return id;
}

void push_ids_or_nil(lua_State* L, std::span<const TaskId> ids) {
  if (ids.empty())
    lua_pushnil(L);
  else
    push_task_ids(L, ids);
}

// -> skipped or nil, ready or nil
int push_change(lua_State* L, const Plan::Change& change) {
  push_ids_or_nil(L, change.skipped);
  push_ids_or_nil(L, change.ready);
  return 2;
}

int push_optional_id(lua_State* L, std::optional<TaskId> id) {
  if (id)
    push_task_id(L, *id);
  else
    lua_pushnil(L);
  return 1;
}

// plan:again() -> Plan of the same tasks, none of which has begun
int plan_again(lua_State* L) {
  const LuaPlan& plan = check<LuaPlan>(L, 1);
  push<LuaPlan>(L, plan.graph, plan.plan.wanted());
  return 1;
}

// plan:size() -> number of tasks of its graph
int plan_size(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(check_plan(L).graph().size()));
  return 1;
}

// plan:set_io(ids, most_io, most_others): so many of these, and of all others, run at once
int plan_set_io(lua_State* L) {
  Plan& plan = check_plan(L);
  const auto ids = check_task_ids(L, plan.graph(), 2);
  const lua_Integer most_io = luaL_checkinteger(L, 3), most_others = luaL_checkinteger(L, 4);
  luaL_argcheck(L, most_io >= 1, 3, "one or more expected");
  luaL_argcheck(L, most_others >= 1, 4, "one or more expected");
  plan.set_io(ids, static_cast<std::uint32_t>(most_io), static_cast<std::uint32_t>(most_others));
  return 0;
}

// plan:next() -> id | nil
int plan_next(lua_State* L) { return push_optional_id(L, check_plan(L).next()); }

// plan:peek() -> id | nil
int plan_peek(lua_State* L) { return push_optional_id(L, check_plan(L).peek()); }

// plan:put_aside(id): a ready task is passed by until bring_back()
int plan_put_aside(lua_State* L) {
  Plan& plan = check_plan(L);
  const TaskId id = check_task_id(L, plan.graph(), 2);
  luaL_argcheck(L, plan.state(id) == State::ready, 2, "the task is not ready");
  plan.put_aside(id);
  return 0;
}

// plan:bring_back(): all that was put aside
int plan_bring_back(lua_State* L) {
  check_plan(L).bring_back();
  return 0;
}

// plan:set_priority(id, number)
int plan_set_priority(lua_State* L) {
  Plan& plan = check_plan(L);
  const TaskId id = check_task_id(L, plan.graph(), 2);
  const double priority = luaL_checknumber(L, 3);
  luaL_argcheck(L, !std::isnan(priority), 3, "not a number");
  plan.set_priority(id, priority);
  return 0;
}

// plan:done(id) -> ids made ready, or nil
int plan_done(lua_State* L) {
  Plan& plan = check_plan(L);
  push_ids_or_nil(L, plan.done(check_task(L, plan, true)).ready);
  return 1;
}

// plan:fail(id) -> ids skipped or nil, ids made ready or nil
int plan_fail(lua_State* L) {
  Plan& plan = check_plan(L);
  return push_change(L, plan.fail(check_task(L, plan, false)));
}

// plan:skip(id) -> ids made ready, or nil
int plan_skip(lua_State* L) {
  Plan& plan = check_plan(L);
  push_ids_or_nil(L, plan.skip(check_task(L, plan, false)).ready);
  return 1;
}

// plan:satisfy(id) -> ids made ready, or nil
int plan_satisfy(lua_State* L) {
  Plan& plan = check_plan(L);
  push_ids_or_nil(L, plan.satisfy(check_task(L, plan, false)).ready);
  return 1;
}

// plan:digest() -> text that is the same for the same tasks that wait for the same others
int plan_digest(lua_State* L) {
  const Plan& plan = check_plan(L);
  std::string bytes;
  const auto add = [&](const void* data, std::size_t size) {
    bytes.append(static_cast<const char*>(data), size);
  };
  for (const TaskId id : plan.wanted()) {
    const auto links = plan.graph().needs(id);
    const auto count = static_cast<std::uint32_t>(links.size());
    add(&id, sizeof id);
    add(&count, sizeof count);
    add(links.data(), links.size_bytes());
  }
  const std::string hex = hash::sha256(bytes).hex();
  lua_pushlstring(L, hex.data(), hex.size());
  return 1;
}

// plan:hold(id [, whatever]) -> whether a place of its pool was taken; `whatever`: also a missing
// one
int plan_hold(lua_State* L) {
  Plan& plan = check_plan(L);
  const TaskId id = check_task_id(L, plan.graph(), 2);
  const bool any = lua_toboolean(L, 3) != 0;
  lua_pushboolean(L, plan.hold(id, any ? graph::Places::any : graph::Places::free));
  return 1;
}

// plan:release(id): gives back what hold() took, or the place of a task that runs.
int plan_release(lua_State* L) {
  Plan& plan = check_plan(L);
  plan.release(check_task_id(L, plan.graph(), 2));
  return 0;
}

// plan:stop()
int plan_stop(lua_State* L) {
  check_plan(L).stop();
  return 0;
}

// plan:resume([ids]) -> ids skipped or nil, ids made ready or nil
int plan_resume(lua_State* L) {
  Plan& plan = check_plan(L);
  if (lua_isnoneornil(L, 2)) {
    plan.resume();
    return 0;
  }
  return push_change(L, plan.resume(check_task_ids(L, plan.graph(), 2)));
}

// plan:stopped() -> boolean
int plan_stopped(lua_State* L) {
  lua_pushboolean(L, check_plan(L).stopped());
  return 1;
}

// plan:state(id) -> name of the state, or nil for a task that is not selected
int plan_state(lua_State* L) {
  const Plan& plan = check_plan(L);
  const State state = plan.state(check_task_id(L, plan.graph(), 2));
  if (state == State::unselected)
    lua_pushnil(L);
  else
    lua_pushstring(L, state_name(state).data());
  return 1;
}

// plan:counts() -> how many selected tasks are in each state
int plan_counts(lua_State* L) {
  const Plan& plan = check_plan(L);
  lua_createtable(L, 0, graph::kStateCount);
  for (const State state : {State::want, State::ready, State::queued, State::running, State::done,
                            State::failed, State::skipped}) {
    lua_pushinteger(L, static_cast<lua_Integer>(plan.count(state)));
    lua_setfield(L, -2, state_name(state).data());
  }
  return 1;
}

// plan:wanted() -> ids, each after what it waits for
int plan_wanted(lua_State* L) {
  push_task_ids(L, check_plan(L).wanted());
  return 1;
}

int push_count(lua_State* L, State state) {
  lua_pushinteger(L, static_cast<lua_Integer>(check_plan(L).count(state)));
  return 1;
}

// plan:ready_count() -> tasks that next() could hand out now
int plan_ready_count(lua_State* L) { return push_count(L, State::ready); }

// plan:running_count() -> tasks handed out and not ended
int plan_running_count(lua_State* L) { return push_count(L, State::running); }

// plan:finished() -> boolean: all selected tasks have ended
int plan_finished(lua_State* L) {
  lua_pushboolean(L, check_plan(L).finished());
  return 1;
}

constexpr luaL_Reg kPlanMethods[] = {{"again", plan_again},
                                     {"size", plan_size},
                                     {"set_io", plan_set_io},
                                     {"next", plan_next},
                                     {"peek", plan_peek},
                                     {"put_aside", plan_put_aside},
                                     {"bring_back", plan_bring_back},
                                     {"set_priority", plan_set_priority},
                                     {"done", plan_done},
                                     {"fail", plan_fail},
                                     {"skip", plan_skip},
                                     {"satisfy", plan_satisfy},
                                     {"digest", plan_digest},
                                     {"hold", plan_hold},
                                     {"release", plan_release},
                                     {"stop", plan_stop},
                                     {"resume", plan_resume},
                                     {"stopped", plan_stopped},
                                     {"state", plan_state},
                                     {"counts", plan_counts},
                                     {"wanted", plan_wanted},
                                     {"ready_count", plan_ready_count},
                                     {"running_count", plan_running_count},
                                     {"finished", plan_finished},
                                     {nullptr, nullptr}};

}  // namespace

Plan& check_plan(lua_State* L, int index) { return check<LuaPlan>(L, index).plan; }

void push_plan(lua_State* L, std::shared_ptr<const Graph> graph,
               const std::vector<TaskId>& wanted) {
  push<LuaPlan>(L, std::move(graph), wanted);
}

void define_plan(lua_State* L) { define<LuaPlan>(L, kPlanMethods); }

}  // namespace ggen::lua
