// ggen.core.state: the lifecycle state of a project (state/lifecycle_state.h), and the cache key of
// the original.
//
// Nothing is read before something is asked, and nothing is written but by save(). Records and keys
// are tables with the names of the file: phase, workspace, started_ms, duration_ms, success; key.
// SPDX-License-Identifier: MIT
#include <cstdint>
#include <lua.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "lua/call.h"
#include "lua/userdata.h"
#include "lua/values.h"
#include "state/lifecycle_key.h"
#include "state/lifecycle_state.h"

namespace ggen::lua {

using state::LifecycleState;

template <>
inline constexpr const char* kTypeName<LifecycleState> = "ggen.LifecycleState";

int open_state(lua_State* L);

namespace {

constexpr double kMaxWhole = 9007199254740992.0;  // 2^53

// A name that a state file can hold.
std::string check_name(lua_State* L, int index, int argument, const char* what) {
  std::size_t size = 0;
  const char* bytes = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &size) : nullptr;
  if (bytes == nullptr)
    luaL_argerror(L, argument, lua_pushfstring(L, "%s: a string expected", what));
  for (std::string_view rest(bytes, size); !rest.empty();) {
    const std::size_t length = rest[0] == '\0' ? 0 : utf8_length(rest);
    if (length == 0)
      luaL_argerror(L, argument, lua_pushfstring(L, "%s: UTF-8 without a NUL byte expected", what));
    rest.remove_prefix(length);
  }
  return {bytes, size};
}

std::optional<std::string> opt_name(lua_State* L, int index, int argument, const char* what) {
  if (lua_isnoneornil(L, index)) return std::nullopt;
  return check_name(L, index, argument, what);
}

// Fields of the table at index 2.
std::uint64_t whole_field(lua_State* L, const char* name) {
  lua_getfield(L, 2, name);
  const bool is_number = lua_type(L, -1) == LUA_TNUMBER;
  const double value = is_number ? lua_tonumber(L, -1) : -1;
  if (!(value >= 0 && value <= kMaxWhole))
    luaL_argerror(L, 2, lua_pushfstring(L, "%s: a whole number from 0 up expected", name));
  lua_pop(L, 1);
  return static_cast<std::uint64_t>(value);
}

void push_record(lua_State* L, const state::LifecycleRecord& record) {
  lua_createtable(L, 0, 5);
  set_field(L, "phase", record.phase);
  if (record.workspace) set_field(L, "workspace", *record.workspace);
  set_field(L, "started_ms", static_cast<double>(record.started_ms));
  set_field(L, "duration_ms", static_cast<double>(record.duration_ms));
  set_flag(L, "success", record.success);
}

// succeeded(phase [, workspace]) -> boolean
int state_succeeded(lua_State* L) {
  auto& self = check<LifecycleState>(L, 1);
  lua_pushboolean(
      L, self.succeeded(check_name(L, 2, 2, "phase"), opt_name(L, 3, 3, "workspace")) ? 1 : 0);
  return 1;
}

// last(phase [, workspace]) -> record | nil
int state_last(lua_State* L) {
  auto& self = check<LifecycleState>(L, 1);
  const auto record = self.last(check_name(L, 2, 2, "phase"), opt_name(L, 3, 3, "workspace"));
  if (!record) return 0;
  push_record(L, *record);
  return 1;
}

// records() -> list of records, the oldest first; keys() -> list of { phase, workspace, key }. Of
// the file: without what was recorded since.
int state_records(lua_State* L) {
  const auto& records = check<LifecycleState>(L, 1).content().records();
  lua_createtable(L, static_cast<int>(records.size()), 0);
  int number = 0;
  for (const auto& record : records) {
    push_record(L, record);
    lua_rawseti(L, -2, ++number);
  }
  return 1;
}

int state_keys(lua_State* L) {
  const auto& keys = check<LifecycleState>(L, 1).content().keys();
  lua_createtable(L, static_cast<int>(keys.size()), 0);
  int number = 0;
  for (const auto& key : keys) {
    lua_createtable(L, 0, 3);
    set_field(L, "phase", key.phase);
    if (key.workspace) set_field(L, "workspace", *key.workspace);
    set_field(L, "key", key.key);
    lua_rawseti(L, -2, ++number);
  }
  return 1;
}

// last_phase() -> string | nil
int state_last_phase(lua_State* L) {
  const auto& phase = check<LifecycleState>(L, 1).content().last_phase();
  return phase ? push_text(L, *phase) : 0;
}

// record{ phase=, workspace=nil, started_ms=, duration_ms=, success=true }
int state_record(lua_State* L) {
  auto& self = check<LifecycleState>(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  state::LifecycleRecord record;
  record.started_ms = whole_field(L, "started_ms");
  record.duration_ms = whole_field(L, "duration_ms");
  lua_getfield(L, 2, "success");
  record.success = lua_isnil(L, -1) || lua_toboolean(L, -1) != 0;
  lua_getfield(L, 2, "phase");
  record.phase = check_name(L, -1, 2, "phase");
  lua_getfield(L, 2, "workspace");
  record.workspace = opt_name(L, -1, 2, "workspace");
  self.record(std::move(record));
  return 0;
}

// key(phase, key [, workspace])
int state_key(lua_State* L) {
  auto& self = check<LifecycleState>(L, 1);
  state::LifecycleKey key;
  key.phase = check_name(L, 2, 2, "phase");
  key.key = check_name(L, 3, 3, "key");
  key.workspace = opt_name(L, 4, 4, "workspace");
  self.key(std::move(key));
  return 0;
}

// save() -> true | nil, message, kind
int state_save(lua_State* L) {
  const auto saved = check<LifecycleState>(L, 1).save();
  if (!saved) return push_error(L, saved.error());
  lua_pushboolean(L, 1);
  return 1;
}

// reset() -> whether there was a file | nil, message, kind
int state_reset(lua_State* L) {
  const auto removed = check<LifecycleState>(L, 1).reset();
  if (!removed) return push_error(L, removed.error());
  lua_pushboolean(L, *removed ? 1 : 0);
  return 1;
}

// problem() -> "is damaged (...); it is kept as ..." | nil
int state_problem(lua_State* L) {
  const std::string& problem = check<LifecycleState>(L, 1).problem();
  return problem.empty() ? 0 : push_text(L, problem);
}

int state_path(lua_State* L) { return push_text(L, check<LifecycleState>(L, 1).path()); }

constexpr luaL_Reg kMethods[] = {{"key", state_key},
                                 {"keys", state_keys},
                                 {"last", state_last},
                                 {"last_phase", state_last_phase},
                                 {"path", state_path},
                                 {"problem", state_problem},
                                 {"record", state_record},
                                 {"records", state_records},
                                 {"reset", state_reset},
                                 {"save", state_save},
                                 {"succeeded", state_succeeded},
                                 {nullptr, nullptr}};

// open(project_dir [, { max_records = 1000 }]) -> state; 0 records: no bound
int open_file(lua_State* L) {
  std::string dir = check_string(L, 1);
  luaL_argcheck(L, dir.find('\0') == std::string::npos, 1, "a NUL byte in a path");
  state::LifecycleOptions options;
  if (!lua_isnoneornil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_getfield(L, 2, "max_records");
    const bool given = !lua_isnil(L, -1);
    lua_pop(L, 1);
    if (given) options.max_records = whole_field(L, "max_records");
  }
  push<LifecycleState>(L, std::move(dir), options);
  return 1;
}

// cache_key(phase, commands [, variables [, inputs]]) -> hex digest. Variables are { NAME, value }
// pairs, inputs are paths.
int state_cache_key(lua_State* L) {
  const std::string phase = check_string(L, 1);
  const auto commands = check_strings(L, 2);
  std::vector<std::pair<std::string, std::string>> variables;
  if (!lua_isnoneornil(L, 3)) {
    luaL_checktype(L, 3, LUA_TTABLE);
    const int count = static_cast<int>(lua_objlen(L, 3));
    for (int i = 1; i <= count; ++i) {
      lua_rawgeti(L, 3, i);
      luaL_argcheck(L, lua_istable(L, -1), 3, "pairs expected");
      lua_rawgeti(L, -1, 1);
      lua_rawgeti(L, -2, 2);
      luaL_argcheck(L, lua_isstring(L, -2) && lua_isstring(L, -1), 3, "pairs of strings expected");
      variables.emplace_back(check_string(L, -2), check_string(L, -1));
      lua_pop(L, 3);
    }
  }
  const auto inputs = lua_isnoneornil(L, 4) ? std::vector<std::string>() : check_strings(L, 4);
  return push_text(L, state::lifecycle_key(phase, commands, variables, inputs).hex());
}

constexpr luaL_Reg kFunctions[] = {
    {"cache_key", state_cache_key}, {"open", open_file}, {nullptr, nullptr}};

}  // namespace

int open_state(lua_State* L) {
  define<LifecycleState>(L, kMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
