// ggen.core.cache: an opened cache (cache/opened.h): looking into it, making room, verifying. It
// works on a worker thread and answers by a callback. Digests are hexadecimal, times seconds. What
// a run does with results is in bind_results.cpp.
// SPDX-License-Identifier: MIT
#include "lua/cache_tables.h"

#include <lua.hpp>
#include <memory>
#include <optional>
#include <string>

#include "cache/layout.h"
#include "cache/opened.h"
#include "cache/verify.h"
#include "loop/work.h"
#include "lua/call.h"
#include "lua/ref.h"
#include "lua/state.h"
#include "lua/userdata.h"
#include "lua/values.h"

namespace ggen::lua {

using namespace ggen::cache;

int open_cache(lua_State* L);

namespace {

// Jobs share it with the userdata: it lives until both are gone.
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
  push_strings(L, warnings);
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
        GGEN_TRY_ASSIGN(const Journal::Read read, opened->journal.read());
        return accesses_of(read.records);
      },
      [](lua_State* state, const Accesses& accesses) {
        push_accesses(state, accesses);
        return 1;
      });
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
  std::string policy = check_string(L, 4);
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

// open(path) -> Cache | nil, message, kind; it makes none. A run opens its own (bind_results.cpp).
int cache_open(lua_State* L) {
  auto directory = Directory::open_existing(check_string(L, 1));
  if (!directory) return push_error(L, directory.error());
  push_cache(L, std::make_shared<Opened>(std::move(*directory)));
  return 1;
}

constexpr luaL_Reg kMethods[] = {
    {"accesses", cache_accesses}, {"clear", cache_clear},   {"path", cache_path},
    {"survey", cache_survey},     {"verify", cache_verify}, {"warnings", cache_warnings},
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

void push_cache(lua_State* L, std::shared_ptr<Opened> opened) {
  luaL_getmetatable(L, kTypeName<LuaCache>);
  const bool defined = !lua_isnil(L, -1);
  lua_pop(L, 1);
  if (!defined) {
    define<LuaCache>(L, kMethods);
    define<LuaSurvey>(L, kSurveyMethods);
    define<CacheWork>(L, kWorkMethods);
  }
  push<LuaCache>(L, LuaCache{std::move(opened)});
}

int open_cache(lua_State* L) {
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
