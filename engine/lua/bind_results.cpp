// The part of ggen.core.incremental that stores and restores results (cache/outputs.h) and writes
// the cache's journal. Its jobs run on any worker thread, as the cache's objects are shared, but
// for those on a few small files.
// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <cmath>
#include <lua.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/pack.h"
#include "cache/layout.h"
#include "cache/usage.h"
#include "lua/cache_tables.h"
#include "lua/incremental.h"
#include "lua/sink.h"
#include "lua/state.h"

namespace ggen::lua {

using graph::TaskId;
using incremental::Standing;

namespace {

// What is done at once, on the loop's thread.
constexpr std::uint64_t kQuickAction = 64 * 1024;
constexpr std::uint64_t kQuickLog = 64 * 1024;

// Whether copying the outputs is over in no time.
bool is_quick(const cache::Action& action) {
  constexpr std::size_t kFiles = 4;
  constexpr std::uint64_t kBytes = 64 * 1024;
  return action.outputs.size() <= kFiles && action.blob_bytes() <= kBytes;
}

// assessor:open_cache(dir | nil) -> Cache (bind_cache.cpp) | nil, message, kind
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
  auto directory = cache::Directory::open(std::move(dir));
  if (!directory) return push_error(L, directory.error());
  session.cache = std::make_shared<cache::Opened>(std::move(*directory));
  const cache::Opened& opened = *session.cache;
  session.nearest.emplace(opened.directory, opened.journal, opened.actions);
  push_cache(L, session.cache);
  return 1;
}

// assessor:get(key, cb): cb(action), or cb(false) when there is none
int assessor_get(lua_State* L) {
  const Digest key = check_digest(L, 2);
  const bool quick = check_cache(L).actions.size(key) <= kQuickAction;
  return start(
      L, 3, quick, [key](Session& session) { return session.cache->actions.get(key); },
      push_action);
}

// assessor:present(id, cb): cb(opaque): the declared outputs as they are now, for restore()
int assessor_present(lua_State* L) {
  const TaskId task = check_task_id(L, *check_assessor(L).session->graph, 2);
  return queue(
      L, 3, [task](Session& session) { return session.assessor->is_read_quick(task); },
      [task](Session& session) -> Result<std::vector<cache::Present>> {
        std::vector<cache::Present> present;
        if (const auto set = session.assessor->output_set(task)) {
          // Another run may have made or restored them before this one had the lock.
          GGEN_TRY(session.tree.resolve_again({&*set, 1}));
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
      L, 4, is_quick(*action),
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
      [task, written](Session& session) {
        session.assessor->new_epoch();
        for (const cache::Written& file : *written) {
          session.tree.learn(file.path, file.stamp, file.digest);
        }
        return session.assessor->is_read_quick(task);
      },
      [task](Session& session) { return session.assessor->read_outputs(task); },
      [](lua_State* main, const incremental::Outputs& outputs) {
        push_text(main, outputs.digest.hex());
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
  incremental::Assessor& assessor = *session.assessor;
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

// The look at a task's files after it ran.
struct LookAfter {
  LookAfter(TaskId of, bool with_marks) : task(of), marked(with_marks) {}

  bool is_quick(Session& session) {
    session.assessor->new_epoch();
    std::size_t files = 0;
    for (const auto& set : marks.sets) files += set.entries.size();
    if (files > kQuickFiles) return false;
    return session.assessor->is_read_quick(task);
  }

  Result<AfterRun> run(Session& session) {
    AfterRun after;
    after.moved = session.assessor->moved(marks);
    GGEN_TRY_ASSIGN(after.outputs, session.assessor->read_outputs(task));
    if (marked && !after.moved) {
      GGEN_TRY_ASSIGN(after.action, draft(session, task, after.outputs));
    }
    return after;
  }

  static constexpr std::size_t kQuickFiles = 64;
  TaskId task;
  bool marked;
  incremental::InputMarks marks;
};

// assessor:after_run(id, marks?, cb): looks at all files anew, and uses the marks up;
// cb{ moved= path | nil, outputs= digest, bytes=, missing= paths, none=, action= }
int assessor_after_run(lua_State* L) {
  const TaskId task = check_task_id(L, *check_assessor(L).session->graph, 2);
  const auto look = std::make_shared<LookAfter>(task, !lua_isnoneornil(L, 3));
  // Moved: the collector cannot tell its size.
  if (look->marked) look->marks = std::move(check<LuaMarks>(L, 3).marks);
  return queue(
      L, 4, [look](Session& session) { return look->is_quick(session); },
      [look](Session& session) { return look->run(session); },
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
      L, 5, is_quick(*action) && (!recorder || recorder->writer.size() <= kQuickLog),
      [action, recorder](Session& session) -> Result<bool> {
        cache::Opened& cache = *session.cache;
        GGEN_TRY(cache::capture(cache.blobs, session.root, action->outputs));
        if (recorder) {
          GGEN_TRY_ASSIGN(const auto stored, recorder->writer.finish(cache.blobs));
          action->log = stored.digest;
          action->log_size = stored.size;
        }
        GGEN_TRY(cache.actions.put(*action));
        return true;
      },
      push_true);
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
  return push_text(L, check_cache(L).blobs.path(check_digest(L, 2)));
}

// assessor:new_blob_path() -> path at which a store may write a blob that it fetches
int assessor_new_blob_path(lua_State* L) {
  const cache::Opened& cache = check_cache(L);
  const std::uint64_t number = ++check_assessor(L).session->fetched;
  const std::string name = "fetch-" + std::to_string(getpid()) + "-" + std::to_string(number);
  return push_text(L, cache.directory.path(cache::kTemporary) + "/" + name);
}

// assessor:missing_blobs(action) -> digests that are not in the cache of this machine
int assessor_missing_blobs(lua_State* L) {
  const auto& action = *check<LuaAction>(L, 2).action;
  const cache::Opened& cache = check_cache(L);
  std::vector<std::string> missing;
  for (const Digest& digest : action.blobs()) {
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
      L, 4, false,
      [path, digest](Session& session) -> Result<bool> {
        GGEN_TRY(session.cache->blobs.import(path, digest));
        return true;
      },
      push_true);
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
  return push_text(L, cache::encode(*check<LuaAction>(L, 1).action));
}

// action:close(): the collector cannot tell how much memory it holds.
int action_close(lua_State* L) {
  check<LuaAction>(L, 1).action = std::make_shared<cache::Action>();
  return 0;
}

// action:blobs() -> digests
int action_blobs(lua_State* L) {
  std::vector<std::string> list;
  for (const Digest& digest : check<LuaAction>(L, 1).action->blobs()) {
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

constexpr luaL_Reg kActionMethods[] = {{"close", action_close},
                                       {"encode", action_encode},
                                       {"blobs", action_blobs},
                                       {"info", action_info},
                                       {nullptr, nullptr}};
constexpr luaL_Reg kNoMethods[] = {{nullptr, nullptr}};
constexpr luaL_Reg kMethods[] = {{"new_blob_path", assessor_new_blob_path},
                                 {"open_cache", assessor_open_cache},
                                 {"get", assessor_get},
                                 {"present", assessor_present},
                                 {"restore", assessor_restore},
                                 {"learn", assessor_learn},
                                 {"after_run", assessor_after_run},
                                 {"recorder", assessor_recorder},
                                 {"capture", assessor_capture},
                                 {"replay", assessor_replay},
                                 {"blob_path", assessor_blob_path},
                                 {"missing_blobs", assessor_missing_blobs},
                                 {"import", assessor_import},
                                 {"put", assessor_put},
                                 {"append", assessor_append},
                                 {"journal", assessor_journal},
                                 {nullptr, nullptr}};

}  // namespace

int push_action(lua_State* L, std::optional<cache::Action>& action) {
  if (action)
    push<LuaAction>(L).action = std::make_shared<cache::Action>(std::move(*action));
  else
    lua_pushboolean(L, 0);
  return 1;
}

const luaL_Reg* result_methods() { return kMethods; }

void add_result_functions(lua_State* L) {
  define<LuaAction>(L, kActionMethods);
  define<LuaPresent>(L, kNoMethods);
  define<LuaWritten>(L, kNoMethods);
  lua_pushcfunction(L, decode_action);
  lua_setfield(L, -2, "decode");
}

}  // namespace ggen::lua
