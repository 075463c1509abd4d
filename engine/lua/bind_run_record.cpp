// ggen.core.run_record: what is written down of a run (state/run_record.h), and where it is kept
// (state/history.h). Times of tasks are seconds of ggen.core.clock.monotonic().
// SPDX-License-Identifier: MIT
#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <lua.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/remaining.h"
#include "lua/call.h"
#include "lua/graph.h"
#include "lua/timings.h"
#include "lua/userdata.h"
#include "lua/values.h"
#include "state/checkout.h"
#include "state/history.h"
#include "state/machine_class.h"
#include "state/run_record.h"

namespace ggen::lua {

using graph::index_of;
using graph::Plan;
using graph::TaskId;
using state::RunFacts;
using state::RunRecord;
using state::TaskRow;

int open_run_record(lua_State* L);

namespace {

struct LuaRunRecord {
  RunRecord record;
  RunFacts facts;
  std::vector<double> path_times{};  // of facts.path
  std::uint32_t took_time = 0;       // tasks
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaRunRecord> = "ggen.RunRecord";

namespace {

constexpr std::size_t kMostSession = 200;  // bytes of GGEN_SESSION and GGEN_MACHINE

LuaRunRecord& check_record(lua_State* L) { return check<LuaRunRecord>(L, 1); }

// A number that a plugin may have made up.
double number_at(lua_State* L, int index) {
  const double value = lua_tonumber(L, index);
  return std::isfinite(value) && value > 0 ? value : 0;
}

std::uint64_t whole_of(double value) {
  return static_cast<std::uint64_t>(std::clamp(std::isfinite(value) ? value : 0, 0.0, 9e15));
}

std::string_view text_at(lua_State* L, int index) {
  std::size_t size = 0;
  const char* bytes = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &size) : nullptr;
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
}

TaskRow::Status status_at(lua_State* L, int index) {
  const std::string_view status = text_at(L, index);
  if (status == "ok") return TaskRow::Status::ok;
  if (status == "skipped") return TaskRow::Status::skipped;
  return status == "optional" ? TaskRow::Status::optional : TaskRow::Status::failed;
}

TaskRow::Cache cache_at(lua_State* L, int index) {
  const std::string_view cache = text_at(L, index);
  if (cache == "miss") return TaskRow::Cache::miss;
  if (cache == "restored") return TaskRow::Cache::restored;
  return cache == "fresh" ? TaskRow::Cache::fresh : TaskRow::Cache::off;
}

// kNowhere for what is no task of the graph, such as the error at the end of a strict run.
std::uint32_t number_of_task(lua_State* L, int index) {
  const lua_Number number = lua_tonumber(L, index);
  const bool is_one = number >= 1 && number <= graph::Graph::kMaxTasks;
  return is_one ? static_cast<std::uint32_t>(number) - 1 : RunRecord::kNowhere;
}

// Fields of the table at index 2.
std::uint64_t whole_field(lua_State* L, const char* name) {
  lua_getfield(L, 2, name);
  const std::uint64_t value = whole_of(lua_tonumber(L, -1));
  lua_pop(L, 1);
  return value;
}

double number_field(lua_State* L, int index, const char* name) {
  lua_getfield(L, index, name);
  const double value = number_at(L, -1);
  lua_pop(L, 1);
  return value;
}

std::string text_field(lua_State* L, int index, const char* name) {
  lua_getfield(L, index, name);
  std::string value(text_at(L, -1));
  lua_pop(L, 1);
  return value;
}

// Calls visit with each element of a list on top of the stack.
template <class Visit>
void each(lua_State* L, Visit visit) {
  if (!lua_istable(L, -1)) return;
  const int count = static_cast<int>(lua_objlen(L, -1));
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(L, -1, i);
    visit();
    lua_pop(L, 1);
  }
}

// The same with a list that is a field of the table at index 2.
template <class Visit>
void each_of(lua_State* L, const char* name, Visit visit) {
  lua_getfield(L, 2, name);
  each(L, visit);
  lua_pop(L, 1);
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  const std::string_view text = value == nullptr ? "" : value;
  return std::string(text.substr(0, kMostSession));
}

// new(began) -> RunRecord of a run that began at this time of the monotonic clock
int record_new(lua_State* L) {
  const double began = luaL_checknumber(L, 1);
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const double since =
      static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9 - began;
  clock_gettime(CLOCK_REALTIME, &now);
  const auto unix_ms = static_cast<std::uint64_t>(now.tv_sec) * 1000 +
                       static_cast<std::uint64_t>(now.tv_nsec) / 1000000;
  const auto ago = whole_of(since * 1000);
  push<LuaRunRecord>(L, LuaRunRecord{RunRecord(began, unix_ms > ago ? unix_ms - ago : 0), {}});
  return 1;
}

// record:task(number, id, workspace, started, duration, status, cache, code, attempts, saved,
// reason, message, signal, ran, user, sys, peak memory, service): a task that had a turn, or was
// skipped. What there is nothing to say of is nil; `ran` of what was not executed.
int record_task(lua_State* L) {
  RunRecord& record = check_record(L).record;
  TaskRow row;
  row.task = number_of_task(L, 2);
  const std::string_view id = text_at(L, 3), workspace = text_at(L, 4);
  row.id = record.keep(id);
  if (workspace.size() < id.size() && id.substr(0, workspace.size()) == workspace)
    row.workspace = static_cast<std::uint16_t>(std::min<std::size_t>(workspace.size(), 65535));
  row.start = std::max(lua_tonumber(L, 5) - record.began(), 0.0);
  row.duration = number_at(L, 6);
  row.status = status_at(L, 7);
  row.cache = cache_at(L, 8);
  row.code = static_cast<std::int32_t>(std::clamp<lua_Number>(lua_tonumber(L, 9), 0, INT32_MAX));
  row.attempts = static_cast<std::uint16_t>(std::clamp<lua_Number>(lua_tonumber(L, 10), 1, 65535));
  row.saved = number_at(L, 11);
  row.reason = record.keep(text_at(L, 12));
  row.message = record.keep(text_at(L, 13));
  row.signal = record.keep(text_at(L, 14));
  row.ran = lua_type(L, 15) == LUA_TNUMBER;
  row.own = number_at(L, 15);
  row.measured = lua_type(L, 16) == LUA_TNUMBER;
  row.user = number_at(L, 16);
  row.sys = number_at(L, 17);
  row.peak_memory = whole_of(lua_tonumber(L, 18));
  // What a service took is how long it was waited for (record:took()), not how long it lived.
  if (row.status != TaskRow::Status::skipped && lua_toboolean(L, 19) == 0 &&
      row.task != RunRecord::kNowhere)
    record.took(row.task, row.duration);
  record.add(row);
  return 0;
}

// record:count() -> number of rows
int record_count(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(check_record(L).record.rows().size()));
  return 1;
}

// record:took(number, seconds): what the way through the run is measured by
int record_took(lua_State* L) {
  const std::uint32_t task = number_of_task(L, 2);
  luaL_argcheck(L, task != RunRecord::kNowhere, 2, "the number of a task expected");
  check_record(L).record.took(task, number_at(L, 3));
  return 0;
}

// record:begin_stage(): what comes runs after all that there was
int record_begin_stage(lua_State* L) {
  check_record(L).record.begin_stage();
  return 0;
}

// record:durations(size) -> seconds by the number of the task, as record:took() was told in the
// first stage
int record_durations(lua_State* L) {
  const auto& took = check_record(L).record.took().front();
  const auto size = static_cast<int>(luaL_checkinteger(L, 2));
  luaL_argcheck(L, size >= 0, 2, "a size expected");
  lua_createtable(L, size, 0);
  for (int i = 0; i < size; ++i) {
    lua_pushnumber(L, static_cast<std::size_t>(i) < took.size() ? took[i] : 0);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

// record:samples() -> Samples of ggen.core.timings: of the tasks that ran
int record_samples(lua_State* L) {
  auto samples = check_record(L).record.samples();
  push<LuaSamples>(L).samples = std::move(samples);
  return 1;
}

// The kernel gives each program 16 random bytes; a run is one program.
std::uint32_t random_number() {
  std::uint32_t random = static_cast<std::uint32_t>(::getpid());
  const auto* bytes = reinterpret_cast<const char*>(::getauxval(AT_RANDOM));  // NOLINT
  if (bytes != nullptr) std::memcpy(&random, bytes, sizeof random);
  return random;
}

// record:id() -> "20261121T211253.123-3f2a9c"
int record_id(lua_State* L) {
  LuaRunRecord& self = check_record(L);
  if (self.facts.id.empty()) {
    self.facts.id = self.record.id(random_number());
  }
  return push_text(L, self.facts.id);
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

// record:compose(facts [, plan [, numbers]]): the rest of what there is to say. The plan tells what
// was up to date, but for the tasks with these numbers, and what waited for what.
int record_compose(lua_State* L) {
  LuaRunRecord& self = check_record(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  const Plan* plan = lua_isnoneornil(L, 3) ? nullptr : &check_plan(L, 3);
  record_id(L);
  lua_pop(L, 1);
  RunFacts& facts = self.facts;
  const std::string session = environment("GGEN_SESSION");
  facts.session = session.empty() ? facts.id : session;
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

// record:conclude(status, code, notes): how the run ended and what was said, which may be told
// again
int record_conclude(lua_State* L) {
  RunFacts& facts = check_record(L).facts;
  facts.status = check_string(L, 2);
  facts.code = static_cast<int>(luaL_checkinteger(L, 3));
  facts.notes.clear();
  lua_settop(L, 4);
  each(L, [&] {
    const int at = lua_gettop(L);
    facts.notes.push_back({text_field(L, at, "level"), text_field(L, at, "text")});
  });
  return 0;
}

// record:json() -> text of the run record
int record_json(lua_State* L) {
  const LuaRunRecord& self = check_record(L);
  return push_text(L, self.record.json(self.facts));
}

// record:line() -> line of the history, with its newline
int record_line(lua_State* L) {
  const LuaRunRecord& self = check_record(L);
  return push_text(L, self.record.line(self.facts));
}

// "20261121T211253.123" and "2026-11-21T21:12:53.123Z" so many ms ago
struct Past {
  std::string id, time;
};

Past past(std::uint64_t ms) {
  const auto now =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count());
  const RunRecord then(0, now > ms ? now - ms : 0);
  return {then.id(0).substr(0, 19), then.time()};
}

// record:write(dir, { runs=, lines=, age= seconds }) -> true | nil, message, kind. dir: the .ggen
// of the project. Two writes, and what is too old or too much goes when enough was appended.
int record_write(lua_State* L) {
  const LuaRunRecord& self = check_record(L);
  const std::string dir = check_string(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  state::HistoryLimits limits;
  limits.runs = whole_of(number_field(L, 3, "runs"));
  limits.lines = whole_of(number_field(L, 3, "lines"));
  limits.age_ms = whole_of(number_field(L, 3, "age") * 1000);
  const std::string runs = dir + "/runs", history = dir + "/history.jsonl";
  const std::string text = self.record.json(self.facts);
  const auto written = state::write_run(runs, self.facts.id, text);
  const auto appended = state::append_history(history, self.record.line(self.facts), limits);
  if (!written) return push_error(L, written.error());
  if (!appended) return push_error(L, appended.error());
  // Sweeping lines makes the file shorter, and may keep it below the border of the records.
  if (appended->runs || appended->lines || text.size() > state::kLargeRun) {
    const Past oldest = past(limits.age_ms);
    const auto swept = state::sweep_runs(runs, limits, oldest.id);
    const auto shortened =
        appended->lines ? state::sweep_history(history, limits, oldest.time) : Result<void>();
    if (!swept) return push_error(L, swept.error());
    if (!shortened) return push_error(L, shortened.error());
  }
  lua_pushboolean(L, 1);
  return 1;
}

// machine([known]) -> class of this machine, or what GGEN_MACHINE says; and what is worth keeping,
// when that is not what was kept. Beside the class it has what tells that it is the same machine.
int record_machine(lua_State* L) {
  if (const std::string given = environment("GGEN_MACHINE"); !given.empty())
    return push_text(L, given);
  const std::string key = state::machine_key().append("\n");
  const std::string_view known = text_at(L, 1);
  if (known.size() > key.size() && known.substr(0, key.size()) == key)
    return push_text(L, std::string(known.substr(key.size())));
  const std::string machine = state::machine_class();
  push_text(L, machine);
  push_text(L, key + machine);
  return 2;
}

constexpr luaL_Reg kMethods[] = {{"task", record_task},
                                 {"took", record_took},
                                 {"begin_stage", record_begin_stage},
                                 {"count", record_count},
                                 {"durations", record_durations},
                                 {"samples", record_samples},
                                 {"id", record_id},
                                 {"compose", record_compose},
                                 {"critical_path", record_critical_path},
                                 {"conclude", record_conclude},
                                 {"json", record_json},
                                 {"line", record_line},
                                 {"write", record_write},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {
    {"machine", record_machine}, {"new", record_new}, {nullptr, nullptr}};

}  // namespace

int open_run_record(lua_State* L) {
  define<LuaRunRecord>(L, kMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
