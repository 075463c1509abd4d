// ggen.core.cache: an opened cache (cache/directory.h): looking into it, making room, verifying,
// and moving results and blobs to and from elsewhere. What reads much takes a callback and works on
// a worker thread. Digests are hexadecimal, times seconds. SPDX-License-Identifier: MIT
#include "lua/cache_tables.h"

#include <cmath>
#include <lua.hpp>
#include <memory>
#include <optional>
#include <string>

#include "cache/action_store.h"
#include "cache/blob_store.h"
#include "cache/layout.h"
#include "cache/usage.h"
#include "cache/verify.h"
#include "loop/work.h"
#include "lua/call.h"
#include "lua/ref.h"
#include "lua/state.h"
#include "lua/userdata.h"

namespace ggen::lua {

using namespace ggen::cache;

int open_cache(lua_State* L);

namespace {

// What jobs share with the userdata: it lives until both are gone.
struct Opened {
  explicit Opened(Directory d) : directory(std::move(d)), actions(directory), blobs(directory) {}
  Directory directory;
  ActionStore actions;
  BlobStore blobs;
};

struct LuaCache {
  std::shared_ptr<Opened> opened;
};

struct LuaSurvey {
  std::shared_ptr<Opened> opened;
  std::shared_ptr<const Survey> survey;
};

// A job on a worker thread, as a handle that Lua may close.
struct CacheWork {
  std::optional<loop::Work> work;
  Ref callback;
  Ref self;  // one that runs is not collected

