// ggen.core.run_record: what is written down of a run (state/run_record.h), and where it is kept
// (state/history.h). Times of tasks are seconds of ggen.core.clock.monotonic(). What is found out
// at the end is in compose_run_record.cpp.
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
#include <string>
#include <string_view>

#include "graph/graph.h"
#include "lua/call.h"
#include "lua/run_record.h"
#include "lua/timings.h"
#include "lua/values.h"
#include "state/history.h"
#include "state/machine_class.h"

namespace ggen::lua {

using state::RunFacts;
using state::RunRecord;
using state::TaskRow;

int open_run_record(lua_State* L);

namespace {

// The kernel gives each program 16 random bytes; a run is one program.
std::uint32_t random_number() {
  std::uint32_t random = static_cast<std::uint32_t>(::getpid());
  const auto* bytes = reinterpret_cast<const char*>(::getauxval(AT_RANDOM));  // NOLINT
  if (bytes != nullptr) std::memcpy(&random, bytes, sizeof random);
  return random;
}

}  // namespace

const std::string& id_of(LuaRunRecord& record) {
  if (record.facts.id.empty()) record.facts.id = record.record.id(random_number());
  return record.facts.id;
}

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

std::string environment(const char* name) {
  constexpr std::size_t kMost = 200;  // bytes
  const char* value = std::getenv(name);
  const std::string_view text = value == nullptr ? "" : value;
  return std::string(text.substr(0, kMost));
}

namespace {

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

// record:id() -> "20261121T211253.123-3f2a9c"
int record_id(lua_State* L) { return push_text(L, id_of(check_record(L))); }

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
