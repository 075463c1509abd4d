// ggen.core.incremental: what makes the keys of tasks, and which of them are up to date
// (incremental/assessor.h). Digests are hexadecimal in Lua, tasks are ids of the graph.
//
// What looks at files beyond the first look answers by a callback: cb(value) or cb(nil, message,
// kind). It runs on a worker thread, one after the other, but for what is over in no time: that is
// done at once, and the callback called before the method returns.
// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <lua.hpp>
#include <memory>
#include <string>
#include <vector>

#include "lua/incremental.h"
#include "lua/snapshot.h"
#include "lua/state.h"

namespace ggen::lua {

using graph::TaskId;
using incremental::Assessment;
using incremental::Assessor;
using incremental::Definitions;
using incremental::LastResult;
using incremental::Standing;

int open_incremental(lua_State* L);

// ---- the assessor as an argument ----

const std::shared_ptr<Session>& check_defined(lua_State* L) {
  const auto& session = check_assessor(L).session;
  if (!session->assessor) luaL_error(L, "the assessor knows no definitions yet");
  return session;
}

Session& check_idle(lua_State* L) {
  LuaAssessor& self = check_assessor(L);
  if (!self.serial.idle()) luaL_error(L, "the assessor is at work");
  return *self.session;
}

cache::Opened& check_cache(lua_State* L) {
  const auto& cache = check_assessor(L).session->cache;
  if (!cache) luaL_error(L, "no cache is open");
  return *cache;
}

namespace {

// What takes no time and nobody waits for: at once, or behind the jobs that there are.
template <class Job>
void run_in_turn(LuaAssessor& self, Job job) {
  if (self.serial.idle())
    job();
  else
    self.serial.run(
        std::move(job), [] {}, [] { return true; });
}

constexpr const char* kStandingNames[] = {"open", "unkeyed", "stale", "fresh", "ended"};

const char* standing_name(Standing standing) {
  return kStandingNames[static_cast<std::size_t>(standing)];
}

// ---- the assessor: at once ----

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// open{root=, index=, threads=, graph=} -> Assessor | nil, message, kind. It looks at files; of
// tasks it knows nothing until define().
int open_assessor(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  for (const char* name : {"root", "index", "threads", "graph"}) lua_getfield(L, 1, name);
  auto session =
      std::make_shared<Session>(check_graph(L, 5), check_string(L, 2), check_string(L, 3),
                                static_cast<unsigned>(luaL_checkinteger(L, 4)), variable);
  if (auto opened = session->tree.open(); !opened) return push_error(L, opened.error());
  push<LuaAssessor>(L, service<loop::Loop>(L)).session = std::move(session);
  return 1;
}

// assessor:define(bytes | snapshot, section?) -> true | nil, message, kind
int assessor_define(lua_State* L) {
  Session& session = check_idle(L);
  std::string_view bytes;
  if (lua_type(L, 2) == LUA_TSTRING) {
    session.definitions = check_string(L, 2);
    bytes = session.definitions;
  } else {
    session.snapshot = check_snapshot(L, 2);
    bytes = session.snapshot->section(check_string(L, 3)).value_or(std::string_view());
  }
  auto definitions = Definitions::open(bytes);
  if (!definitions) return push_error(L, definitions.error());
  if (definitions->size() != session.graph->size()) {
    return push_error(L, {ErrorKind::invalid, "the definitions are of other tasks"});
  }
  session.results.load(session.tree.note("results").value_or(std::string_view()));
  session.assessor.emplace(session.tree, session.root, *session.graph, *definitions,
                           session.results, session.environment, session.programs);
  lua_pushboolean(L, 1);
  return 1;
}

// assessor:verify([cb]) -> whether every file is as the index has it; with a callback that is told,
// and a worker thread looks
int assessor_verify(lua_State* L) {
  Session& session = check_idle(L);
  if (lua_isnoneornil(L, 2)) {
    lua_pushboolean(L, session.tree.verify_all());
    return 1;
  }
  luaL_checktype(L, 2, LUA_TFUNCTION);
  auto all = std::make_shared<bool>(false);
  auto callback = std::make_shared<Ref>(L, 2);
  LuaAssessor& self = check_assessor(L);
  self.serial.run([session = self.session, all] { *all = session->tree.verify_all(); },
                  [all, callback] {
                    lua_pushboolean(callback->state(), *all ? 1 : 0);
                    call_back(*callback, 1);
                  });
  return 0;
}

// assessor:note(name) -> bytes | nil
int assessor_note(lua_State* L) {
  const auto note = check_idle(L).tree.note(check_string(L, 2));
  if (!note) return 0;
  lua_pushlstring(L, note->data(), note->size());
  return 1;
}

// assessor:set_note(name, bytes | nil)
int assessor_set_note(lua_State* L) {
  check_idle(L).tree.set_note(check_string(L, 2),
                              lua_isnoneornil(L, 3) ? std::string() : check_string(L, 3));
  return 0;
}

void push_last(lua_State* L, const LastResult& last) {
  lua_createtable(L, 0, 6);
  if (last.outcome == incremental::Outcome::kept)
    set_field(L, "key", last.key.hex());
  else
    set_field(L, "outcome", std::string(outcome_name(last.outcome)));
  set_field(L, "created", static_cast<double>(last.created_ms) / 1000);
  set_field(L, "duration", static_cast<double>(last.duration_ms) / 1000);
  set_field(L, "bytes", static_cast<double>(last.bytes));
  set_field(L, "outputs", last.outputs.hex());
  if (!last.before.is_zero()) set_field(L, "before", last.before.hex());
}

// assessor:standing(id) -> "open", "unkeyed", "stale", "fresh" or "ended"; with a callback also
// while others are at work
int assessor_standing(lua_State* L) {
  if (!lua_isnoneornil(L, 3)) {
    check_defined(L);
    const TaskId asked = check_task_id(L, *check_assessor(L).session->graph, 2);
    return queue(
        L, 3, [](Session&) { return true; },
        [asked](Session& session) -> Result<Standing> { return session.assessor->standing(asked); },
        [](lua_State* main, Standing standing) {
          lua_pushstring(main, standing_name(standing));
          return 1;
        });
  }
  Session& session = (check_defined(L), check_idle(L));
  const TaskId task = check_task_id(L, *session.graph, 2);
  lua_pushstring(L, standing_name(session.assessor->standing(task)));
  return 1;
}

// assessor:last(id) -> { key=, outputs=, before=, created=, duration=, bytes= } | nil; where
// nothing was kept of the last run, { outcome=, before=, ... } (incremental/results.h)
int assessor_last(lua_State* L) {
  Session& session = (check_defined(L), check_idle(L));
  const TaskId task = check_task_id(L, *session.graph, 2);
  const auto last = session.results.find(session.graph->name(task));
  if (!last) return 0;
  push_last(L, *last);
  return 1;
}

// assessor:info(id) -> { cached=, keyed=, has_outputs=, runs_nothing=, service=, phase= }
int assessor_info(lua_State* L) {
  const Session& session = *check_defined(L);
  const TaskId task = check_task_id(L, *session.graph, 2);
  const auto flags = session.assessor->definitions().task(task).flags;
  lua_createtable(L, 0, 6);
  set_flag(L, "cached", (flags & incremental::kCached) != 0);
  set_flag(L, "keyed", (flags & incremental::kKeyed) != 0);
  set_flag(L, "has_outputs", (flags & incremental::kHasOutputs) != 0);
  set_flag(L, "runs_nothing", (flags & incremental::kRunsNothing) != 0);
  set_flag(L, "service", (flags & incremental::kService) != 0);
  set_flag(L, "phase", (flags & incremental::kPhase) != 0);
  return 1;
}

// assessor:lock(id) -> whether no other process is making the outputs of the task
int assessor_lock(lua_State* L) {
  Session& session = *check_assessor(L).session;
  const TaskId task = check_task_id(L, *session.graph, 2);
  lua_pushboolean(L, session.locks.try_lock(session.graph->name(task)));
  return 1;
}

// assessor:unlock(id)
int assessor_unlock(lua_State* L) {
  Session& session = *check_assessor(L).session;
  session.locks.unlock(session.graph->name(check_task_id(L, *session.graph, 2)));
  return 0;
}

// assessor:save() -> true | nil, message, kind
int assessor_save(lua_State* L) {
  Session& session = check_idle(L);
  const auto saved = session.shared_index.save(session.tree, session.results, session.locks,
                                               session.assessor.has_value());
  if (!saved) return push_error(L, saved.error());
  lua_pushboolean(L, 1);
  return 1;
}

// assessor:warnings() -> texts
int assessor_warnings(lua_State* L) {
  lua_newtable(L);
  int count = 0;
  for (const std::string& text : check_idle(L).tree.warnings()) {
    lua_pushlstring(L, text.data(), text.size());
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

// assessor:stats() -> { lookups=, hits=, files_hashed=, bytes_hashed=, ... }
int assessor_stats(lua_State* L) {
  const hash::TreeStats stats = check_idle(L).tree.stats();
  lua_createtable(L, 0, 6);
  set_field(L, "lookups", static_cast<double>(stats.lookups));
  set_field(L, "hits", static_cast<double>(stats.hits));
  set_field(L, "files_hashed", static_cast<double>(stats.files_hashed));
  set_field(L, "bytes_hashed", static_cast<double>(stats.bytes_hashed));
  set_field(L, "dirs_listed", static_cast<double>(stats.dirs_listed));
  set_field(L, "dirs_reused", static_cast<double>(stats.dirs_reused));
  return 1;
}

// ---- the assessor: on a worker thread, or at once ----

// assessor:assess(id, cb): cb{ standing=, key=, last=, outputs_moved= }
int assessor_assess(lua_State* L) {
  const TaskId task = check_task_id(L, *check_assessor(L).session->graph, 2);
  return queue(
      L, 3, [task](Session& session) { return session.assessor->is_quick(task); },
      [task](Session& session) -> Result<Assessment> { return session.assessor->assess(task); },
      [](lua_State* main, const Assessment& assessment) {
        lua_createtable(main, 0, 4);
        lua_pushstring(main, standing_name(assessment.standing));
        lua_setfield(main, -2, "standing");
        if (assessment.standing != Standing::unkeyed && assessment.standing != Standing::open)
          set_field(main, "key", assessment.key.hex());
        if (assessment.last) {
          push_last(main, *assessment.last);
          lua_setfield(main, -2, "last");
        }
        set_flag(main, "outputs_moved", assessment.outputs_moved);
        if (!assessment.problem.empty()) set_field(main, "problem", assessment.problem);
        return 1;
      });
}

// assessor:look_again(id, cb): cb(changed). Something may have changed the outputs of a task that
// ended.
int assessor_look_again(lua_State* L) {
  const TaskId task = check_task_id(L, *check_assessor(L).session->graph, 2);
  return queue(
      L, 3, [task](Session& session) { return session.assessor->is_quick(task); },
      [task](Session& session) { return session.assessor->look_again(task); },
      [](lua_State* main, const bool changed) {
        lua_pushboolean(main, changed ? 1 : 0);
        return 1;
      });
}

// assessor:leave_out(id, cb): cb(true); it takes no part in this run
int assessor_leave_out(lua_State* L) {
  const TaskId task = check_task_id(L, *check_assessor(L).session->graph, 2);
  return queue(
      L, 3, [task](Session& session) { return session.assessor->is_quick(task); },
      [task](Session& session) -> Result<bool> {
        GGEN_TRY(session.assessor->leave_out(task));
        return true;
      },
      push_true);
}

// assessor:mark(id, cb): cb(marks), or cb(false) when the inputs changed since assess()
int assessor_mark(lua_State* L) {
  const TaskId task = check_task_id(L, *check_assessor(L).session->graph, 2);
  return queue(
      L, 3, [task](Session& session) { return session.assessor->is_mark_quick(task); },
      [task](Session& session) { return session.assessor->mark(task); },
      [](lua_State* main, std::optional<incremental::InputMarks>& marks) {
        if (marks)
          push<LuaMarks>(main).marks = std::move(*marks);
        else
          lua_pushboolean(main, 0);
        return 1;
      });
}

// assessor:ended(id, last?, how?, outcome?): what it contributes is known; last = { key=, outputs=,
// created=, duration=, bytes= } is what this checkout has now, nothing when that may not be relied
// upon. Without a callback: what is asked later sees it.
int assessor_ended(lua_State* L) {
  LuaAssessor& self = check_assessor(L);
  check_defined(L);
  const TaskId task = check_task_id(L, *self.session->graph, 2);
  std::optional<LastResult> last;
  if (!lua_isnoneornil(L, 3)) {
    luaL_checktype(L, 3, LUA_TTABLE);
    last.emplace();
    lua_getfield(L, 3, "key");
    last->key = check_digest(L, -1);
    lua_getfield(L, 3, "outputs");
    last->outputs = check_digest(L, -1);
    lua_getfield(L, 3, "before");
    if (!lua_isnil(L, -1)) last->before = check_digest(L, -1);
    lua_getfield(L, 3, "created");
    last->created_ms = static_cast<std::uint64_t>(lua_tonumber(L, -1) * 1000);
    lua_getfield(L, 3, "duration");
    last->duration_ms = static_cast<std::uint32_t>(lua_tonumber(L, -1) * 1000);
    lua_getfield(L, 3, "bytes");
    last->bytes = static_cast<std::uint64_t>(lua_tonumber(L, -1));
    lua_pop(L, 6);
  }
  const std::string how = lua_isnoneornil(L, 4) ? std::string() : check_string(L, 4);
  const auto outcome =
      incremental::outcome_of_name(lua_isnoneornil(L, 5) ? "" : check_string(L, 5));
  const auto job = [session = self.session, task, last, how, outcome] {
    session->assessor->ended(task, last, how, outcome);
  };
  run_in_turn(self, job);
  return 0;
}

// assessor:something_ran(): files are looked at again from here on.
int assessor_something_ran(lua_State* L) {
  LuaAssessor& self = check_assessor(L);
  const auto job = [session = self.session] { session->tree.new_epoch(); };
  run_in_turn(self, job);
  return 0;
}

// assessor:drain(cb): cb(true) when all jobs before have ended
int assessor_drain(lua_State* L) {
  luaL_checktype(L, 2, LUA_TFUNCTION);
  auto callback = std::make_shared<Ref>(L, 2);
  check_assessor(L).serial.run([] {},
                               [callback] {
                                 lua_pushboolean(callback->state(), 1);
                                 call_back(*callback, 1);
                               });
  return 0;
}

constexpr luaL_Reg kMethods[] = {
    {"verify", assessor_verify},       {"note", assessor_note},
    {"set_note", assessor_set_note},   {"define", assessor_define},
    {"info", assessor_info},           {"lock", assessor_lock},
    {"unlock", assessor_unlock},       {"standing", assessor_standing},
    {"last", assessor_last},           {"save", assessor_save},
    {"warnings", assessor_warnings},   {"stats", assessor_stats},
    {"assess", assessor_assess},       {"look_again", assessor_look_again},
    {"leave_out", assessor_leave_out}, {"mark", assessor_mark},
    {"ended", assessor_ended},         {"something_ran", assessor_something_ran},
    {"drain", assessor_drain},         {nullptr, nullptr}};
constexpr luaL_Reg kNoMethods[] = {{nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"open", open_assessor}, {nullptr, nullptr}};

}  // namespace

int open_incremental(lua_State* L) {
  define<LuaAssessor>(L, kMethods);
  luaL_getmetatable(L, kTypeName<LuaAssessor>);
  lua_getfield(L, -1, "__index");
  luaL_register(L, nullptr, result_methods());
  luaL_register(L, nullptr, journal_methods());
  luaL_register(L, nullptr, judgement_methods());
  luaL_register(L, nullptr, staging_methods());
  luaL_register(L, nullptr, change_methods());
  lua_pop(L, 2);
  define<LuaMarks>(L, kNoMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  add_result_functions(L);
  add_action_functions(L);
  add_change_functions(L);
  return 1;
}

}  // namespace ggen::lua
