// ggen.core.lock_file: who uses what, in a directory that several processes share
// (state/lock_file.h).
// SPDX-License-Identifier: MIT
#include <lua.hpp>
#include <optional>

#include "lua/call.h"
#include "lua/userdata.h"
#include "lua/values.h"
#include "state/lock_file.h"

namespace ggen::lua {

int open_lock_file(lua_State* L);

namespace {

struct LuaLockFile {
  std::optional<state::LockFile> file;
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaLockFile> = "ggen.LockFile";

namespace {

state::LockFile& check_open(lua_State* L) {
  auto& self = check<LuaLockFile>(L, 1);
  luaL_argcheck(L, self.file.has_value(), 1, "it is closed");
  return *self.file;
}

int push_answer(lua_State* L, const Result<bool>& answer) {
  if (!answer) return push_error(L, answer.error());
  lua_pushboolean(L, *answer ? 1 : 0);
  return 1;
}

// open(path) -> LockFile | nil, message, kind
int lock_file_open(lua_State* L) {
  const std::string path = check_string(L, 1);
  auto& self = push<LuaLockFile>(L);
  auto file = state::LockFile::open(path);
  if (!file) return push_error(L, file.error());
  self.file.emplace(std::move(*file));
  return 1;
}

// file:id() -> text: of this file, and of no copy
int lock_file_id(lua_State* L) {
  const std::string& id = check_open(L).id();
  lua_pushlstring(L, id.data(), id.size());
  return 1;
}

// file:try(name) -> whether it is ours now | nil, message, kind. Never waits.
int lock_file_try(lua_State* L) {
  auto& file = check_open(L);
  return push_answer(L, file.try_lock(check_string(L, 2)));
}

// file:unlock(name)
int lock_file_unlock(lua_State* L) {
  check_open(L).unlock(check_string(L, 2));
  return 0;
}

// file:taken(name) -> whether somebody else has it | nil, message, kind
int lock_file_taken(lua_State* L) {
  const auto& file = check_open(L);
  return push_answer(L, file.taken(check_string(L, 2)));
}

// file:in_place() -> whether the file is still there
int lock_file_in_place(lua_State* L) {
  lua_pushboolean(L, check_open(L).in_place() ? 1 : 0);
  return 1;
}

// file:close(): gives all of its locks back.
int lock_file_close(lua_State* L) {
  check<LuaLockFile>(L, 1).file.reset();
  return 0;
}

constexpr luaL_Reg kMethods[] = {
    {"id", lock_file_id},       {"try", lock_file_try},           {"unlock", lock_file_unlock},
    {"taken", lock_file_taken}, {"in_place", lock_file_in_place}, {"close", lock_file_close},
    {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"open", lock_file_open}, {nullptr, nullptr}};

}  // namespace

int open_lock_file(lua_State* L) {
  define<LuaLockFile>(L, kMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
