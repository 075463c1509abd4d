// ggen.core.trace: records spans and writes them as a Chrome trace (trace/trace.h, trace/chrome.h).
// Until enable() every call is checked and forgotten. Times are nanoseconds of the monotonic clock.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <lua.hpp>
#include <memory>
#include <vector>

#include "base/json_text.h"
#include "lua/call.h"
#include "lua/userdata.h"
#include "trace/chrome.h"
#include "trace/trace.h"

namespace ggen::lua {

using trace::Recorder;
using trace::TextId;
using trace::Time;

int open_trace(lua_State* L);

namespace {

// The upvalue of every function here.
struct Trace {
  struct Field {
    std::string_view name;
    int type;  // of the value: LUA_TSTRING, LUA_TNUMBER or LUA_TBOOLEAN
    std::string_view text;
    double number;
  };
  std::unique_ptr<Recorder> recorder;
  // Kept between calls for their memory.
  std::vector<Field> fields;
  std::string args;
};

}  // namespace

template <>
inline constexpr const char* kTypeName<Trace> = "ggen.Trace";

namespace {

Trace& self(lua_State* L) { return *static_cast<Trace*>(lua_touserdata(L, lua_upvalueindex(1))); }

std::uint32_t check_lane(lua_State* L, int argument) {
  const double lane = luaL_checknumber(L, argument);
  luaL_argcheck(L, lane >= 0 && lane <= 1e9 && lane == std::floor(lane), argument,
                "a lane is a whole number from 0");
  return static_cast<std::uint32_t>(lane);
}

Time check_time(lua_State* L, int argument) {
  const double time = luaL_checknumber(L, argument);
  luaL_argcheck(L, time >= 0 && time < 9e18, argument, "expected nanoseconds, as of now()");
  return static_cast<Time>(time);
}

// Fills self().args with the table at `argument` as a JSON object with sorted names.
std::string_view check_args(lua_State* L, int argument) {
  if (lua_isnoneornil(L, argument)) return {};
  luaL_checktype(L, argument, LUA_TTABLE);
  Trace& trace = self(L);
  trace.fields.clear();
  lua_settop(L, argument);
  for (lua_pushnil(L); lua_next(L, argument) != 0; lua_pop(L, 1)) {
    Trace::Field field{{}, lua_type(L, -1), {}, 0};
    std::size_t size = 0;
    if (lua_type(L, -2) != LUA_TSTRING) luaL_argerror(L, argument, "a name is not a string");
    const char* name = lua_tolstring(L, -2, &size);
    field.name = {name, size};
    if (field.type == LUA_TSTRING) {
      const char* text = lua_tolstring(L, -1, &size);
      field.text = {text, size};
    } else if (field.type == LUA_TNUMBER) {
      field.number = lua_tonumber(L, -1);
    } else if (field.type == LUA_TBOOLEAN) {
      field.text = lua_toboolean(L, -1) ? "true" : "false";
    } else {
      luaL_argerror(L, argument, "a value is neither string, number nor boolean");
    }
    trace.fields.push_back(field);
  }
  std::sort(trace.fields.begin(), trace.fields.end(),
            [](const Trace::Field& a, const Trace::Field& b) { return a.name < b.name; });
  trace.args = "{";
  for (const Trace::Field& field : trace.fields) {
    if (trace.args.size() > 1) trace.args += ',';
    append_json_string(trace.args, field.name);
    trace.args += ':';
    if (field.type == LUA_TSTRING)
      append_json_string(trace.args, field.text);
    else if (field.type == LUA_TNUMBER)
      append_json_number(trace.args, field.number);
    else
      trace.args += field.text;
  }
  return trace.args += '}';
}

std::string_view check_text(lua_State* L, int argument) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(L, argument, &size);
  return {text, size};
}

// The ids of the two texts, if another record has room.
struct Names {
  TextId category;
  TextId name;
};
std::optional<Names> intern(Recorder& recorder, std::string_view category, std::string_view name) {
  if (recorder.has_room()) {
    const std::optional<TextId> category_id = recorder.intern(category);
    const std::optional<TextId> name_id = recorder.intern(name);
    if (category_id && name_id) return Names{*category_id, *name_id};
  }
  recorder.drop();
  return std::nullopt;
}

// span(category, name, lane, t0, t1 [, args])
int trace_span(lua_State* L) {
  const std::string_view category = check_text(L, 1);
  const std::string_view name = check_text(L, 2);
  const std::uint32_t lane = check_lane(L, 3);
  const Time start = check_time(L, 4);
  const Time end = check_time(L, 5);
  luaL_argcheck(L, end >= start, 5, "the span ends before it starts");
  Recorder* recorder = self(L).recorder.get();
  if (recorder == nullptr) return 0;
  const std::string_view args = check_args(L, 6);
  if (const std::optional<Names> names = intern(*recorder, category, name))
    recorder->span(names->category, names->name, lane, start, end, args);
  return 0;
}

// instant(category, name, lane [, args])
int trace_instant(lua_State* L) {
  const std::string_view category = check_text(L, 1);
  const std::string_view name = check_text(L, 2);
  const std::uint32_t lane = check_lane(L, 3);
  Recorder* recorder = self(L).recorder.get();
  if (recorder == nullptr) return 0;
  const std::string_view args = check_args(L, 4);
  if (const std::optional<Names> names = intern(*recorder, category, name))
    recorder->instant(names->category, names->name, lane, trace::now(), args);
  return 0;
}

// lane_name(lane, text)
int trace_lane_name(lua_State* L) {
  const std::uint32_t lane = check_lane(L, 1);
  const std::string_view text = check_text(L, 2);
  if (Recorder* recorder = self(L).recorder.get()) recorder->name_lane(lane, text);
  return 0;
}

// now() -> nanoseconds
int trace_now(lua_State* L) {
  lua_pushnumber(L, static_cast<lua_Number>(trace::now()));
  return 1;
}

double limit_field(lua_State* L, const char* name, double fallback, double most) {
  lua_getfield(L, 1, name);
  const double limit = lua_isnil(L, -1) ? fallback : lua_tonumber(L, -1);
  if (!(limit >= 1 && limit <= most)) luaL_error(L, "bad limit '%s'", name);
  lua_pop(L, 1);
  return limit;
}

// enable([{records=, text=}]): starts a new trace, which forgets the old one
int trace_enable(lua_State* L) {
  trace::Limits limits;
  if (!lua_isnoneornil(L, 1)) {
    luaL_checktype(L, 1, LUA_TTABLE);
    limits.records = static_cast<std::size_t>(
        limit_field(L, "records", static_cast<double>(limits.records), 1e9));
    limits.text =
        static_cast<std::size_t>(limit_field(L, "text", static_cast<double>(limits.text), 4e9));
  }
  self(L).recorder = std::make_unique<Recorder>(limits);
  return 0;
}

// disable(): forgets the trace
int trace_disable(lua_State* L) {
  self(L).recorder = nullptr;
  return 0;
}

// enabled() -> boolean
int trace_enabled(lua_State* L) {
  lua_pushboolean(L, self(L).recorder != nullptr);
  return 1;
}

// write(path) -> true, number of dropped records | nil, message, kind
int trace_write(lua_State* L) {
  const std::string path(check_text(L, 1));
  const Recorder* recorder = self(L).recorder.get();
  if (recorder == nullptr) return luaL_error(L, "the trace is not enabled");
  if (auto written = write_chrome_file(*recorder, path); !written)
    return push_error(L, written.error());
  lua_pushboolean(L, 1);
  lua_pushnumber(L, static_cast<lua_Number>(recorder->dropped()));
  return 2;
}

constexpr luaL_Reg kFunctions[] = {{"enable", trace_enable},
                                   {"disable", trace_disable},
                                   {"enabled", trace_enabled},
                                   {"now", trace_now},
                                   {"span", trace_span},
                                   {"instant", trace_instant},
                                   {"lane_name", trace_lane_name},
                                   {"write", trace_write},
                                   {nullptr, nullptr}};

constexpr luaL_Reg kNoMethods[] = {{nullptr, nullptr}};

}  // namespace

int open_trace(lua_State* L) {
  define<Trace>(L, kNoMethods);
  lua_newtable(L);
  push<Trace>(L);
  luaL_setfuncs(L, kFunctions, 1);
  return 1;
}

}  // namespace ggen::lua
