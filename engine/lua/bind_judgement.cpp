// The part of ggen.core.incremental that judges all tasks of a plan, before anything runs and once
// more at the end.
// SPDX-License-Identifier: MIT
#include <lua.hpp>
#include <vector>

#include "incremental/situation.h"
#include "lua/incremental.h"
#include "lua/state.h"

namespace ggen::lua {

using graph::TaskId;
using incremental::Assessor;
using incremental::LastResult;
using incremental::Standing;

namespace {

// The note with what the next run need not look at (incremental/known.h).
constexpr std::string_view kFreshNote = "fresh";

// assessor:situation(packed) -> digest | nil for bytes of somebody else (incremental/situation.h)
int assessor_situation(lua_State* L) {
  Session& session = check_idle(L);
  const auto digest =
      incremental::digest_situation(check_string(L, 2), session.environment, session.programs);
  session.situation = digest;
  return digest ? push_text(L, digest->hex()) : 0;
}

// Asks the host's policy: function(id, created_ms, duration_ms, bytes) -> whether to serve it.
bool ask(lua_State* L, int policy, TaskId task, const LastResult& last) {
  lua_pushvalue(L, policy);
  push_task_id(L, task);
  lua_pushnumber(L, static_cast<double>(last.created_ms));
  lua_pushnumber(L, last.duration_ms);
  lua_pushnumber(L, static_cast<double>(last.bytes));
  lua_call(L, 4, 1);
  const bool serve = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return serve;
}

void know(Session& session) {
  if (!session.situation) return;
  session.assessor->know(session.tree.note(kFreshNote).value_or(std::string_view()),
                         *session.situation);
}

// { fresh=, idle=, saved= seconds, bytes= } of what the plan has judged
int push_judged(lua_State* L, const Session& session, const graph::Plan& plan) {
  std::size_t fresh = 0;
  std::size_t idle = 0;
  std::uint64_t saved_ms = 0;
  std::uint64_t bytes = 0;
  for (const TaskId task : plan.wanted()) {
    if (session.assessor->standing(task) != Standing::fresh) continue;
    const auto flags = session.assessor->definitions().task(task).flags;
    if ((flags & incremental::kPhase) != 0) continue;
    if ((flags & incremental::kService) != 0) {
      ++idle;
      continue;
    }
    ++fresh;
    if (const auto last = session.results.find(session.graph->name(task))) {
      saved_ms += last->duration_ms;
      bytes += last->bytes;
    }
  }
  lua_createtable(L, 0, 4);
  set_field(L, "fresh", static_cast<double>(fresh));
  set_field(L, "idle", static_cast<double>(idle));
  set_field(L, "saved", static_cast<double>(saved_ms) / 1000);
  set_field(L, "bytes", static_cast<double>(bytes));
  return 1;
}

// assessor:judge(plan, asked ids, policy?) -> { fresh=, saved= seconds, bytes= } | nil, message,
// kind
int assessor_judge(lua_State* L) {
  Session& session = (check_defined(L), check_idle(L));
  const auto& plan = check_plan(L, 2);
  std::vector<bool> asked(session.graph->size(), false);
  luaL_checktype(L, 3, LUA_TTABLE);
  for (int i = 1; i <= static_cast<int>(lua_objlen(L, 3)); ++i) {
    lua_rawgeti(L, 3, i);
    asked[graph::index_of(check_task_id(L, *session.graph, -1))] = true;
    lua_pop(L, 1);
  }
  Assessor::Policy policy;
  if (!lua_isnoneornil(L, 4)) {
    luaL_checktype(L, 4, LUA_TFUNCTION);
    policy = [L](TaskId task, const LastResult& last) { return ask(L, 4, task, last); };
  }
  know(session);
  session.assessor->judge(plan, asked, policy);
  return push_judged(L, session, plan);
}

// assessor:ask(plan, policy) -> whether every result that is in place may still be served, of tasks
// that are known to be as they were.
int assessor_ask(lua_State* L) {
  const Session& session = *check_defined(L);
  luaL_checktype(L, 3, LUA_TFUNCTION);
  bool all = true;
  for (const TaskId task : check_plan(L, 2).wanted()) {
    if ((session.assessor->definitions().task(task).flags & incremental::kCached) == 0) continue;
    const auto last = session.results.find(session.graph->name(task));
    all = last && last->outcome == incremental::Outcome::kept && ask(L, 3, task, *last);
    if (!all) break;
  }
  lua_pushboolean(L, all);
  return 1;
}

// assessor:settle(plan) -> how many tasks are left. Tells the plan of all tasks that are fresh.
int assessor_settle(lua_State* L) {
  Session& session = (check_defined(L), check_idle(L));
  auto& plan = check_plan(L, 2);
  std::size_t left = 0;
  for (const TaskId task : plan.wanted()) {
    if (session.assessor->standing(task) == Standing::fresh)
      plan.satisfy(task);
    else
      ++left;
  }
  lua_pushinteger(L, static_cast<lua_Integer>(left));
  return 1;
}

// assessor:trust(plan): an earlier run found all of it up to date, and nothing changed since.
int assessor_trust(lua_State* L) {
  Session& session = check_idle(L);
  auto& plan = check_plan(L, 2);
  const std::vector<TaskId> order = plan.wanted();
  if (session.assessor) session.assessor->trust(order);
  for (const TaskId task : order) plan.satisfy(task);
  return 0;
}

// assessor:fresh(plan) -> ids of the cached tasks that are up to date
int assessor_fresh(lua_State* L) {
  Session& session = (check_defined(L), check_idle(L));
  lua_newtable(L);
  int count = 0;
  for (const TaskId task : check_plan(L, 2).wanted()) {
    if (session.assessor->standing(task) != Standing::fresh) continue;
    if ((session.assessor->definitions().task(task).flags & incremental::kCached) == 0) continue;
    push_task_id(L, task);
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

// assessor:conclude(plan, looked) -> { fresh=, idle=, saved=, bytes= } when nothing is left to do,
// or nil. At the end: writes down what the next run need not look at. `looked`: something has
// looked at files since judge().
int assessor_conclude(lua_State* L) {
  Session& session = (check_defined(L), check_idle(L));
  const auto& plan = check_plan(L, 2);
  if (!session.situation) {
    session.tree.set_note(kFreshNote, "");
    return 0;
  }
  know(session);
  auto conclusion = session.assessor->conclude(plan, lua_toboolean(L, 3) != 0);
  session.tree.set_note(kFreshNote, std::move(conclusion.note));
  return conclusion.all_fresh ? push_judged(L, session, plan) : 0;
}

constexpr luaL_Reg kMethods[] = {{"situation", assessor_situation}, {"ask", assessor_ask},
                                 {"judge", assessor_judge},         {"settle", assessor_settle},
                                 {"fresh", assessor_fresh},         {"trust", assessor_trust},
                                 {"conclude", assessor_conclude},   {nullptr, nullptr}};

}  // namespace

const luaL_Reg* judgement_methods() { return kMethods; }

}  // namespace ggen::lua
