// ggen.core.forecast: how long what is left of a plan will take (graph/forecast.h). Times are
// seconds.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <lua.hpp>
#include <vector>

#include "graph/forecast.h"
#include "lua/graph.h"
#include "lua/userdata.h"
#include "lua/values.h"

namespace ggen::lua {

using graph::index_of;
using graph::Plan;
using graph::State;
using graph::TaskId;

int open_forecast(lua_State* L);

namespace {

constexpr double kNotRunning = -1;
// A forecast of a large plan takes its time: at most this share of a run goes into it.
constexpr double kShare = 0.01;

// Once this share of what was expected at first is done, it counts how long that really took.
constexpr double kProven = 0.1;

struct LuaForecast {
  graph::Course course;
  std::vector<double> started;       // by task, as it was first seen running
  double first = 0, first_made = 0;  // the first forecast, and when it was made
  double left = 0;
  double made = -std::numeric_limits<double>::infinity();  // when `left` was
  double next = -std::numeric_limits<double>::infinity();  // not again before
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaForecast> = "ggen.Forecast";

namespace {

// new(durations by task, size [, ids that run alone]) -> Forecast
int forecast_new(lua_State* L) {
  const double size = luaL_checknumber(L, 2);
  luaL_argcheck(L, size >= 0 && size <= 1e9, 2, "a number of tasks expected");
  LuaForecast forecast;
  const auto count = static_cast<std::size_t>(size);
  forecast.course.durations = check_numbers(L, 1, count);
  for (double& seconds : forecast.course.durations)
    if (!(seconds > 0) || std::isinf(seconds)) seconds = 0;
  forecast.started.assign(count, kNotRunning);
  if (lua_istable(L, 3)) {
    forecast.course.alone.assign(count, false);
    const int ids = static_cast<int>(lua_objlen(L, 3));
    for (int i = 1; i <= ids; ++i) {
      lua_rawgeti(L, 3, i);
      const double id = lua_tonumber(L, -1);
      if (id >= 1 && id <= size) forecast.course.alone[static_cast<std::size_t>(id) - 1] = true;
      lua_pop(L, 1);
    }
  }
  push<LuaForecast>(L, std::move(forecast));
  return 1;
}

void look(LuaForecast& forecast, const Plan& plan, double now) {
  auto& elapsed = forecast.course.elapsed;
  elapsed.assign(forecast.started.size(), 0);
  for (std::size_t i = 0; i < forecast.started.size(); ++i) {
    double& started = forecast.started[i];
    if (plan.state(static_cast<TaskId>(i)) != State::running) {
      started = kNotRunning;
      continue;
    }
    if (started < 0) started = now;
    elapsed[i] = now - started;
  }
}

// A run that has been slower than its tasks were expected to be (by what it does between them, or
// on a busy machine) will go on so. One that has been faster was lucky.
double slowness(const LuaForecast& forecast, double left, double now) {
  const double done = forecast.first - left;
  if (done <= 0 || done < kProven * forecast.first) return 1;
  return std::max((now - forecast.first_made) / done, 1.0);
}

// forecast:left(plan, jobs, now) -> seconds; `now` is any clock that does not go back
int forecast_left(lua_State* L) {
  LuaForecast& forecast = check<LuaForecast>(L, 1);
  const Plan& plan = check_plan(L, 2);
  const lua_Integer jobs = luaL_checkinteger(L, 3);
  const double now = luaL_checknumber(L, 4);
  luaL_argcheck(L, jobs >= 1, 3, "one or more expected");
  luaL_argcheck(L, plan.graph().size() == forecast.started.size(), 2, "a plan of another graph");
  if (now >= forecast.next) {
    const auto before = std::chrono::steady_clock::now();
    look(forecast, plan, now);
    forecast.course.jobs = static_cast<std::size_t>(jobs);
    const double left = graph::forecast(plan, forecast.course);
    if (forecast.first == 0) {
      forecast.first = left;
      forecast.first_made = now;
    }
    forecast.left = left * slowness(forecast, left, now);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
    forecast.made = now;
    forecast.next = now + took.count() / kShare;
  }
  lua_pushnumber(L, std::max(forecast.left - (now - forecast.made), 0.0));
  return 1;
}

// forecast:starts(plan, jobs) -> when each task of the plan will start, seconds from now, by id
int forecast_starts(lua_State* L) {
  LuaForecast& forecast = check<LuaForecast>(L, 1);
  const Plan& plan = check_plan(L, 2);
  const lua_Integer jobs = luaL_checkinteger(L, 3);
  luaL_argcheck(L, jobs >= 1, 3, "one or more expected");
  luaL_argcheck(L, plan.graph().size() == forecast.started.size(), 2, "a plan of another graph");
  graph::Course course = forecast.course;
  course.jobs = static_cast<std::size_t>(jobs);
  course.elapsed.clear();
  std::vector<double> starts;
  graph::forecast(plan, course, &starts);
  lua_createtable(L, static_cast<int>(starts.size()), 0);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    lua_pushnumber(L, starts[i]);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  return 1;
}

constexpr luaL_Reg kMethods[] = {
    {"left", forecast_left}, {"starts", forecast_starts}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"new", forecast_new}, {nullptr, nullptr}};

}  // namespace

int open_forecast(lua_State* L) {
  define<LuaForecast>(L, kMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
