// The part of ggen.core.incremental that stores and restores results (cache/outputs.h). Its jobs
// run on any worker thread, as the cache's objects are shared, but for those on a few small files.
// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <lua.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cache/layout.h"
#include "lua/cache_tables.h"
#include "lua/incremental.h"
#include "lua/sink.h"
#include "lua/state.h"

namespace ggen::lua {

using graph::TaskId;

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
                                 {nullptr, nullptr}};

}  // namespace

const luaL_Reg* result_methods() { return kMethods; }

void add_result_functions(lua_State* L) {
  define<LuaPresent>(L, kNoMethods);
  define<LuaWritten>(L, kNoMethods);
}

}  // namespace ggen::lua