  void close() {
    work.reset();
    callback.reset();
    self.reset();
  }
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaCache> = "ggen.Cache";
template <>
inline constexpr const char* kTypeName<LuaSurvey> = "ggen.CacheSurvey";
template <>
inline constexpr const char* kTypeName<CacheWork> = "ggen.CacheWork";

namespace {

// ---- check ----

std::string_view check_text(lua_State* L, int index) {
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(L, index, &size);
  return {bytes, size};
}

Digest check_digest(lua_State* L, int index) {
  const auto digest = Digest::parse(check_text(L, index));
  if (!digest) luaL_argerror(L, index, "64 hexadecimal digits expected");
  return *digest;
}

std::shared_ptr<Opened>& check_cache(lua_State* L) { return check<LuaCache>(L, 1).opened; }

// ---- make ----

// Runs `job` (-> Result<Value>) on a worker thread, then the callback at `index` with what
// push_value(L, value) has pushed, or with nil, message, kind. Returns the handle.
template <class Job, class Push>
int start_work(lua_State* L, int index, Job job, Push push_value) {
  luaL_checktype(L, index, LUA_TFUNCTION);
  auto& work = push<CacheWork>(L);
  work.callback = Ref(L, index);
  work.self = Ref(L, -1);
  work.work = loop::work(service<loop::Loop>(L), std::move(job), [&work, push_value](auto result) {
    // The callback finds the work closed, and may be the last that knows of it.
    const Ref self = std::move(work.self);
    const Ref callback = std::move(work.callback);
    work.close();
    lua_State* state = callback.state();
    call_back(callback, result ? push_value(state, *result) : push_error(state, result.error()));
  });
  return 1;
}

int push_done(lua_State* L, const Result<void>& result) {
  if (!result) return push_error(L, result.error());
  lua_pushboolean(L, 1);
  return 1;
}

// ---- methods ----

// cache:path() -> its directory
int cache_path(lua_State* L) {
  const std::string& path = check_cache(L)->directory.root();
  lua_pushlstring(L, path.data(), path.size());
  return 1;
}

// cache:warnings() -> what was found damaged since the last call; each file is said once
int cache_warnings(lua_State* L) {
  const auto warnings = check_cache(L)->directory.take_warnings();
  push_texts(L, warnings);
  return 1;
}

// cache:survey(callback(survey)) -> handle
int cache_survey(lua_State* L) {
  auto opened = check_cache(L);
  return start_work(
      L, 2,
      [opened] {
        auto found = survey(opened->directory);
        using Value = std::shared_ptr<const Survey>;
        return found ? Result<Value>(std::make_shared<Survey>(std::move(*found)))
                     : Result<Value>(std::move(found).error());
      },
      [opened](lua_State* state, const std::shared_ptr<const Survey>& found) {
        push<LuaSurvey>(state, LuaSurvey{opened, found});
        return 1;
      });
}

// cache:verify(callback({ actions=, blobs=, bytes=, problems = {...}, journal_damage= })) -> handle
int cache_verify(lua_State* L) {
  return start_work(
      L, 2, [opened = check_cache(L)] { return verify(opened->directory); },
      [](lua_State* state, const Verified& verified) {
        push_verified(state, verified);
        return 1;
      });
}

// cache:clear(callback({ actions=, blobs=, bytes= })) -> handle
int cache_clear(lua_State* L) {
  return start_work(
      L, 2, [opened = check_cache(L)] { return clear(opened->directory); },
      [](lua_State* state, const Swept& swept) {
        push_swept(state, swept);
        return 1;
      });
}

// cache:accesses(callback({ count=, keys=, key = {...}, time = {...}, bytes = {...},
// duration = {...}, task = {...} })) -> handle. The columns of cache/accesses.h; numbers of keys
// begin at 1.
int cache_accesses(lua_State* L) {
  return start_work(
      L, 2,
      [opened = check_cache(L)]() -> Result<Accesses> {
        GGEN_TRY_ASSIGN(const Journal::Read read, Journal(opened->directory).read());
        return accesses_of(read.records);
      },
      [](lua_State* state, const Accesses& accesses) {
        push_accesses(state, accesses);
        return 1;
      });
}

// cache:get(key) -> encoded action, or nil (a miss), or nil, message, kind
int cache_get(lua_State* L) {
  const auto bytes = check_cache(L)->actions.get_encoded(check_digest(L, 2));
  if (!bytes) return push_error(L, bytes.error());
  if (*bytes)
    lua_pushlstring(L, (*bytes)->data(), (*bytes)->size());
  else
    lua_pushnil(L);
  return 1;
}

// cache:put(key, encoded action) -> true; its blobs must be there
int cache_put(lua_State* L) {
  return push_done(L, check_cache(L)->actions.put_encoded(check_digest(L, 2), check_text(L, 3)));
}

// cache:has_blob(digest) -> boolean
int cache_has_blob(lua_State* L) {
  lua_pushboolean(L, check_cache(L)->blobs.has(check_digest(L, 2)) ? 1 : 0);
  return 1;
}

// cache:blob_path(digest) -> where it is or would be; never write there
int cache_blob_path(lua_State* L) {
  const std::string path = check_cache(L)->blobs.path(check_digest(L, 2));
  lua_pushlstring(L, path.data(), path.size());
  return 1;
}

// cache:import(path, digest, callback(true)) -> handle: takes over a file that was fetched, if its
// bytes are right
int cache_import(lua_State* L) {
  std::string path(check_text(L, 2));
  const Digest digest = check_digest(L, 3);
  return start_work(
      L, 4,
      [opened = check_cache(L), path = std::move(path), digest]() -> Result<bool> {
        GGEN_TRY(opened->blobs.import(path, digest));
        return true;
      },
      [](lua_State* state, bool) {
        lua_pushboolean(state, 1);
        return 1;
      });
}

// cache:evictions({ key, ... }) -> { [key] = { time=, policy=, reason=, bytes=, duration= } }: how
// those of the keys went that are evicted
int cache_evictions(lua_State* L) {
  auto& opened = check_cache(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  std::vector<Digest> keys;
  for (int i = 1; i <= static_cast<int>(lua_objlen(L, 2)); ++i) {
    lua_rawgeti(L, 2, i);
    keys.push_back(check_digest(L, -1));
    lua_pop(L, 1);
  }
  const auto records = evictions(Journal(opened->directory), keys);
  if (!records) return push_error(L, records.error());
  push_evictions(L, keys, *records);
  return 1;
}

// cache:add_usage(bytes) -> about how many bytes there are now; nil when nobody knows (a survey
// does)
int cache_add_usage(lua_State* L) {
  auto& opened = check_cache(L);
  const double bytes = luaL_checknumber(L, 2);
  luaL_argcheck(L, std::fabs(bytes) < 1e15, 2, "a number of bytes expected");
  const auto total = add_usage(opened->directory, static_cast<std::int64_t>(bytes));
  if (!total) return push_error(L, total.error());
  if (*total)
    lua_pushnumber(L, static_cast<double>(**total));
  else
    lua_pushnil(L);
  return 1;
}

// cache:append(records) -> true: notes in the journal what happened, in one write. A record is
// { op = "store"|"hit"|"miss", key =, task = id, time =, bytes =, duration = }.
int cache_append(lua_State* L) {
  auto& opened = check_cache(L);
  return push_done(L, Journal(opened->directory).append(check_records(L, 2)));
}

// cache:append_group(records, time) -> { id =, count =, duration = }: the hits of a run, so that
// the next run with the same ones needs one record (cache/journal.h)
int cache_append_group(lua_State* L) {
  auto& opened = check_cache(L);
  const auto time_ms = static_cast<std::uint64_t>(luaL_checknumber(L, 3) * 1000);
  const auto group = Journal(opened->directory).append_group(check_records(L, 2), time_ms);
  if (!group) return push_error(L, group.error());
  push_group(L, *group);
  return 1;
}

// cache:append_repeat(group, time) -> true
int cache_append_repeat(lua_State* L) {
  auto& opened = check_cache(L);
  const auto time_ms = static_cast<std::uint64_t>(luaL_checknumber(L, 3) * 1000);
  return push_done(L, Journal(opened->directory).append_repeat(check_group(L, 2), time_ms));
}

// survey:entries(now) -> { count=, now=, key = {...}, task = {...}, bytes = {...}, created = {...},
// last_access = {...}, hits = {...}, duration = {...} }: what policies choose from
int survey_entries(lua_State* L) {
  const double now = luaL_checknumber(L, 2);
  push_entries(L, *check<LuaSurvey>(L, 1).survey, now);
  return 1;
}

// survey:stats() -> numbers of what is there and of what happened, by task too
int survey_stats(lua_State* L) {
  push_stats(L, *check<LuaSurvey>(L, 1).survey);
  return 1;
}

// survey:sweep(indices, reasons, policy, callback({ actions=, blobs=, bytes= })) -> handle: removes
// these entries and what nothing names any more. A reason is "size", "age", "cost" or "asked".
int survey_sweep(lua_State* L) {
  const LuaSurvey& self = check<LuaSurvey>(L, 1);
  std::vector<Victim> victims = check_victims(L, 2, 3, self.survey->entries.size());
  std::string policy(check_text(L, 4));
  return start_work(
      L, 5,
      [opened = self.opened, found = self.survey, victims = std::move(victims),
       policy = std::move(policy)] { return sweep(opened->directory, *found, victims, policy); },
      [](lua_State* state, const Swept& swept) {
        push_swept(state, swept);
        return 1;
      });
}

int work_close(lua_State* L) {
  check<CacheWork>(L, 1).close();
  return 0;
}

// ---- open ----

// default_path() -> the directory that the environment asks for
int cache_default_path(lua_State* L) {
  const auto path = default_root();
  if (!path) return push_error(L, path.error());
  lua_pushlstring(L, path->data(), path->size());
  return 1;
}

// open(path [, { create = false }]) -> Cache
int cache_open(lua_State* L) {
  std::string path(check_text(L, 1));
  bool create = true;
  if (!lua_isnoneornil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_getfield(L, 2, "create");
    create = lua_isnil(L, -1) || lua_toboolean(L, -1) != 0;
  }
  auto directory =
      create ? Directory::open(std::move(path)) : Directory::open_existing(std::move(path));
  if (!directory) return push_error(L, directory.error());
  push<LuaCache>(L, LuaCache{std::make_shared<Opened>(std::move(*directory))});
  return 1;
}

constexpr luaL_Reg kMethods[] = {
    {"add_usage", cache_add_usage},
    {"append", cache_append},
    {"append_group", cache_append_group},
    {"append_repeat", cache_append_repeat},
    {"accesses", cache_accesses},
    {"blob_path", cache_blob_path},
    {"clear", cache_clear},
    {"evictions", cache_evictions},
    {"get", cache_get},
    {"has_blob", cache_has_blob},
    {"import", cache_import},
    {"path", cache_path},
    {"put", cache_put},
    {"survey", cache_survey},
    {"verify", cache_verify},
    {"warnings", cache_warnings},
    {nullptr, nullptr},
};
constexpr luaL_Reg kSurveyMethods[] = {{"entries", survey_entries},
                                       {"stats", survey_stats},
                                       {"sweep", survey_sweep},
                                       {nullptr, nullptr}};
constexpr luaL_Reg kWorkMethods[] = {{"close", work_close}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {
    {"default_path", cache_default_path}, {"open", cache_open}, {nullptr, nullptr}};

}  // namespace

int open_cache(lua_State* L) {
  define<LuaCache>(L, kMethods);
  define<LuaSurvey>(L, kSurveyMethods);
  define<CacheWork>(L, kWorkMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
