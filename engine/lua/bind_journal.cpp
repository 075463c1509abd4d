// The part of ggen.core.incremental that writes the cache's journal: what became of the results of
// a run (cache/journal.h). SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <lua.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/pack.h"
#include "cache/usage.h"
#include "lua/cache_tables.h"
#include "lua/incremental.h"

namespace ggen::lua {

using graph::TaskId;
using incremental::Standing;

namespace {

cache::Op check_op(lua_State* L, int index) {
  static constexpr const char* kNames[] = {"store", "hit", "miss", nullptr};
  static constexpr cache::Op kOps[] = {cache::Op::store, cache::Op::hit, cache::Op::miss};
  return kOps[luaL_checkoption(L, index, nullptr, kNames)];
}

// The hits that were written down last, as the note "group".
std::string pack(const cache::Group& group) {
  Packer out;
  out.raw({reinterpret_cast<const char*>(group.id.data()), group.id.size()});
  out.number(group.count);
  out.number(group.cost_ms);
  return out.take();
}

std::optional<cache::Group> unpack_group(std::string_view bytes) {
  Unpacker in(bytes);
  cache::Group group;
  const std::string_view id = in.raw(group.id.size());
  std::copy(id.begin(), id.end(), group.id.begin());
  group.count = in.number<std::uint64_t>();
  group.cost_ms = in.number<std::uint64_t>();
  return in.at_end() ? std::optional(group) : std::nullopt;
}

// The tasks that were up to date are one record if they are those of the run before.
Result<void> write_hits(Session& session, cache::Opened& cache, const graph::Plan& plan,
                        std::uint64_t now, bool same) {
  const auto last_group = unpack_group(session.tree.note("group").value_or(std::string_view()));
  if (same && last_group) return cache.journal.append_repeat(*last_group, now);
  if (!session.assessor) return {};
  std::vector<cache::Record> hits;
  for (const TaskId task : plan.wanted()) {
    if (session.assessor->standing(task) != Standing::fresh) continue;
    if ((session.assessor->definitions().task(task).flags & incremental::kCached) == 0) continue;
    const auto last = session.results.find(session.graph->name(task));
    if (!last) continue;
    cache::Record& hit = hits.emplace_back();
    hit.key = cache::short_key(last->key);
    hit.task = cache::task_hash(session.graph->name(task));
    hit.bytes = last->bytes;
    hit.cost_ms = last->duration_ms;
    hit.time_ms = now;
  }
  if (hits.empty()) return {};
  const cache::Group group = cache::group_of(hits);
  if (last_group && last_group->id == group.id) return cache.journal.append_repeat(group, now);
  GGEN_TRY(cache.journal.append_group(group, hits, now));
  session.tree.set_note("group", pack(group));
  return {};
}

// assessor:append(records, now) -> true | nil, message, kind. Writes records into the cache's
// journal: op, key, task, bytes, duration, op, key, ...
int assessor_append(lua_State* L) {
  luaL_checktype(L, 2, LUA_TTABLE);
  const auto now = static_cast<std::uint64_t>(luaL_checknumber(L, 3) * 1000);
  std::vector<cache::Record> records;
  const int count = static_cast<int>(lua_objlen(L, 2));
  for (int i = 1; i + 4 <= count; i += 5) {
    for (int j = 0; j < 5; ++j) lua_rawgeti(L, 2, i + j);
    cache::Record record;
    record.op = check_op(L, -5);
    record.key = cache::short_key(check_digest(L, -4));
    record.task = cache::task_hash(check_string(L, -3));
    record.bytes = static_cast<std::uint64_t>(lua_tonumber(L, -2));
    record.cost_ms = static_cast<std::uint64_t>(lua_tonumber(L, -1) * 1000);
    record.time_ms = now;
    records.push_back(record);
    lua_pop(L, 5);
  }
  if (auto written = check_cache(L).journal.append(records); !written) {
    return push_error(L, written.error());
  }
  lua_pushboolean(L, 1);
  return 1;
}

// assessor:journal(plan, now, same) -> true, or bytes in the cache (inf: nobody knows) | nil,
// message, kind. At the end: writes down the hits of the tasks that were up to date. `same`: they
// are those of the run before.
int assessor_journal(lua_State* L) {
  Session& session = check_idle(L);
  auto& plan = check_plan(L, 2);
  cache::Opened& cache = check_cache(L);
  const auto now = static_cast<std::uint64_t>(luaL_checknumber(L, 3) * 1000);
  const bool same = lua_toboolean(L, 4) != 0;
  if (auto written = write_hits(session, cache, plan, now, same); !written) {
    return push_error(L, written.error());
  }
  const std::int64_t added = cache.blobs.bytes_added() + cache.actions.bytes_added();
  if (added != 0) {
    auto usage = cache::add_usage(cache.directory, added);
    if (!usage) return push_error(L, usage.error());
    // Nobody knows yet: a survey finds out.
    lua_pushnumber(L, *usage ? static_cast<double>(**usage) : HUGE_VAL);
    return 1;
  }
  lua_pushboolean(L, 1);
  return 1;
}

constexpr luaL_Reg kMethods[] = {
    {"append", assessor_append}, {"journal", assessor_journal}, {nullptr, nullptr}};

}  // namespace

const luaL_Reg* journal_methods() { return kMethods; }

}  // namespace ggen::lua
