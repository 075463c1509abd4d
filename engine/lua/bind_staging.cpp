// ggen.core.incremental: what a task may see, in a directory of its own (cache/staging.h).
// SPDX-License-Identifier: MIT
#include "cache/staging.h"

#include <lua.hpp>
#include <map>

#include "lua/incremental.h"

namespace ggen::lua {

namespace {

using graph::TaskId;

struct Seen {
  cache::Staged staged;
  std::vector<std::string> outside;  // that are not below the root of the project
};

Result<Seen> stage(Session& session, TaskId task, const std::string& dir) {
  session.assessor->new_epoch();
  GGEN_TRY_ASSIGN(const auto sets, session.assessor->visible(task));
  std::map<std::string, hash::EntryKind, std::less<>> entries;
  Seen seen;
  for (const hash::SetId set : sets) {
    session.tree.each(set, [&](const hash::TreeEntry& entry) {
      if (entry.kind == hash::EntryKind::missing) return;
      if (!entry.path.starts_with('/') && !entry.path.starts_with("../"))
        entries.emplace(entry.path, entry.kind);
      else if (entry.kind != hash::EntryKind::directory)
        seen.outside.emplace_back(entry.path);
    });
  }
  std::vector<cache::Input> inputs;
  inputs.reserve(entries.size());
  for (auto& [path, kind] : entries) inputs.push_back({path, kind});
  GGEN_TRY_ASSIGN(seen.staged, cache::stage(session.root, inputs, dir));
  return seen;
}

bool never(Session&) { return false; }

// assessor:stage(id, dir, cb): copies what the task may see into an empty directory; cb{ files=,
// bytes=, outside = paths that are not below the root }
int assessor_stage(lua_State* L) {
  const TaskId task = check_task_id(L, *check_assessor(L).session->graph, 2);
  const std::string dir = check_string(L, 3);
  return queue(
      L, 4, never, [task, dir](Session& session) { return stage(session, task, dir); },
      [](lua_State* main, const Seen& seen) {
        lua_createtable(main, 0, 3);
        set_field(main, "files", static_cast<double>(seen.staged.files));
        set_field(main, "bytes", static_cast<double>(seen.staged.bytes));
        lua_createtable(main, static_cast<int>(seen.outside.size()), 0);
        for (std::size_t i = 0; i < seen.outside.size(); ++i) {
          push_text(main, seen.outside[i]);
          lua_rawseti(main, -2, static_cast<int>(i + 1));
        }
        lua_setfield(main, -2, "outside");
        return 1;
      });
}

// assessor:collect(id, dir, cb): the declared outputs of the task become what they are in the
// directory; cb{ files=, removed= }
int assessor_collect(lua_State* L) {
  const TaskId task = check_task_id(L, *check_assessor(L).session->graph, 2);
  const std::string dir = check_string(L, 3);
  return queue(
      L, 4, never,
      [task, dir](Session& session) {
        return cache::collect(dir, session.root, session.assessor->output_patterns(task));
      },
      [](lua_State* main, const cache::Collected& collected) {
        lua_createtable(main, 0, 2);
        set_field(main, "files", static_cast<double>(collected.files));
        set_field(main, "removed", static_cast<double>(collected.removed));
        return 1;
      });
}

constexpr luaL_Reg kMethods[] = {
    {"stage", assessor_stage}, {"collect", assessor_collect}, {nullptr, nullptr}};

}  // namespace

const luaL_Reg* staging_methods() { return kMethods; }

}  // namespace ggen::lua
