// What the bindings of ggen.core.incremental share: the state of an assessor, and how its jobs get
// to the worker threads and back. bind_definitions.cpp builds definitions, bind_incremental.cpp
// judges tasks, bind_results.cpp stores and restores, bind_changes.cpp says what differs,
// bind_staging.cpp makes rooms in which a task sees only what it declares.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <lua.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cache/log_file.h"
#include "cache/nearest.h"
#include "cache/opened.h"
#include "cache/outputs.h"
#include "incremental/assessor.h"
#include "incremental/shared_index.h"
#include "incremental/task_locks.h"
#include "loop/serial.h"
#include "lua/call.h"
#include "lua/graph.h"
#include "lua/ref.h"
#include "lua/userdata.h"
#include "lua/values.h"
#include "process/sink.h"
#include "state/snapshot.h"

namespace ggen::lua {

// Everything that a job may touch; jobs hold on to it. The cache may be used by many jobs at once,
// the rest by one.
struct Session {
  Session(std::shared_ptr<const graph::Graph> of, std::string root_dir, std::string index_file,
          unsigned threads, incremental::Environment variables)
      : graph(std::move(of)),
        root(std::move(root_dir)),
        environment(std::move(variables)),
        programs(root, environment),
        shared_index(index_file),
        tree(root, std::move(index_file), threads),
        locks(root + "/.ggen/lock") {}
  std::shared_ptr<const graph::Graph> graph;
  std::string root;
  incremental::Environment environment;
  incremental::Programs programs;
  incremental::SharedIndex shared_index;
  hash::Tree tree;
  // From define() on.
  std::string definitions;  // or in the snapshot
  std::shared_ptr<const state::Snapshot> snapshot;
  incremental::Results results;
  std::optional<Digest> situation;  // incremental/situation.h
  incremental::TaskLocks locks;     // used on the loop's thread only
  std::optional<incremental::Assessor> assessor;
  // The cache of this machine, from open_cache() on.
  std::shared_ptr<cache::Opened> cache;
  std::optional<cache::NearestResults> nearest;  // for one job at a time
  std::uint64_t fetched = 0;                     // names of temporary files
};

struct LuaAssessor {
  explicit LuaAssessor(loop::Loop& of) : loop(of), serial(of) {}

  // Owns a Work that `make` starts until it calls finished().
  template <class Make>
  void add_work(Make make) {
    const std::uint64_t number = next_work++;
    works.emplace(number, make(loop, [this, number] { works.erase(number); }));
  }

