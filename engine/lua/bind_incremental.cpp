// ggen.core.incremental: what makes the keys of tasks, and which of them are up to date
// (incremental/assessor.h). Digests are hexadecimal in Lua, tasks are ids of the graph.
//
// What looks at files beyond the first look runs on a worker thread, one after the other, and
// answers by a callback: cb(value) or cb(nil, message, kind).
// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <cstdlib>
#include <lua.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/pack.h"
#include "cache/action_store.h"
#include "cache/blob_store.h"
#include "cache/checksum.h"
#include "cache/journal.h"
#include "cache/layout.h"
#include "cache/log_file.h"
#include "cache/outputs.h"
#include "cache/usage.h"
#include "incremental/assessor.h"
#include "incremental/changes.h"
#include "loop/serial.h"
#include "lua/call.h"
#include "lua/graph.h"
#include "lua/ref.h"
#include "lua/sink.h"
#include "lua/state.h"
#include "lua/userdata.h"

namespace ggen::lua {

using graph::TaskId;
using incremental::Assessment;
using incremental::Assessor;
using incremental::Definitions;
using incremental::DefinitionsBuilder;
using incremental::LastResult;
using incremental::Standing;

int open_incremental(lua_State* L);

namespace {

struct LuaBuilder {
  DefinitionsBuilder builder;
};

// The cache of this machine.
struct Cache {
  explicit Cache(cache::Directory opened)
      : directory(std::move(opened)), blobs(directory), actions(directory), journal(directory) {}
  cache::Directory directory;
  cache::BlobStore blobs;
  cache::ActionStore actions;
  cache::Journal journal;
  std::uint64_t fetched = 0;  // names of temporary files
};

// Everything that a job may touch; jobs hold on to it. The cache may be used by many jobs at once,
// the rest by one.
struct Session {
  Session(std::shared_ptr<const graph::Graph> of, std::string definitions, std::string root_dir,
          std::string index_file, unsigned threads)
      : graph(std::move(of)),
        definitions_bytes(std::move(definitions)),
        root(std::move(root_dir)),
        tree(root, std::move(index_file), threads) {}
  std::shared_ptr<const graph::Graph> graph;
  std::string definitions_bytes;
  std::string identity;  // of the definitions
  std::string root;
  hash::Tree tree;
  incremental::Results results;
  std::optional<Assessor> assessor;
  std::optional<Cache> cache;
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

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaBuilder> = "ggen.DefinitionsBuilder";
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

namespace {

constexpr const char* kStandingNames[] = {"open", "unkeyed", "stale", "fresh", "ended"};

const char* standing_name(Standing standing) {
  return kStandingNames[static_cast<std::size_t>(standing)];
}

std::string check_string(lua_State* L, int index) {
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(L, index, &size);
  return {bytes, size};
}

std::string string_at(lua_State* L, int index) {
  std::size_t size = 0;
  const char* bytes = lua_tolstring(L, index, &size);
  return bytes == nullptr ? std::string() : std::string(bytes, size);
}

std::vector<std::string> check_strings(lua_State* L, int index) {
  luaL_checktype(L, index, LUA_TTABLE);
  std::vector<std::string> list;
  const int count = static_cast<int>(lua_objlen(L, index));
  list.reserve(static_cast<std::size_t>(count));
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(L, index, i);
    list.push_back(string_at(L, -1));
    lua_pop(L, 1);
  }
  return list;
}

std::uint32_t optional_number(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return incremental::kNone;
  return static_cast<std::uint32_t>(luaL_checknumber(L, index));
}

void set_field(lua_State* L, const char* name, double value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

void set_field(lua_State* L, const char* name, const std::string& value) {
  lua_pushlstring(L, value.data(), value.size());
  lua_setfield(L, -2, name);
}

int set_pushed(lua_State* L, const std::string& value) {
  lua_pushlstring(L, value.data(), value.size());
  return 1;
}

void push_strings(lua_State* L, const std::vector<std::string>& list) {
  lua_createtable(L, static_cast<int>(list.size()), 0);
  int count = 0;
  for (const std::string& text : list) {
    lua_pushlstring(L, text.data(), text.size());
    lua_rawseti(L, -2, ++count);
  }
}

Digest check_digest(lua_State* L, int index) {
  const auto digest = Digest::parse(string_at(L, index));
  if (!digest) luaL_argerror(L, index, "a digest expected (64 hexadecimal digits)");
  return *digest;
}

std::vector<Digest> blobs_of(const cache::Action& action) {
  std::vector<Digest> blobs;
  for (const cache::Output& output : action.outputs) {
    if (output.kind == hash::EntryKind::file) blobs.push_back(output.digest);
  }
  if (!action.log.is_zero()) blobs.push_back(action.log);
  return blobs;
}

void set_flag(lua_State* L, const char* name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

// ---- the builder ----

int new_builder(lua_State* L) {
  push<LuaBuilder>(L);
  return 1;
}

// builder:set(base, patterns, exclude, outputs, by_stamp) -> number of the set
int builder_set(lua_State* L) {
  hash::SetSpec spec;
  spec.base = check_string(L, 2);
  spec.patterns = check_strings(L, 3);
  spec.exclude = check_strings(L, 4);
  spec.outputs = lua_toboolean(L, 5) != 0;
  spec.by_stamp = lua_toboolean(L, 6) != 0;
  lua_pushnumber(L, check<LuaBuilder>(L, 1).builder.set(spec));
  return 1;
}

// builder:references(variables, tools, sets) -> number; tools: name, directory, name, directory...
int builder_references(lua_State* L) {
  incremental::References references;
  references.variables = check_strings(L, 2);
  const std::vector<std::string> tools = check_strings(L, 3);
  for (std::size_t i = 0; i + 1 < tools.size(); i += 2) {
    references.tools.push_back({tools[i], tools[i + 1]});
  }
  luaL_checktype(L, 4, LUA_TTABLE);
  for (int i = 1; i <= static_cast<int>(lua_objlen(L, 4)); ++i) {
    lua_rawgeti(L, 4, i);
    references.sets.push_back(static_cast<std::uint32_t>(lua_tonumber(L, -1)));
    lua_pop(L, 1);
  }
  lua_pushnumber(L, check<LuaBuilder>(L, 1).builder.references(references));
  return 1;
}

// builder:task(flags, inputs?, outputs?, references?, parts); parts: kind, name, value, kind, ...
int builder_task(lua_State* L) {
  incremental::Definition definition;
  definition.flags = static_cast<std::uint32_t>(luaL_checknumber(L, 2));
  definition.inputs = optional_number(L, 3);
  definition.outputs = optional_number(L, 4);
  definition.references = optional_number(L, 5);
  const std::vector<std::string> texts = check_strings(L, 6);
  std::vector<cache::Part> parts;
  for (std::size_t i = 0; i + 2 < texts.size(); i += 3) {
    parts.push_back({texts[i], texts[i + 1], texts[i + 2]});
  }
  check<LuaBuilder>(L, 1).builder.add(definition, parts);
  return 0;
}

// builder:finish() -> bytes
int builder_finish(lua_State* L) {
  const std::string bytes = check<LuaBuilder>(L, 1).builder.finish();
  lua_pushlstring(L, bytes.data(), bytes.size());
  return 1;
}

// ---- the assessor: at once ----

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// open{root=, index=, threads=, graph=, definitions=} -> Assessor | nil, message, kind
int open_assessor(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  for (const char* name : {"root", "index", "threads", "graph", "definitions"}) {
    lua_getfield(L, 1, name);
  }
  const auto graph = check_graph(L, 5);
  auto session =
      std::make_shared<Session>(graph, check_string(L, 6), check_string(L, 2), check_string(L, 3),
                                static_cast<unsigned>(luaL_checkinteger(L, 4)));
  if (auto opened = session->tree.open(); !opened) return push_error(L, opened.error());
  auto definitions = Definitions::open(session->definitions_bytes);
  if (!definitions) return push_error(L, definitions.error());
  if (definitions->size() != graph->size()) {
    return push_error(L, {ErrorKind::invalid, "the definitions are of other tasks"});
  }
  session->results.load(session->tree.note("results").value_or(std::string_view()));
  session->assessor.emplace(session->tree, session->root, *graph, *definitions, session->results,
                            variable);
  push<LuaAssessor>(L, service<loop::Loop>(L)).session = std::move(session);
  return 1;
}

LuaAssessor& check_assessor(lua_State* L) { return check<LuaAssessor>(L, 1); }

// For calls on the loop's thread: no job may be using the session.
Session& check_idle(lua_State* L) {
  LuaAssessor& self = check_assessor(L);
  if (!self.serial.idle()) luaL_error(L, "the assessor is at work");
  return *self.session;
}

// assessor:verify() -> whether every file is as the index has it
int assessor_verify(lua_State* L) {
  lua_pushboolean(L, check_idle(L).tree.verify_all());
  return 1;
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

// assessor:surroundings() -> digest
int assessor_surroundings(lua_State* L) {
  const std::string hex = check_idle(L).assessor->surroundings().hex();
  lua_pushlstring(L, hex.data(), hex.size());
  return 1;
}

// Asks the host's policy: function(id, created_ms, duration_ms, bytes) -> whether to serve it.
bool ask(lua_State* L, int policy, TaskId task, const LastResult& last) {
  lua_pushvalue(L, policy);
  lua_pushinteger(L, static_cast<lua_Integer>(graph::index_of(task)) + 1);
  lua_pushnumber(L, static_cast<double>(last.created_ms));
  lua_pushnumber(L, last.duration_ms);
  lua_pushnumber(L, static_cast<double>(last.bytes));
  lua_call(L, 4, 1);
  const bool serve = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return serve;
}

// assessor:judge(plan, held ids, policy?) -> { fresh=, saved= seconds, bytes= } | nil, message,
// kind
int assessor_judge(lua_State* L) {
  Session& session = check_idle(L);
  const auto& plan = check_plan(L, 2);
  std::vector<bool> asked(session.graph->size(), false);
  luaL_checktype(L, 3, LUA_TTABLE);
  for (int i = 1; i <= static_cast<int>(lua_objlen(L, 3)); ++i) {
    lua_rawgeti(L, 3, i);
    asked[graph::index_of(check_task_id(L, *session.graph, -1))] = true;
    lua_pop(L, 1);
  }
  Assessor::Policy policy;
  if (!lua_isnoneornil(L, 4)) {
    luaL_checktype(L, 4, LUA_TFUNCTION);
    policy = [L](TaskId task, const LastResult& last) { return ask(L, 4, task, last); };
  }
  const std::vector<TaskId> order = plan.wanted();
  if (auto judged = session.assessor->judge(order, asked, policy); !judged) {
    return push_error(L, judged.error());
  }
  std::size_t fresh = 0;
  std::size_t idle = 0;
  std::uint64_t saved_ms = 0;
  std::uint64_t bytes = 0;
  for (const TaskId task : order) {
    if (session.assessor->standing(task) != Standing::fresh) continue;
    const auto flags = session.assessor->definitions().task(task).flags;
    if ((flags & incremental::kPhase) != 0) continue;
    if ((flags & incremental::kService) != 0) {
      ++idle;
      continue;
    }
    ++fresh;
    if (const auto last = session.results.find(session.graph->name(task))) {
      saved_ms += last->duration_ms;
      bytes += last->bytes;
    }
  }
  lua_createtable(L, 0, 4);
  set_field(L, "fresh", static_cast<double>(fresh));
  set_field(L, "idle", static_cast<double>(idle));
  set_field(L, "saved", static_cast<double>(saved_ms) / 1000);
  set_field(L, "bytes", static_cast<double>(bytes));
  return 1;
}

// assessor:settle(plan) -> how many tasks are left. Tells the plan of all tasks that are fresh.
int assessor_settle(lua_State* L) {
  Session& session = check_idle(L);
  auto& plan = check_plan(L, 2);
  std::size_t left = 0;
  for (const TaskId task : plan.wanted()) {
    if (session.assessor->standing(task) == Standing::fresh)
      plan.satisfy(task);
    else
      ++left;
  }
  lua_pushinteger(L, static_cast<lua_Integer>(left));
  return 1;
}

// assessor:trust(plan): an earlier run found all of it up to date, and nothing changed since.
int assessor_trust(lua_State* L) {
  Session& session = check_idle(L);
  auto& plan = check_plan(L, 2);
  const std::vector<TaskId> order = plan.wanted();
  session.assessor->trust(order);
  for (const TaskId task : order) plan.satisfy(task);
  return 0;
}

// assessor:identity() -> text that is the same for the same definitions
int assessor_identity(lua_State* L) {
  Session& session = check_idle(L);
  if (session.identity.empty()) {
    session.identity = std::to_string(cache::checksum(session.definitions_bytes));
  }
  return set_pushed(L, session.identity);
}

// assessor:fresh(plan) -> ids of the cached tasks that are up to date
int assessor_fresh(lua_State* L) {
  Session& session = check_idle(L);
  lua_newtable(L);
  int count = 0;
  for (const TaskId task : check_plan(L, 2).wanted()) {
    if (session.assessor->standing(task) != Standing::fresh) continue;
    if ((session.assessor->definitions().task(task).flags & incremental::kCached) == 0) continue;
    lua_pushinteger(L, static_cast<lua_Integer>(graph::index_of(task)) + 1);
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

void push_last(lua_State* L, const LastResult& last) {
  lua_createtable(L, 0, 6);
  set_field(L, "key", last.key.hex());
  set_field(L, "created", static_cast<double>(last.created_ms) / 1000);
  set_field(L, "duration", static_cast<double>(last.duration_ms) / 1000);
  set_field(L, "bytes", static_cast<double>(last.bytes));
  set_field(L, "outputs", last.outputs.hex());
  if (!last.before.is_zero()) set_field(L, "before", last.before.hex());
}

// assessor:standing(id) -> "open", "unkeyed", "stale", "fresh" or "ended"
int assessor_standing(lua_State* L) {
  Session& session = check_idle(L);
  const TaskId task = check_task_id(L, *session.graph, 2);
  lua_pushstring(L, standing_name(session.assessor->standing(task)));
  return 1;
}

// assessor:last(id) -> { key=, outputs=, before=, created=, duration=, bytes= } | nil
int assessor_last(lua_State* L) {
  Session& session = check_idle(L);
  const TaskId task = check_task_id(L, *session.graph, 2);
  const auto last = session.results.find(session.graph->name(task));
  if (!last) return 0;
  push_last(L, *last);
  return 1;
}

// assessor:info(id) -> { cached=, keyed=, has_outputs=, runs_nothing=, service= }
int assessor_info(lua_State* L) {
  const Session& session = *check_assessor(L).session;
  const TaskId task = check_task_id(L, *session.graph, 2);
  const auto flags = session.assessor->definitions().task(task).flags;
  lua_createtable(L, 0, 5);
  set_flag(L, "cached", (flags & incremental::kCached) != 0);
  set_flag(L, "keyed", (flags & incremental::kKeyed) != 0);
  set_flag(L, "has_outputs", (flags & incremental::kHasOutputs) != 0);
  set_flag(L, "runs_nothing", (flags & incremental::kRunsNothing) != 0);
  set_flag(L, "service", (flags & incremental::kService) != 0);
  return 1;
}

// assessor:save() -> true | nil, message, kind
int assessor_save(lua_State* L) {
  Session& session = check_idle(L);
  if (session.results.changed()) session.tree.set_note("results", session.results.pack());
  if (auto saved = session.tree.save(); !saved) return push_error(L, saved.error());
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

// ---- the assessor: on a worker thread ----

// Queues `job(session)`, whose Result goes to the callback at `index` by way of push(L, value).
template <class Job, class Push>
int queue(lua_State* L, int index, Job job, Push push_value) {
  LuaAssessor& self = check_assessor(L);
  luaL_checktype(L, index, LUA_TFUNCTION);
  using Value = std::invoke_result_t<Job, Session&>;
  auto value = std::make_shared<std::optional<Value>>();
  auto callback = std::make_shared<Ref>(L, index);
  self.serial.run(
      [session = self.session, value, job = std::move(job)] { value->emplace(job(*session)); },
      [value, callback, push_value = std::move(push_value)] {
        lua_State* main = callback->state();
        Value& result = **value;
        const int count = result ? push_value(main, *result) : push_error(main, result.error());
        call_back(*callback, count);
      });
  return 0;
}

// assessor:assess(id, cb): cb{ standing=, key=, last=, outputs_moved= }
int assessor_assess(lua_State* L) {
  const TaskId task = check_task_id(L, *check_assessor(L).session->graph, 2);
  return queue(
      L, 3,
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

// assessor:mark(id, cb): cb(marks), or cb(false) when the inputs changed since assess()
int assessor_mark(lua_State* L) {
  const TaskId task = check_task_id(L, *check_assessor(L).session->graph, 2);
  return queue(
      L, 3, [task](Session& session) { return session.assessor->mark(task); },
      [](lua_State* main, std::optional<incremental::InputMarks>& marks) {
        if (marks)
          push<LuaMarks>(main).marks = std::move(*marks);
        else
          lua_pushboolean(main, 0);
        return 1;
      });
}

struct AfterRun {
  std::optional<std::string> moved;
  incremental::Outputs outputs;
  std::shared_ptr<cache::Action> action;
};

// What a result is, as far as the files tell: outputs and the parts of its key.
Result<std::shared_ptr<cache::Action>> draft(Session& session, TaskId task,
                                             const incremental::Outputs& outputs) {
  Assessor& assessor = *session.assessor;
  auto action = std::make_shared<cache::Action>();
  action->key = assessor.key(task);
  action->task = session.graph->name(task);
  action->outputs_digest = outputs.digest;
  GGEN_TRY_ASSIGN(action->parts, assessor.parts(task));
  if (const auto set = assessor.output_set(task)) {
    session.tree.each(*set, [&](const hash::TreeEntry& entry) {
      if (entry.kind == hash::EntryKind::missing) return;
      cache::Output& output = action->outputs.emplace_back();
      output.path = entry.path;
      output.kind = entry.kind;
      output.executable = entry.executable;
      output.size = entry.kind == hash::EntryKind::file ? entry.stamp.size : 0;
      output.digest = entry.digest;
    });
    action->output_patterns = assessor.output_patterns(task);
  }
  return action;
}

// assessor:after_run(id, marks?, cb): looks at all files anew;
// cb{ moved= path | nil, outputs= digest, bytes=, missing= paths, none=, action= }
int assessor_after_run(lua_State* L) {
  const TaskId task = check_task_id(L, *check_assessor(L).session->graph, 2);
  incremental::InputMarks marks;
  const bool marked = !lua_isnoneornil(L, 3);
  if (marked) marks = check<LuaMarks>(L, 3).marks;
  return queue(
      L, 4,
      [task, marked, marks = std::move(marks)](Session& session) -> Result<AfterRun> {
        AfterRun after;
        session.assessor->new_epoch();
        after.moved = session.assessor->moved(marks);
        GGEN_TRY_ASSIGN(after.outputs, session.assessor->read_outputs(task));
        if (marked && !after.moved) {
          GGEN_TRY_ASSIGN(after.action, draft(session, task, after.outputs));
        }
        return after;
      },
      [](lua_State* main, AfterRun& after) {
        lua_createtable(main, 0, 6);
        if (after.moved) set_field(main, "moved", *after.moved);
        set_field(main, "outputs", after.outputs.digest.hex());
        set_field(main, "bytes", static_cast<double>(after.outputs.bytes));
        set_flag(main, "none", after.outputs.none);
        push_strings(main, after.outputs.missing);
        lua_setfield(main, -2, "missing");
        if (after.action) {
          push<LuaAction>(main).action = std::move(after.action);
          lua_setfield(main, -2, "action");
        }
        return 1;
      });
}

// assessor:ended(id, last?, how?): what it contributes is known; last = { key=, outputs=, created=,
// duration=, bytes= } is what this checkout has now, nothing when that may not be relied upon.
// Without a callback: what is asked later sees it.
int assessor_ended(lua_State* L) {
  LuaAssessor& self = check_assessor(L);
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
  const auto job = [session = self.session, task, last, how] {
    session->assessor->ended(task, last, how);
  };
  if (self.serial.idle())
    job();
  else
    self.serial.run(job, [] {});
  return 0;
}

// assessor:something_ran(): files are looked at again from here on.
int assessor_something_ran(lua_State* L) {
  LuaAssessor& self = check_assessor(L);
  const auto job = [session = self.session] { session->assessor->new_epoch(); };
  if (self.serial.idle())
    job();
  else
    self.serial.run(job, [] {});
  return 0;
}

int push_changes(lua_State* L, const std::vector<incremental::Change>& list) {
  lua_createtable(L, static_cast<int>(list.size()), 0);
  int count = 0;
  for (const incremental::Change& change : list) {
    lua_createtable(L, 0, 4);
    set_field(L, "kind", change.kind);
    set_field(L, "name", change.name);
    if (change.before) set_field(L, "before", *change.before);
    if (change.after) set_field(L, "after", *change.after);
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

// changes(action?, action) -> { { kind=, name=, before=, after= }, ... }
int changes_between(lua_State* L) {
  const std::vector<cache::Part> none;
  const bool first = !lua_isnoneornil(L, 1);
  return push_changes(L, incremental::changes(first ? check<LuaAction>(L, 1).action->parts : none,
                                              check<LuaAction>(L, 2).action->parts));
}

// assessor:changes(id, action?, cb): cb{ { kind=, name=, before=, after= }, ... }: what differs
// between the key of the action and the task's; all parts without an action.
int assessor_changes(lua_State* L) {
  const TaskId task = check_task_id(L, *check_assessor(L).session->graph, 2);
  std::shared_ptr<cache::Action> action;
  if (!lua_isnoneornil(L, 3)) action = check<LuaAction>(L, 3).action;
  return queue(
      L, 4,
      [task, action](Session& session) -> Result<std::vector<incremental::Change>> {
        GGEN_TRY_ASSIGN(const auto parts, session.assessor->parts(task));
        const std::vector<cache::Part> none;
        return incremental::changes(action ? action->parts : none, parts);
      },
      push_changes);
}

// ---- the cache on this machine ----

// assessor:open_cache(dir | nil) -> directory | nil, message, kind
int assessor_open_cache(lua_State* L) {
  Session& session = check_idle(L);
  std::string dir;
  if (lua_isnoneornil(L, 2)) {
    auto root = cache::default_root();
    if (!root) return push_error(L, root.error());
    dir = std::move(*root);
  } else {
    dir = check_string(L, 2);
  }
  auto directory = cache::Directory::open(dir);
  if (!directory) return push_error(L, directory.error());
  session.cache.emplace(std::move(*directory));
  lua_pushlstring(L, dir.data(), dir.size());
  return 1;
}

Cache& check_cache(lua_State* L) {
  auto& cache = check_assessor(L).session->cache;
  if (!cache) luaL_error(L, "no cache is open");
  return *cache;
}

// Runs `job(session)` on any worker thread: the cache's objects are shared.
template <class Job, class Push>
int start(lua_State* L, int index, Job job, Push push_value) {
  LuaAssessor& self = check_assessor(L);
  check_cache(L);
  luaL_checktype(L, index, LUA_TFUNCTION);
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

// assessor:get(key, cb): cb(action), or cb(false) when there is none
int assessor_get(lua_State* L) {
  const Digest key = check_digest(L, 2);
  return start(
      L, 3, [key](Session& session) { return session.cache->actions.get(key); },
      [](lua_State* main, std::optional<cache::Action>& action) {
        if (action)
          push<LuaAction>(main).action = std::make_shared<cache::Action>(std::move(*action));
        else
          lua_pushboolean(main, 0);
        return 1;
      });
}

// assessor:present(id, cb): cb(opaque): the declared outputs as they are now, for restore()
int assessor_present(lua_State* L) {
  const TaskId task = check_task_id(L, *check_assessor(L).session->graph, 2);
  return queue(
      L, 3,
      [task](Session& session) -> Result<std::vector<cache::Present>> {
        std::vector<cache::Present> present;
        GGEN_TRY(session.assessor->read_outputs(task));
        if (const auto set = session.assessor->output_set(task)) {
          session.tree.each(*set, [&](const hash::TreeEntry& entry) {
            if (entry.kind == hash::EntryKind::missing) return;
            present.push_back(
                {std::string(entry.path), entry.kind, entry.executable, entry.digest});
          });
        }
        return present;
      },
      [](lua_State* main, std::vector<cache::Present>& present) {
        push<LuaPresent>(main).list = std::move(present);
        return 1;
      });
}

// assessor:restore(action, present, cb): cb{ written=, removed=, kept=, bytes= }; written is for
// learn()
int assessor_restore(lua_State* L) {
  auto action = check<LuaAction>(L, 2).action;
  auto present = std::make_shared<std::vector<cache::Present>>(check<LuaPresent>(L, 3).list);
  return start(
      L, 4,
      [action, present](Session& session) {
        return cache::restore(session.cache->blobs, session.root, *action, *present);
      },
      [](lua_State* main, cache::Restored& restored) {
        lua_createtable(main, 0, 4);
        set_field(main, "files", static_cast<double>(restored.written.size() + restored.links));
        set_field(main, "removed", static_cast<double>(restored.removed));
        set_field(main, "kept", static_cast<double>(restored.kept));
        set_field(main, "bytes", static_cast<double>(restored.bytes));
        push<LuaWritten>(main).list = std::move(restored.written);
        lua_setfield(main, -2, "written");
        return 1;
      });
}

// assessor:learn(id, written, cb): the tree knows what restore() wrote; cb(digest of the outputs)
int assessor_learn(lua_State* L) {
  const TaskId task = check_task_id(L, *check_assessor(L).session->graph, 2);
  auto written = std::make_shared<std::vector<cache::Written>>(check<LuaWritten>(L, 3).list);
  return queue(
      L, 4,
      [task, written](Session& session) -> Result<incremental::Outputs> {
        session.assessor->new_epoch();
        for (const cache::Written& file : *written) {
          session.tree.learn(file.path, file.stamp, file.digest);
        }
        return session.assessor->read_outputs(task);
      },
      [](lua_State* main, const incremental::Outputs& outputs) {
        set_pushed(main, outputs.digest.hex());
        return 1;
      });
}

// assessor:recorder() -> sink that keeps what a task prints, for store()
int assessor_recorder(lua_State* L) {
  push_new_sink(L, std::make_shared<Recorder>(check_cache(L).directory));
  return 1;
}

// assessor:capture(action, recorder?, facts, cb): makes sure that the blobs of the outputs and of
// the log are in the cache of this machine, and the action; cb(true). facts: seconds and bytes.
int assessor_capture(lua_State* L) {
  auto action = check<LuaAction>(L, 2).action;
  std::shared_ptr<Recorder> recorder;
  if (!lua_isnoneornil(L, 3)) recorder = std::dynamic_pointer_cast<Recorder>(check_sink(L, 3));
  luaL_checktype(L, 4, LUA_TTABLE);
  const auto field = [&](const char* name, double scale) {
    lua_getfield(L, 4, name);
    const auto value = static_cast<std::uint64_t>(lua_tonumber(L, -1) * scale);
    lua_pop(L, 1);
    return value;
  };
  action->created_ms = field("created", 1000);
  action->duration_ms = field("duration", 1000);
  action->user_ms = field("user", 1000);
  action->system_ms = field("sys", 1000);
  action->peak_memory = field("peak_memory", 1);
  action->writer = "ggen-lua " GGEN_VERSION;
  return start(
      L, 5,
      [action, recorder](Session& session) -> Result<bool> {
        Cache& cache = *session.cache;
        GGEN_TRY(cache::capture(cache.blobs, session.root, action->outputs));
        if (recorder) {
          GGEN_TRY_ASSIGN(const auto stored, recorder->writer.finish(cache.blobs));
          action->log = stored.digest;
          action->log_size = stored.size;
        }
        GGEN_TRY(cache.actions.put(*action));
        return true;
      },
      [](lua_State* main, bool) {
        lua_pushboolean(main, 1);
        return 1;
      });
}

// assessor:replay(action, sink) -> true | nil, message, kind: writes the log to the sink
int assessor_replay(lua_State* L) {
  const auto& action = *check<LuaAction>(L, 2).action;
  const auto sink = check_sink(L, 3);
  if (action.log.is_zero()) {
    lua_pushboolean(L, 1);
    return 1;
  }
  auto reader = cache::LogReader::open(check_cache(L).blobs, action.log);
  if (!reader) return push_error(L, reader.error());
  for (;;) {
    auto chunk = reader->next();
    if (!chunk) return push_error(L, chunk.error());
    if (!*chunk) break;
    sink->write(static_cast<process::Stream>((*chunk)->stream), (*chunk)->bytes);
  }
  lua_pushboolean(L, 1);
  return 1;
}

// ---- stores that plugins make ----

// assessor:blob_path(digest) -> path in the cache of this machine
int assessor_blob_path(lua_State* L) {
  return set_pushed(L, check_cache(L).blobs.path(check_digest(L, 2)));
}

// assessor:new_blob_path() -> path at which a store may write a blob that it fetches
int assessor_new_blob_path(lua_State* L) {
  Cache& cache = check_cache(L);
  const std::string name =
      "fetch-" + std::to_string(getpid()) + "-" + std::to_string(++cache.fetched);
  return set_pushed(L, cache.directory.path(cache::kTemporary) + "/" + name);
}

// assessor:missing_blobs(action) -> digests that are not in the cache of this machine
int assessor_missing_blobs(lua_State* L) {
  const auto& action = *check<LuaAction>(L, 2).action;
  const Cache& cache = check_cache(L);
  std::vector<std::string> missing;
  for (const Digest& digest : blobs_of(action)) {
    if (!cache.blobs.has(digest)) missing.push_back(digest.hex());
  }
  push_strings(L, missing);
  return 1;
}

// assessor:import(path, digest, cb): takes over a file that was fetched; cb(true)
int assessor_import(lua_State* L) {
  const std::string path = check_string(L, 2);
  const Digest digest = check_digest(L, 3);
  return start(
      L, 4,
      [path, digest](Session& session) -> Result<bool> {
        GGEN_TRY(session.cache->blobs.import(path, digest));
        return true;
      },
      [](lua_State* main, bool) {
        lua_pushboolean(main, 1);
        return 1;
      });
}

// assessor:put(action) -> true | nil, message, kind: an action from elsewhere
int assessor_put(lua_State* L) {
  if (auto put = check_cache(L).actions.put(*check<LuaAction>(L, 2).action); !put) {
    return push_error(L, put.error());
  }
  lua_pushboolean(L, 1);
  return 1;
}

// decode(bytes) -> action | nil, message, kind
int decode_action(lua_State* L) {
  auto action = cache::decode(check_string(L, 1));
  if (!action) return push_error(L, action.error());
  push<LuaAction>(L).action = std::make_shared<cache::Action>(std::move(*action));
  return 1;
}

// action:encode() -> bytes
int action_encode(lua_State* L) {
  return set_pushed(L, cache::encode(*check<LuaAction>(L, 1).action));
}

// action:blobs() -> digests
int action_blobs(lua_State* L) {
  std::vector<std::string> list;
  for (const Digest& digest : blobs_of(*check<LuaAction>(L, 1).action)) {
    list.push_back(digest.hex());
  }
  push_strings(L, list);
  return 1;
}

// action:info() -> { key=, task=, created=, duration=, bytes=, outputs=, output_count=, log= }
int action_info(lua_State* L) {
  const auto& action = *check<LuaAction>(L, 1).action;
  lua_createtable(L, 0, 8);
  set_field(L, "key", action.key.hex());
  set_field(L, "task", action.task);
  set_field(L, "created", static_cast<double>(action.created_ms) / 1000);
  set_field(L, "duration", static_cast<double>(action.duration_ms) / 1000);
  set_field(L, "bytes", static_cast<double>(action.blob_bytes()));
  set_field(L, "outputs", action.outputs_digest.hex());
  set_field(L, "output_count", static_cast<double>(action.outputs.size()));
  set_flag(L, "log", !action.log.is_zero());
  return 1;
}

// ---- journal ----

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
Result<void> write_hits(Session& session, Cache& cache, const graph::Plan& plan, std::uint64_t now,
                        bool same) {
  const auto last_group = unpack_group(session.tree.note("group").value_or(std::string_view()));
  if (same && last_group) return cache.journal.append_repeat(*last_group, now);
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
  GGEN_TRY(cache.journal.append_group(std::move(hits), now));
  session.tree.set_note("group", pack(group));
  return {};
}

// assessor:journal(plan, records, now, same) -> true or bytes in the cache | nil, message, kind.
// Writes down the hits of the tasks that were up to date, and the records: op, key, task, bytes,
// duration, op, key, ... `same`: the hits are those of the run before.
int assessor_journal(lua_State* L) {
  Session& session = check_idle(L);
  auto& plan = check_plan(L, 2);
  Cache& cache = check_cache(L);
  luaL_checktype(L, 3, LUA_TTABLE);
  const auto now = static_cast<std::uint64_t>(luaL_checknumber(L, 4) * 1000);
  const bool same = lua_toboolean(L, 5) != 0;
  std::vector<cache::Record> records;
  const int count = static_cast<int>(lua_objlen(L, 3));
  for (int i = 1; i + 4 <= count; i += 5) {
    for (int j = 0; j < 5; ++j) lua_rawgeti(L, 3, i + j);
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
  if (auto written = write_hits(session, cache, plan, now, same); !written) {
    return push_error(L, written.error());
  }
  if (!records.empty()) {
    if (auto written = cache.journal.append(records); !written) {
      return push_error(L, written.error());
    }
  }
  const std::int64_t added = cache.blobs.bytes_added() + cache.actions.bytes_added();
  if (added != 0) {
    auto usage = cache::add_usage(cache.directory, added);
    if (!usage) return push_error(L, usage.error());
    if (*usage)
      lua_pushnumber(L, static_cast<double>(**usage));
    else
      lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushboolean(L, 1);
  return 1;
}

// ---- tables ----

constexpr luaL_Reg kBuilderMethods[] = {{"set", builder_set},
                                        {"references", builder_references},
                                        {"task", builder_task},
                                        {"finish", builder_finish},
                                        {nullptr, nullptr}};
constexpr luaL_Reg kActionMethods[] = {
    {"encode", action_encode}, {"blobs", action_blobs}, {"info", action_info}, {nullptr, nullptr}};
constexpr luaL_Reg kNoMethods[] = {{nullptr, nullptr}};
constexpr luaL_Reg kAssessorMethods[] = {{"verify", assessor_verify},
                                         {"note", assessor_note},
                                         {"set_note", assessor_set_note},
                                         {"surroundings", assessor_surroundings},
                                         {"judge", assessor_judge},
                                         {"settle", assessor_settle},
                                         {"fresh", assessor_fresh},
                                         {"trust", assessor_trust},
                                         {"identity", assessor_identity},
                                         {"new_blob_path", assessor_new_blob_path},
                                         {"info", assessor_info},
                                         {"standing", assessor_standing},
                                         {"last", assessor_last},
                                         {"save", assessor_save},
                                         {"warnings", assessor_warnings},
                                         {"stats", assessor_stats},
                                         {"assess", assessor_assess},
                                         {"mark", assessor_mark},
                                         {"after_run", assessor_after_run},
                                         {"ended", assessor_ended},
                                         {"something_ran", assessor_something_ran},
                                         {"changes", assessor_changes},
                                         {"open_cache", assessor_open_cache},
                                         {"get", assessor_get},
                                         {"present", assessor_present},
                                         {"restore", assessor_restore},
                                         {"learn", assessor_learn},
                                         {"recorder", assessor_recorder},
                                         {"capture", assessor_capture},
                                         {"replay", assessor_replay},
                                         {"blob_path", assessor_blob_path},
                                         {"missing_blobs", assessor_missing_blobs},
                                         {"import", assessor_import},
                                         {"put", assessor_put},
                                         {"journal", assessor_journal},
                                         {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"builder", new_builder},
                                   {"open", open_assessor},
                                   {"decode", decode_action},
                                   {"changes", changes_between},
                                   {nullptr, nullptr}};

}  // namespace

int open_incremental(lua_State* L) {
  define<LuaBuilder>(L, kBuilderMethods);
  define<LuaAssessor>(L, kAssessorMethods);
  define<LuaAction>(L, kActionMethods);
  define<LuaMarks>(L, kNoMethods);
  define<LuaPresent>(L, kNoMethods);
  define<LuaWritten>(L, kNoMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
