// ggen.core.snapshot: what loading a configuration asked of the world (state/inputs.h), and the
// file that remembers its result (state/snapshot.h). What the sections and records mean is for
// lua/ggen/snapshot.lua to say.
// SPDX-License-Identifier: MIT
#include "lua/snapshot.h"

#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "lua/call.h"
#include "lua/push_graph.h"
#include "lua/userdata.h"
#include "state/identity.h"
#include "state/inputs.h"
#include "state/snapshot_writer.h"

namespace ggen::lua {

int open_snapshot(lua_State* L);

namespace {

constexpr const char* kGraph = "graph";
constexpr const char* kInputs = "inputs";

struct LuaInputs {
  state::Inputs inputs;
};

struct LuaSnapshot {
  std::shared_ptr<const state::Snapshot> snapshot;
};

struct LuaWriter {
  std::optional<state::SnapshotWriter> writer;  // none once it was committed or closed
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaInputs> = "ggen.Inputs";
template <>
inline constexpr const char* kTypeName<LuaSnapshot> = "ggen.Snapshot";
template <>
inline constexpr const char* kTypeName<LuaWriter> = "ggen.SnapshotWriter";

namespace {

// ---- check ----

std::string_view check_bytes(lua_State* L, int index) {
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(L, index, &size);
  return {bytes, size};
}

// One pattern, or a list of them.
std::vector<std::string> check_patterns(lua_State* L, int index) {
  if (lua_type(L, index) == LUA_TSTRING) return {std::string(check_bytes(L, index))};
  luaL_checktype(L, index, LUA_TTABLE);
  std::vector<std::string> patterns;
  const int count = static_cast<int>(lua_objlen(L, index));
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(L, index, i);
    if (lua_type(L, -1) != LUA_TSTRING)
      luaL_argerror(L, index, lua_pushfstring(L, "pattern %d is not a string", i));
    patterns.emplace_back(check_bytes(L, -1));
    lua_pop(L, 1);
  }
  return patterns;
}

state::Inputs& check_inputs(lua_State* L, int index) { return check<LuaInputs>(L, index).inputs; }

state::SnapshotWriter& check_writer(lua_State* L) {
  auto& writer = check<LuaWriter>(L, 1).writer;
  if (!writer) luaL_error(L, "the snapshot was written or given up already");
  return *writer;
}

// The name of a section that Lua may write.
std::string_view check_section(lua_State* L, int index) {
  const std::string_view name = check_bytes(L, index);
  const bool good = !name.empty() && name.size() <= state::Snapshot::kMaxName &&
                    name.find('\0') == std::string_view::npos;
  luaL_argcheck(L, good, index, "a name of 1 to 23 bytes expected");
  return name;
}

// ---- make ----

void push_bytes(lua_State* L, std::string_view bytes) {
  lua_pushlstring(L, bytes.data(), bytes.size());
}

int push_optional(lua_State* L, const std::optional<std::string_view>& bytes) {
  if (bytes)
    push_bytes(L, *bytes);
  else
    lua_pushnil(L);
  return 1;
}

int push_names(lua_State* L, const Result<std::vector<std::string>>& names) {
  if (!names) return push_error(L, names.error());
  lua_createtable(L, static_cast<int>(names->size()), 0);
  int i = 0;
  for (const std::string& name : *names) {
    push_bytes(L, name);
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

// ---- inputs ----

// inputs() -> Inputs
int make_inputs(lua_State* L) {
  push<LuaInputs>(L);
  return 1;
}

// inputs:read(path) -> bytes | nil, message, kind
int inputs_read(lua_State* L) {
  const auto bytes = check_inputs(L, 1).read(std::string(check_bytes(L, 2)));
  if (!bytes) return push_error(L, bytes.error());
  push_bytes(L, *bytes);
  return 1;
}

// inputs:exists(path) -> boolean
int inputs_exists(lua_State* L) {
  lua_pushboolean(L, check_inputs(L, 1).exists(std::string(check_bytes(L, 2))) ? 1 : 0);
  return 1;
}

// inputs:concerns(path) -> whether this file has a part in the answers
int inputs_concerns(lua_State* L) {
  const bool concerns = check_inputs(L, 1).concerns(std::string(check_bytes(L, 2)));
  lua_pushboolean(L, concerns ? 1 : 0);
  return 1;
}

// inputs:directories(directory, pattern) -> sorted names | nil, message, kind
int inputs_directories(lua_State* L) {
  return push_names(L, check_inputs(L, 1).directories(std::string(check_bytes(L, 2)),
                                                      std::string(check_bytes(L, 3))));
}

// inputs:files(root, patterns) -> sorted paths, relative to root, as fs.glob | nil, message, kind
int inputs_files(lua_State* L) {
  return push_names(L,
                    check_inputs(L, 1).files(std::string(check_bytes(L, 2)), check_patterns(L, 3)));
}

// inputs:variable(name) -> value | nil
int inputs_variable(lua_State* L) {
  const auto value = check_inputs(L, 1).variable(luaL_checkstring(L, 2));
  if (!value)
    lua_pushnil(L);
  else
    push_bytes(L, *value);
  return 1;
}

// inputs:real_path(path) -> absolute path without links | nil, message, kind
int inputs_real_path(lua_State* L) {
  const auto path = check_inputs(L, 1).real_path(std::string(check_bytes(L, 2)));
  if (!path) return push_error(L, path.error());
  push_bytes(L, *path);
  return 1;
}

// inputs:refuse(reason): nothing that was asked may be remembered
int inputs_refuse(lua_State* L) {
  check_inputs(L, 1).refuse(std::string(check_bytes(L, 2)));
  return 0;
}

// inputs:refused() -> reason | nil
int inputs_refused(lua_State* L) {
  const std::string& reason = check_inputs(L, 1).refused();
  if (reason.empty())
    lua_pushnil(L);
  else
    push_bytes(L, reason);
  return 1;
}

// inputs:answers() -> digest of all questions and answers, in hexadecimal
int inputs_answers(lua_State* L) {
  push_bytes(L, check_inputs(L, 1).answers().hex());
  return 1;
}

// inputs:check() -> true, whether a stamp has moved | false, what has another answer
int inputs_check(lua_State* L) {
  const auto result = check_inputs(L, 1).check();
  lua_pushboolean(L, result.same ? 1 : 0);
  if (result.same)
    lua_pushboolean(L, result.moved ? 1 : 0);
  else
    push_bytes(L, result.changed);
  return 2;
}

// ---- snapshot ----

// open(path) -> Snapshot | nil, message, kind
int snapshot_open(lua_State* L) {
  auto snapshot = state::Snapshot::open(std::string(check_bytes(L, 1)), state::program_identity());
  if (!snapshot) return push_error(L, snapshot.error());
  push<LuaSnapshot>(L).snapshot =
      std::make_shared<const state::Snapshot>(std::move(snapshot).value());
  return 1;
}

// snapshot:checksum() -> text: two with the same say the same
int snapshot_checksum(lua_State* L) {
  char text[17];
  (void)std::snprintf(text, sizeof text, "%016llx",
                      static_cast<unsigned long long>(check_snapshot(L, 1)->checksum()));
  lua_pushstring(L, text);
  return 1;
}

// snapshot:section(name) -> bytes | nil when it is not there, or damaged
int snapshot_section(lua_State* L) {
  return push_optional(L, check_snapshot(L, 1)->section(check_bytes(L, 2)));
}

// snapshot:record(number) -> bytes | nil when it is damaged; numbers count from 1
int snapshot_record(lua_State* L) {
  const double number = luaL_checknumber(L, 2);
  luaL_argcheck(L, number >= 1, 2, "records count from 1");
  return push_optional(L, check_snapshot(L, 1)->record(static_cast<std::size_t>(number) - 1));
}

// snapshot:count() -> how many records there are
int snapshot_count(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(check_snapshot(L, 1)->record_count()));
  return 1;
}

// snapshot:graph() -> frozen Graph | nil when it is damaged
int snapshot_graph(lua_State* L) {
  const auto bytes = check_snapshot(L, 1)->section(kGraph);
  std::optional<graph::Graph> graph;
  if (bytes) graph = graph::Graph::load(*bytes);
  if (graph)
    push_graph(L, std::move(*graph));
  else
    lua_pushnil(L);
  return 1;
}

// snapshot:inputs() -> Inputs | nil when they are damaged
int snapshot_inputs(lua_State* L) {
  const auto bytes = check_snapshot(L, 1)->section(kInputs);
  std::optional<state::Inputs> inputs;
  if (bytes) inputs = state::Inputs::decode(*bytes);
  if (inputs)
    push<LuaInputs>(L).inputs = std::move(*inputs);
  else
    lua_pushnil(L);
  return 1;
}

// ---- writer ----

// writer(path) -> SnapshotWriter | nil, message, kind
int make_writer(lua_State* L) {
  auto writer =
      state::SnapshotWriter::create(std::string(check_bytes(L, 1)), state::program_identity());
  if (!writer) return push_error(L, writer.error());
  push<LuaWriter>(L).writer.emplace(std::move(writer).value());
  return 1;
}

// writer:record(bytes): the next one; all of them come before the first section
int writer_record(lua_State* L) {
  check_writer(L).record(check_bytes(L, 2));
  return 0;
}

// writer:section(name, bytes)
int writer_section(lua_State* L) {
  check_writer(L).section(check_section(L, 2), check_bytes(L, 3));
  return 0;
}

// writer:graph(frozen graph)
int writer_graph(lua_State* L) {
  check_writer(L).section(kGraph, check_frozen_graph(L, 2).save());
  return 0;
}

// writer:inputs(inputs)
int writer_inputs(lua_State* L) {
  check_writer(L).section(kInputs, check_inputs(L, 2).encode());
  return 0;
}

// writer:records_of(snapshot)
int writer_records_of(lua_State* L) {
  check_writer(L).copy_records(*check_snapshot(L, 2));
  return 0;
}

// writer:sections_of(snapshot): those that were not given yet
int writer_sections_of(lua_State* L) {
  check_writer(L).copy_sections(*check_snapshot(L, 2));
  return 0;
}

// writer:commit() -> true | nil, message, kind
int writer_commit(lua_State* L) {
  const auto result = check_writer(L).commit();
  check<LuaWriter>(L, 1).writer.reset();
  if (!result) return push_error(L, result.error());
  lua_pushboolean(L, 1);
  return 1;
}

// writer:close(): gives up what was not committed
int writer_close(lua_State* L) {
  check<LuaWriter>(L, 1).writer.reset();
  return 0;
}

constexpr luaL_Reg kInputsMethods[] = {{"read", inputs_read},
                                       {"exists", inputs_exists},
                                       {"directories", inputs_directories},
                                       {"files", inputs_files},
                                       {"variable", inputs_variable},
                                       {"refuse", inputs_refuse},
                                       {"refused", inputs_refused},
                                       {"answers", inputs_answers},
                                       {"check", inputs_check},
                                       {"real_path", inputs_real_path},
                                       {"concerns", inputs_concerns},
                                       {nullptr, nullptr}};

constexpr luaL_Reg kSnapshotMethods[] = {{"checksum", snapshot_checksum},
                                         {"section", snapshot_section},
                                         {"record", snapshot_record},
                                         {"count", snapshot_count},
                                         {"graph", snapshot_graph},
                                         {"inputs", snapshot_inputs},
                                         {nullptr, nullptr}};

constexpr luaL_Reg kWriterMethods[] = {{"record", writer_record},
                                       {"section", writer_section},
                                       {"graph", writer_graph},
                                       {"inputs", writer_inputs},
                                       {"records_of", writer_records_of},
                                       {"sections_of", writer_sections_of},
                                       {"commit", writer_commit},
                                       {"close", writer_close},
                                       {nullptr, nullptr}};

constexpr luaL_Reg kFunctions[] = {
    {"inputs", make_inputs}, {"open", snapshot_open}, {"writer", make_writer}, {nullptr, nullptr}};

}  // namespace

std::shared_ptr<const state::Snapshot> check_snapshot(lua_State* L, int index) {
  return check<LuaSnapshot>(L, index).snapshot;
}

int open_snapshot(lua_State* L) {
  define<LuaInputs>(L, kInputsMethods);
  define<LuaSnapshot>(L, kSnapshotMethods);
  define<LuaWriter>(L, kWriterMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