  loop::Loop& loop;
  std::shared_ptr<Session> session;
  loop::Serial serial;
  std::map<std::uint64_t, loop::Work> works;
  std::uint64_t next_work = 0;
};

struct LuaMarks {
  incremental::InputMarks marks;
};
struct LuaAction {
  std::shared_ptr<cache::Action> action;
};
struct LuaPresent {
  std::vector<cache::Present> list;
};
struct LuaWritten {
  std::vector<cache::Written> list;
};

// Keeps what a task prints, beside what shows it.
struct Recorder : process::Sink {
  explicit Recorder(const cache::Directory& directory) : writer(directory) {}
  void write(process::Stream stream, std::string_view bytes) override {
    writer.add(static_cast<cache::Stream>(stream), bytes);
  }
  cache::LogWriter writer;
};

template <>
inline constexpr const char* kTypeName<LuaAssessor> = "ggen.Assessor";
template <>
inline constexpr const char* kTypeName<LuaMarks> = "ggen.InputMarks";
template <>
inline constexpr const char* kTypeName<LuaAction> = "ggen.Action";
template <>
inline constexpr const char* kTypeName<LuaPresent> = "ggen.Present";
template <>
inline constexpr const char* kTypeName<LuaWritten> = "ggen.Written";

// ---- the assessor as an argument ----

inline LuaAssessor& check_assessor(lua_State* L) { return check<LuaAssessor>(L, 1); }
// The session of one that knows its definitions.
const std::shared_ptr<Session>& check_defined(lua_State* L);
// For calls on the loop's thread: raises when a job is using the session.
Session& check_idle(lua_State* L);
cache::Opened& check_cache(lua_State* L);
// Of a job that has nothing to say but that it is done.
inline int push_true(lua_State* L, bool) {
  lua_pushboolean(L, 1);
  return 1;
}
// An action, or false.
int push_action(lua_State* L, std::optional<cache::Action>& action);

// Methods of an assessor that are bound in other files.
const luaL_Reg* result_methods();
const luaL_Reg* journal_methods();
const luaL_Reg* judgement_methods();
const luaL_Reg* staging_methods();
// Adds its functions to the table on top of the stack.
void add_result_functions(lua_State* L);
// The same of bind_action.cpp.
void add_action_functions(lua_State* L);
// The same of bind_changes.cpp.
const luaL_Reg* change_methods();
void add_change_functions(lua_State* L);

// ---- jobs ----
//
// A job is `job(session)`, whose Result goes to the callback at `index` by way of push(L, value).
// The way to a worker thread and back takes as long as a look at some fifty files. So a job that is
// quick(session) is done at once, and the callback called before the method returns.

// Does the job on the loop's thread.
template <class Job, class Push>
int answer(lua_State* L, int index, Session& session, Job& job, Push& push_value) {
  lua_pushvalue(L, index);
  auto result = job(session);
  lua_call(L, result ? push_value(L, *result) : push_error(L, result.error()), 0);
  return 0;
}

// Queues a job that uses the tree and the assessor, or does it at once. quick(session) comes once
// before job(session), on whatever thread.
template <class Quick, class Job, class Push>
int queue(lua_State* L, int index, Quick quick, Job job, Push push_value) {
  LuaAssessor& self = check_assessor(L);
  check_defined(L);
  luaL_checktype(L, index, LUA_TFUNCTION);
  const auto asked = std::make_shared<bool>(self.serial.idle() && self.serial.may_stay());
  if (*asked && quick(*self.session)) return answer(L, index, *self.session, job, push_value);
  using Value = std::invoke_result_t<Job, Session&>;
  auto value = std::make_shared<std::optional<Value>>();
  auto callback = std::make_shared<Ref>(L, index);
  self.serial.run(
      [session = self.session, value, asked, quick, job = std::move(job)] {
        if (!*asked) quick(*session);
        value->emplace(job(*session));
      },
      [value, callback, push_value = std::move(push_value)] {
        lua_State* main = callback->state();
        Value& result = **value;
        const int count = result ? push_value(main, *result) : push_error(main, result.error());
        call_back(*callback, count);
      },
      [session = self.session, asked, quick] { return *asked = true, quick(*session); });
  return 0;
}

// Runs a job on any worker thread, as the cache's objects are shared, or does it at once.
template <class Job, class Push>
int start(lua_State* L, int index, bool quick, Job job, Push push_value) {
  LuaAssessor& self = check_assessor(L);
  check_cache(L);
  luaL_checktype(L, index, LUA_TFUNCTION);
  if (quick && self.serial.may_stay()) return answer(L, index, *self.session, job, push_value);
  using Value = std::invoke_result_t<Job, Session&>;
  auto callback = std::make_shared<Ref>(L, index);
  self.add_work([&](loop::Loop& loop, auto finished) {
    auto value = std::make_shared<std::optional<Value>>();
    return loop::Work(
        loop,
        [session = self.session, value, job = std::move(job)]() mutable {
          value->emplace(job(*session));
        },
        [value, callback, finished, push_value = std::move(push_value)] {
          lua_State* main = callback->state();
          Value& result = **value;
          const int count = result ? push_value(main, *result) : push_error(main, result.error());
          finished();
          call_back(*callback, count);
        });
  });
  return 0;
}

}  // namespace ggen::lua
