// ggen.core.lock: what several runs in one checkout do one after another
// (incremental/task_locks.h).
// SPDX-License-Identifier: MIT
#include <lua.hpp>
#include <optional>

#include "incremental/task_locks.h"
#include "lua/userdata.h"
#include "lua/values.h"

namespace ggen::lua {

int open_lock(lua_State* L);

namespace {

struct LuaLock {
  std::optional<incremental::TaskLocks> locks;
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaLock> = "ggen.Lock";

namespace {

// hold(path, name) -> Lock. Waits: for what takes milliseconds. Where there can be no locks it is
// none.
int lock_hold(lua_State* L) {
  const std::string path = check_string(L, 1), name = check_string(L, 2);
  push<LuaLock>(L).locks.emplace(path).lock(name);
  return 1;
}

// try(path, name) -> Lock | nil. Nil: somebody else has it. Never waits.
int lock_try(lua_State* L) {
  const std::string path = check_string(L, 1), name = check_string(L, 2);
  LuaLock& lock = push<LuaLock>(L);
  if (!lock.locks.emplace(path).try_lock(name)) lua_pushnil(L);
  return 1;
}

// lock:close(), also when it is closed already
int lock_close(lua_State* L) {
  check<LuaLock>(L, 1).locks.reset();
  return 0;
}

constexpr luaL_Reg kMethods[] = {{"close", lock_close}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"hold", lock_hold}, {"try", lock_try}, {nullptr, nullptr}};

}  // namespace

int open_lock(lua_State* L) {
  define<LuaLock>(L, kMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
