// SPDX-License-Identifier: MIT
#include "lua/cache_tables.h"
#include "lua/values.h"

#include <algorithm>
#include <map>

namespace ggen::lua {

using namespace ggen::cache;

namespace {

void push_text(lua_State* L, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
}

double seconds(std::uint64_t ms) { return static_cast<double>(ms) / 1000; }

// Sets a list of what push_one(row) pushes for each row.
template <class Rows, class Push>
void set_column(lua_State* L, const char* name, const Rows& rows, const Push& push_one) {
  lua_createtable(L, static_cast<int>(rows.size()), 0);
  int index = 0;
  for (const auto& row : rows) {
    push_one(row);
    lua_rawseti(L, -2, ++index);
  }
  lua_setfield(L, -2, name);
}

void push_totals(lua_State* L, const Totals& totals) {
  lua_createtable(L, 0, 7);
  set_field(L, "hits", static_cast<double>(totals.hits));
  set_field(L, "misses", static_cast<double>(totals.misses));
  set_field(L, "stores", static_cast<double>(totals.stores));
  set_field(L, "evictions", static_cast<double>(totals.evictions));
  set_field(L, "evicted_bytes", static_cast<double>(totals.evicted_bytes));
  set_field(L, "saved", seconds(totals.saved_ms));
  set_field(L, "spent", seconds(totals.spent_ms));
}

// What is stored of one task; there may be results of it that were made from other inputs.
struct Kept {
  std::size_t entries = 0;
  std::uint64_t bytes = 0;
};

}  // namespace

void push_entries(lua_State* L, const Survey& survey, double now) {
  const auto number = [L](double value) { lua_pushnumber(L, value); };
  const auto& rows = survey.entries;
  lua_createtable(L, 0, 9);
  set_field(L, "count", static_cast<double>(rows.size()));
  set_field(L, "now", static_cast<double>(now));
  set_column(L, "key", rows, [&](const Entry& e) { push_text(L, e.key.hex()); });
  set_column(L, "task", rows, [&](const Entry& e) { push_text(L, e.task); });
  set_column(L, "bytes", rows, [&](const Entry& e) { number(static_cast<double>(e.bytes)); });
  set_column(L, "created", rows, [&](const Entry& e) { number(seconds(e.created_ms)); });
  set_column(L, "last_access", rows, [&](const Entry& e) { number(seconds(e.last_access_ms)); });
  set_column(L, "hits", rows, [&](const Entry& e) { number(static_cast<double>(e.hits)); });
  set_column(L, "duration", rows, [&](const Entry& e) { number(seconds(e.duration_ms)); });
}

void push_stats(lua_State* L, const Survey& survey) {
  push_totals(L, survey.totals.all);
  set_field(L, "bytes", static_cast<double>(survey.bytes));
  set_field(L, "entries", static_cast<double>(survey.entries.size()));
  set_field(L, "blobs", static_cast<double>(survey.blobs));
  set_field(L, "orphans", static_cast<double>(survey.orphans));
  set_field(L, "orphan_bytes", static_cast<double>(survey.orphan_bytes));
  set_field(L, "unreadable", static_cast<double>(survey.unreadable));

  // The journal knows tasks by a hash of their names; the stored results know the names.
  std::map<std::string_view, Kept> tasks;
  for (const Entry& entry : survey.entries) {
    Kept& kept = tasks[entry.task];
    ++kept.entries;
    kept.bytes += entry.bytes;
  }
  lua_createtable(L, 0, static_cast<int>(tasks.size()));
  for (const auto& [name, kept] : tasks) {
    push_text(L, name);
    const auto found = survey.totals.by_task.find(task_hash(name));
    push_totals(L, found == survey.totals.by_task.end() ? Totals{} : found->second);
    set_field(L, "entries", static_cast<double>(kept.entries));
    set_field(L, "bytes", static_cast<double>(kept.bytes));
    lua_rawset(L, -3);
  }
  lua_setfield(L, -2, "tasks");
}

void push_accesses(lua_State* L, const Accesses& accesses) {
  lua_createtable(L, 0, 7);
  set_field(L, "count", static_cast<double>(accesses.key.size()));
  set_field(L, "keys", static_cast<double>(accesses.keys.size()));
  const auto number = [L](double value) { lua_pushnumber(L, value); };
  set_column(L, "key", accesses.key, [&](std::uint32_t key) { number(key + 1.0); });
  set_column(L, "time", accesses.time_ms, [&](std::uint64_t ms) { number(seconds(ms)); });
  set_column(L, "bytes", accesses.bytes,
             [&](std::uint64_t bytes) { number(static_cast<double>(bytes)); });
  set_column(L, "duration", accesses.cost_ms, [&](std::uint64_t ms) { number(seconds(ms)); });
  set_column(L, "task", accesses.task, [&](std::uint32_t task) { number(task); });
}

void push_swept(lua_State* L, const Swept& swept) {
  lua_createtable(L, 0, 3);
  set_field(L, "actions", static_cast<double>(swept.actions));
  set_field(L, "blobs", static_cast<double>(swept.blobs));
  set_field(L, "bytes", static_cast<double>(swept.bytes));
}

void push_verified(lua_State* L, const Verified& verified) {
  lua_createtable(L, 0, 5);
  set_field(L, "actions", static_cast<double>(verified.actions));
  set_field(L, "blobs", static_cast<double>(verified.blobs));
  set_field(L, "bytes", static_cast<double>(verified.bytes));
  set_field(L, "journal_damage", static_cast<double>(verified.journal_damage));
  push_strings(L, verified.problems);
  lua_setfield(L, -2, "problems");
}

void push_eviction(lua_State* L, const Record& record) {
  lua_createtable(L, 0, 5);
  set_field(L, "time", seconds(record.time_ms));
  set_field(L, "bytes", static_cast<double>(record.bytes));
  set_field(L, "duration", seconds(record.cost_ms));
  set_field(L, "policy", record.policy);
  set_field(L, "reason", reason_name(record.reason));
}

std::vector<Victim> check_victims(lua_State* L, int indices, int reasons, std::size_t entries) {
  luaL_checktype(L, indices, LUA_TTABLE);
  const bool has_reasons = !lua_isnoneornil(L, reasons);
  if (has_reasons) luaL_checktype(L, reasons, LUA_TTABLE);
  const int count = static_cast<int>(lua_objlen(L, indices));
  std::vector<Victim> victims;
  victims.reserve(static_cast<std::size_t>(count));
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(L, indices, i);
    const double index = lua_tonumber(L, -1);
    if (!(index >= 1 && index <= static_cast<double>(entries)) ||
        index != static_cast<double>(static_cast<std::size_t>(index)))
      luaL_argerror(L, indices, lua_pushfstring(L, "element %d is no entry", i));
    Victim victim{static_cast<std::size_t>(index) - 1, Reason::size};
    lua_pop(L, 1);
    if (has_reasons) {
      lua_rawgeti(L, reasons, i);
      const char* name = lua_tostring(L, -1);
      if (name != nullptr) victim.reason = reason_of_name(name);
      if (victim.reason == Reason::none)
        luaL_argerror(L, reasons, lua_pushfstring(L, "element %d is no reason", i));
      lua_pop(L, 1);
    }
    victims.push_back(victim);
  }
  return victims;
}

}  // namespace ggen::lua
