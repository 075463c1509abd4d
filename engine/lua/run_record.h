// The record of a run as a Lua value, for the files that fill it in: row by row while it goes on
// (bind_run_record.cpp), and the rest when it is over (compose_run_record.cpp).
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <lua.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "lua/userdata.h"
#include "state/run_record.h"

namespace ggen::lua {

struct LuaRunRecord {
  state::RunRecord record;
  state::RunFacts facts;
  std::vector<double> path_times{};  // of facts.path
  std::uint32_t took_time = 0;       // tasks
};

template <>
inline constexpr const char* kTypeName<LuaRunRecord> = "ggen.RunRecord";

inline LuaRunRecord& check_record(lua_State* L) { return check<LuaRunRecord>(L, 1); }
// Made at the first call.
const std::string& id_of(LuaRunRecord& record);

// What a plugin may have made up: a finite number above zero, or zero; a text, or an empty one.
double number_at(lua_State* L, int index);
std::string_view text_at(lua_State* L, int index);
double number_field(lua_State* L, int index, const char* name);
std::string text_field(lua_State* L, int index, const char* name);
std::uint64_t whole_of(double value);

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

// Of GGEN_SESSION and GGEN_MACHINE, cut to what has room in a record.
std::string environment(const char* name);

// Methods that are bound in compose_run_record.cpp.
int record_compose(lua_State* L);
int record_critical_path(lua_State* L);

}  // namespace ggen::lua
