// ggen.core.timings: what the last runs of tasks took (state/timings.h), and what follows from it
// for a plan (graph/remaining.h). Times are seconds, memory is bytes.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <cmath>
#include <lua.hpp>
#include <unordered_map>

#include "graph/remaining.h"
#include "lua/call.h"
#include "lua/graph.h"
#include "lua/timings.h"
#include "lua/userdata.h"
#include "lua/values.h"
#include "state/timings.h"

namespace ggen::lua {

using graph::index_of;
using graph::Plan;
using graph::TaskId;
using state::Expected;
using state::Sample;
using state::Timings;

int open_timings(lua_State* L);

namespace {

struct LuaTimings {
  Timings timings;
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaTimings> = "ggen.Timings";

namespace {

constexpr double kMsPerSecond = 1000;
constexpr double kBytesPerKib = 1024;

float check_ms(lua_State* L, int index) {
  const double seconds = luaL_checknumber(L, index);
  luaL_argcheck(L, seconds >= 0 && std::isfinite(seconds), index,
                "a time of zero or more expected");
  return static_cast<float>(seconds * kMsPerSecond);
}

std::uint64_t now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

// read(path) -> Timings | nil, message, kind
int timings_read(lua_State* L) {
  auto timings = Timings::read(check_string(L, 1));
  if (!timings) return push_error(L, timings.error());
  push<LuaTimings>(L, std::move(*timings));
  return 1;
}

// none() -> Timings of nothing
int timings_none(lua_State* L) {
  push<LuaTimings>(L);
  return 1;
}

// timings:expected(id) -> wall, processor, memory, number of samples | nil
int timings_expected(lua_State* L) {
  const Timings& timings = check<LuaTimings>(L, 1).timings;
  const Expected expected = timings.expected(Timings::id(check_string(L, 2)));
  if (expected.samples == 0) return 0;
  lua_pushnumber(L, expected.wall_ms / kMsPerSecond);
  lua_pushnumber(L, expected.cpu_ms / kMsPerSecond);
  lua_pushnumber(L, expected.peak_kib * kBytesPerKib);
  lua_pushinteger(L, static_cast<lua_Integer>(expected.samples));
  return 4;
}

// timings:samples(id) -> list of { wall, cpu, memory, attempts, failed, ended }, oldest first
int timings_samples(lua_State* L) {
  const Timings& timings = check<LuaTimings>(L, 1).timings;
  const auto samples = timings.samples(Timings::id(check_string(L, 2)));
  lua_createtable(L, static_cast<int>(samples.size()), 0);
  int i = 0;
  for (const Sample& sample : samples) {
    lua_createtable(L, 0, 6);
    set_field(L, "wall", sample.wall_ms / kMsPerSecond);
    set_field(L, "cpu", sample.cpu_ms / kMsPerSecond);
    set_field(L, "memory", sample.peak_kib * kBytesPerKib);
    set_field(L, "attempts", sample.attempts);
    set_field(L, "ended", static_cast<double>(sample.ended_ms) / kMsPerSecond);
    set_flag(L, "failed", sample.failed);
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

// timings:damaged() -> bytes that were no records
int timings_damaged(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(check<LuaTimings>(L, 1).timings.damaged_bytes()));
  return 1;
}

// A task's name without its workspace and its matrix: what tasks of one kind have in common.
std::string_view kind_of(std::string_view name) {
  name.remove_prefix(name.find('#') + 1);  // npos + 1 is 0
  return name.substr(0, name.find(':'));
}

double median(std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void push_numbers(lua_State* L, const std::vector<double>& numbers) {
  lua_createtable(L, static_cast<int>(numbers.size()), 0);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    lua_pushnumber(L, numbers[i]);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
}

// timings:durations(plan [, idle ids]) -> expected seconds by task, and of those that have not
// ended the number of tasks that are known and the number of those that are not; then the expected
// bytes of memory by task, 0 where nothing is known. One that never ran is taken for the median of
// its kind (the same name in other workspaces and combinations), or else of all. Tasks outside of
// the plan and idle ones take no time.
int timings_durations(lua_State* L) {
  const Timings& timings = check<LuaTimings>(L, 1).timings;
  const Plan& plan = check_plan(L, 2);
  const graph::Graph& graph = plan.graph();
  std::vector<double> durations(graph.size(), 0);
  std::vector<double> memory(graph.size(), 0);
  std::vector<bool> idle(graph.size(), false);
  if (lua_istable(L, 3)) {
    const int count = static_cast<int>(lua_objlen(L, 3));
    for (int i = 1; i <= count; ++i) {
      lua_rawgeti(L, 3, i);
      const auto id = static_cast<std::size_t>(lua_tointeger(L, -1));
      if (id >= 1 && id <= idle.size()) idle[id - 1] = true;
      lua_pop(L, 1);
    }
  }
  std::unordered_map<std::string_view, std::vector<double>> by_kind;
  std::vector<double> all;
  std::vector<TaskId> unknown;
  std::size_t known_to_come = 0, unknown_to_come = 0;
  for (const TaskId id : graph.order()) {
    if (plan.state(id) == graph::State::unselected) continue;
    const Expected expected = timings.expected(Timings::id(graph.name(id)));
    memory[index_of(id)] = expected.peak_kib * kBytesPerKib;
    if (idle[index_of(id)]) continue;
    if (!graph::has_ended(plan.state(id)))
      ++(expected.samples == 0 ? unknown_to_come : known_to_come);
    if (expected.samples == 0) {
      unknown.push_back(id);
      continue;
    }
    const double seconds = expected.wall_ms / kMsPerSecond;
    durations[index_of(id)] = seconds;
    all.push_back(seconds);
    if (!unknown.empty() || kind_of(graph.name(id)) != graph.name(id))
      by_kind[kind_of(graph.name(id))].push_back(seconds);
  }
  const double of_all = median(all);
  for (const TaskId id : unknown) {
    const auto kind = by_kind.find(kind_of(graph.name(id)));
    durations[index_of(id)] = kind == by_kind.end() ? of_all : median(kind->second);
  }
  push_numbers(L, durations);
  lua_pushinteger(L, static_cast<lua_Integer>(known_to_come));
  lua_pushinteger(L, static_cast<lua_Integer>(unknown_to_come));
  push_numbers(L, memory);
  return 4;
}

// remaining(plan, durations by task) -> the longest way to the end by task
int timings_remaining(lua_State* L) {
  const Plan& plan = check_plan(L, 1);
  push_numbers(L, graph::remaining(plan, check_numbers(L, 2, plan.graph().size())));
  return 1;
}

// set_priorities(plan, numbers by task): of all tasks of the plan at once
int timings_set_priorities(lua_State* L) {
  Plan& plan = check_plan(L, 1);
  const auto priorities = check_numbers(L, 2, plan.graph().size());
  for (std::size_t i = 0; i < priorities.size(); ++i) {
    const auto id = static_cast<TaskId>(i);
    if (plan.state(id) != graph::State::unselected) plan.set_priority(id, priorities[i]);
  }
  return 0;
}

// samples() -> Samples, what a run has to add
int timings_samples_new(lua_State* L) {
  push<LuaSamples>(L);
  return 1;
}

// samples:add(id, wall, processor, memory, attempts, failed)
int samples_add(lua_State* L) {
  auto& samples = check<LuaSamples>(L, 1).samples;
  Sample sample;
  sample.task = Timings::id(check_string(L, 2));
  sample.ended_ms = now_ms();
  sample.wall_ms = check_ms(L, 3);
  sample.cpu_ms = check_ms(L, 4);
  const double kib = luaL_checknumber(L, 5) / kBytesPerKib;
  luaL_argcheck(L, kib >= 0, 5, "a size of zero or more expected");
  sample.peak_kib = static_cast<std::uint32_t>(std::min(kib, double{UINT32_MAX}));
  sample.attempts =
      static_cast<std::uint16_t>(std::clamp<lua_Integer>(luaL_checkinteger(L, 6), 1, UINT16_MAX));
  sample.failed = lua_toboolean(L, 7) != 0;
  samples.push_back(sample);
  return 0;
}

// samples:append(path [, known]) -> true | nil, message, kind
// With what is known already, samples that add nothing to it are left out.
int samples_append(lua_State* L) {
  auto& samples = check<LuaSamples>(L, 1).samples;
  const std::string path(check_string(L, 2));
  if (!lua_isnoneornil(L, 3)) {
    const Timings& known = check<LuaTimings>(L, 3).timings;
    std::erase_if(samples, [&](const Sample& sample) { return known.has_told(sample); });
  }
  const auto appended = Timings::append(path, samples);
  if (!appended) return push_error(L, appended.error());
  lua_pushboolean(L, 1);
  return 1;
}

// samples:count() -> integer
int samples_count(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(check<LuaSamples>(L, 1).samples.size()));
  return 1;
}

constexpr luaL_Reg kTimingsMethods[] = {{"expected", timings_expected},
                                        {"samples", timings_samples},
                                        {"durations", timings_durations},
                                        {"damaged", timings_damaged},
                                        {nullptr, nullptr}};
constexpr luaL_Reg kSamplesMethods[] = {
    {"add", samples_add}, {"append", samples_append}, {"count", samples_count}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"read", timings_read},
                                   {"none", timings_none},
                                   {"samples", timings_samples_new},
                                   {"remaining", timings_remaining},
                                   {"set_priorities", timings_set_priorities},
                                   {nullptr, nullptr}};

}  // namespace

int open_timings(lua_State* L) {
  define<LuaTimings>(L, kTimingsMethods);
  define<LuaSamples>(L, kSamplesMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
