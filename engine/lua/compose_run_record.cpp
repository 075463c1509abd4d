// What is said of a run when it is over, beside its rows: the sums, what was up to date, what
// waited for what, the longest chain, the phases. SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "graph/remaining.h"
#include "lua/graph.h"
#include "lua/run_record.h"
#include "lua/values.h"
#include "state/checkout.h"

namespace ggen::lua {

using graph::index_of;
using graph::Plan;
using graph::TaskId;
using state::RunFacts;
using state::RunRecord;
using state::TaskRow;

namespace {

// Fields of the table at index 2.
std::uint64_t whole_field(lua_State* L, const char* name) {
  lua_getfield(L, 2, name);
  const std::uint64_t value = whole_of(lua_tonumber(L, -1));
  lua_pop(L, 1);
  return value;
}

// The same with a list that is a field of the table at index 2.
template <class Visit>
void each_of(lua_State* L, const char* name, Visit visit) {
  lua_getfield(L, 2, name);
  each(L, visit);
  lua_pop(L, 1);
}

void find_fresh(LuaRunRecord& self, const Plan& plan, std::vector<bool> excluded) {
  for (const TaskRow& row : self.record.rows())
    if (row.task < excluded.size()) excluded[row.task] = true;
  self.facts.fresh_tasks.reserve(self.facts.fresh);
  for (std::size_t i = 0; i < excluded.size(); ++i) {
    const auto task = static_cast<TaskId>(i);
    if (excluded[i] || plan.state(task) != graph::State::done) continue;
    self.facts.fresh_tasks.push_back(self.record.keep(plan.graph().name(task)));
  }
}

void find_needs(LuaRunRecord& self, const graph::Graph& graph) {
  for (const TaskRow& row : self.record.rows()) {
    if (row.task < graph.size())
      for (const graph::Link link : graph.needs(static_cast<TaskId>(row.task)))
        self.facts.needs.push_back(static_cast<std::uint32_t>(index_of(link.task())));
    self.facts.need_ends.push_back(static_cast<std::uint32_t>(self.facts.needs.size()));
  }
}

// Appends the longest chain of a stage. `took` is by the number in the plan's graph.
void add_critical_path(LuaRunRecord& self, const Plan& plan, std::vector<double> took) {
  if (took.empty()) return;
  took.resize(plan.graph().size(), 0);
  for (const TaskId task : plan.wanted()) self.took_time += took[index_of(task)] > 0 ? 1 : 0;
  const Plan again(plan.graph(), plan.wanted());
  for (const TaskId task : graph::critical_path(again, graph::remaining(again, took))) {
    if (took[index_of(task)] <= 0) continue;
    self.facts.path.emplace_back(plan.graph().name(task));
    self.path_times.push_back(took[index_of(task)]);
    self.facts.critical_path += took[index_of(task)];
  }
}

// The numbers of the project's graph that the tasks of a plan with a graph of its own have.
std::vector<std::size_t> numbers_field(lua_State* L, int at) {
  std::vector<std::size_t> numbers;
  lua_getfield(L, at, "numbers");
  const int count = lua_istable(L, -1) ? static_cast<int>(lua_objlen(L, -1)) : 0;
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(L, -1, i);
    numbers.push_back(static_cast<std::size_t>(lua_tointeger(L, -1)));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return numbers;
}

// The longest chain of the plan, then those of the stages behind it: { plan=, numbers= } each.
void find_critical_path(lua_State* L, LuaRunRecord& self, const Plan& plan) {
  const auto& stages = self.record.took();
  add_critical_path(self, plan, stages.front());
  std::size_t stage = 0;
  each_of(L, "later", [&] {
    const int at = lua_gettop(L);
    if (++stage >= stages.size()) return;
    const std::vector<std::size_t> numbers = numbers_field(L, at);
    std::vector<double> took = stages[stage];
    if (!numbers.empty()) {
      took.clear();
      for (const std::size_t number : numbers)
        took.push_back(number >= 1 && number <= stages[stage].size() ? stages[stage][number - 1]
                                                                     : 0);
    }
    lua_getfield(L, at, "plan");
    add_critical_path(self, check_plan(L, -1), std::move(took));
    lua_pop(L, 1);
  });
}

// A phase lasts from the first to the last of what it has: the turns of its hooks, and its tasks.
// One of which nothing had a turn is left out.
void find_phases(lua_State* L, LuaRunRecord& self) {
  const RunRecord& record = self.record;
  const std::vector<std::uint32_t> positions = record.positions();
  each_of(L, "phases", [&] {
    const int at = lua_gettop(L);
    state::Phase phase{text_field(L, at, "name"), HUGE_VAL, 0, 0};
    double end = 0;
    const auto include = [&](double from, double to) {
      phase.start = std::min(phase.start, from);
      end = std::max(end, to);
    };
    for (const char* name : {"began", "ended"}) {
      const double time = number_field(L, at, name) - record.began();
      if (time > 0) include(time, time);
    }
    bool turn = false;
    lua_getfield(L, at, "members");
    phase.tasks = static_cast<std::uint32_t>(lua_istable(L, -1) ? lua_objlen(L, -1) : 0);
    for (std::uint32_t i = 1; i <= phase.tasks; ++i) {
      lua_rawgeti(L, -1, static_cast<int>(i));
      const auto number = static_cast<std::size_t>(lua_tointeger(L, -1));
      lua_pop(L, 1);
      if (number < 1 || number > positions.size()) continue;
      const std::uint32_t position = positions[number - 1];
      if (position == RunRecord::kNowhere) continue;
      const TaskRow& row = record.rows()[position];
      turn = true;
      if (row.status != TaskRow::Status::skipped) include(row.start, row.start + row.duration);
    }
    lua_pop(L, 1);
    if (!turn) return;
    phase.start = std::min(phase.start, end);
    phase.duration = end - phase.start;
    self.facts.phases.push_back(std::move(phase));
  });
  std::stable_sort(self.facts.phases.begin(), self.facts.phases.end(),
                   [](const state::Phase& a, const state::Phase& b) { return a.start < b.start; });
}

}  // namespace

// record:compose(facts [, plan [, numbers]]): the rest of what there is to say. The plan tells what
// was up to date, but for the tasks with these numbers, and what waited for what.
int record_compose(lua_State* L) {
  LuaRunRecord& self = check_record(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  const Plan* plan = lua_isnoneornil(L, 3) ? nullptr : &check_plan(L, 3);
  RunFacts& facts = self.facts;
  const std::string session = environment("GGEN_SESSION");
  const std::string& id = id_of(self);
  facts.session = session.empty() ? id : session;
  facts.machine = text_field(L, 2, "machine");
  facts.time = self.record.time();
  facts.version = text_field(L, 2, "version");
  facts.pipeline = text_field(L, 2, "pipeline");
  each_of(L, "command", [&] { facts.command.emplace_back(text_at(L, -1)); });
  if (const auto checkout = state::find_checkout(text_field(L, 2, "dir"))) {
    facts.in_git = true;
    facts.commit = checkout->commit;
    facts.branch = checkout->branch;
  }
  lua_getfield(L, 2, "dirty");
  if (lua_isboolean(L, -1)) facts.dirty = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  facts.jobs = static_cast<std::uint32_t>(std::min<std::uint64_t>(whole_field(L, "jobs"), 1 << 20));
  facts.wall = number_field(L, 2, "wall");
  facts.saved = number_field(L, 2, "saved");
  facts.tasks = whole_field(L, "tasks");
  facts.ok = whole_field(L, "ok");
  facts.fresh = whole_field(L, "fresh");
  facts.restored = whole_field(L, "restored");
  facts.failed = whole_field(L, "failed");
  facts.optional = whole_field(L, "optional");
  facts.skipped = whole_field(L, "skipped");
  facts.not_run = whole_field(L, "not_run");
  facts.hashed = whole_field(L, "hashed");
  facts.read = whole_field(L, "read");
  facts.written = whole_field(L, "written");
  facts.restored_bytes = whole_field(L, "restored_bytes");
  lua_getfield(L, 2, "output_bytes");
  facts.outputs_known = lua_isnumber(L, -1) != 0;
  lua_pop(L, 1);
  facts.output_bytes = whole_field(L, "output_bytes");
  facts.output_files = whole_field(L, "output_files");
  self.record.arrange();
  find_phases(L, self);
  if (plan != nullptr) {
    std::vector<bool> excluded(plan->graph().size(), false);
    if (lua_istable(L, 4)) {
      const int count = static_cast<int>(lua_objlen(L, 4));
      for (int i = 1; i <= count; ++i) {
        lua_rawgeti(L, 4, i);
        const auto number = static_cast<std::size_t>(lua_tointeger(L, -1));
        if (number >= 1 && number <= excluded.size()) excluded[number - 1] = true;
        lua_pop(L, 1);
      }
    }
    if (facts.fresh > 0) find_fresh(self, *plan, std::move(excluded));
    if (!self.record.rows().empty()) find_needs(self, plan->graph());
    find_critical_path(L, self, *plan);
  }
  return 0;
}

// record:critical_path() -> { duration, ran (tasks that took time), tasks (each { id, duration },
// in their order) }; after record:compose()
int record_critical_path(lua_State* L) {
  const LuaRunRecord& self = check_record(L);
  lua_createtable(L, 0, 3);
  set_field(L, "duration", self.facts.critical_path);
  set_field(L, "ran", self.took_time);
  lua_createtable(L, static_cast<int>(self.path_times.size()), 0);
  for (std::size_t i = 0; i < self.path_times.size(); ++i) {
    lua_createtable(L, 0, 2);
    set_field(L, "id", self.facts.path[i]);
    set_field(L, "duration", self.path_times[i]);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  lua_setfield(L, -2, "tasks");
  return 1;
}

}  // namespace ggen::lua
