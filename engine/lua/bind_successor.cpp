// ggen.core.successor: a process of this program that goes on when we are gone
// (process/successor.h).
// SPDX-License-Identifier: MIT
#include <lua.hpp>
#include <optional>

#include "lua/call.h"
#include "lua/userdata.h"
#include "lua/values.h"
#include "process/successor.h"

namespace ggen::lua {

int open_successor(lua_State* L);

namespace {

struct LuaSuccessor {
  std::optional<process::Successor> process;
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaSuccessor> = "ggen.Successor";

namespace {

// The list of texts at the index.
std::vector<std::string> check_texts(lua_State* L, int index) {
  luaL_checktype(L, index, LUA_TTABLE);
  std::vector<std::string> texts(lua_objlen(L, index));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    lua_rawgeti(L, index, static_cast<int>(i + 1));
    luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, index, "a list of texts expected");
    std::size_t size = 0;
    const char* bytes = lua_tolstring(L, -1, &size);
    texts[i].assign(bytes, size);
    lua_pop(L, 1);
  }
  return texts;
}

// start(argv, env, cwd) -> Successor | nil, message, kind. This program, with these arguments;
// env: a list of "NAME=value".
int successor_start(lua_State* L) {
  const auto argv = check_texts(L, 1), env = check_texts(L, 2);
  const std::string cwd = check_string(L, 3);
  luaL_argcheck(L, !argv.empty(), 1, "at least its name expected");
  auto& self = push<LuaSuccessor>(L);
  auto process = process::Successor::start("/proc/self/exe", argv, env, cwd);
  if (!process) return push_error(L, process.error());
  self.process.emplace(std::move(*process));
  return 1;
}

// successor:tell(bytes) -> true | nil, message, kind. Never waits.
int successor_tell(lua_State* L) {
  auto& self = check<LuaSuccessor>(L, 1);
  const std::string bytes = check_string(L, 2);
  luaL_argcheck(L, self.process.has_value(), 1, "it is closed");
  const auto told = self.process->tell(bytes);
  if (!told) return push_error(L, told.error());
  lua_pushboolean(L, 1);
  return 1;
}

// successor:pid() -> number
int successor_pid(lua_State* L) {
  auto& self = check<LuaSuccessor>(L, 1);
  luaL_argcheck(L, self.process.has_value(), 1, "it is closed");
  lua_pushinteger(L, self.process->pid());
  return 1;
}

// successor:close(): the end of its input. It goes on.
int successor_close(lua_State* L) {
  check<LuaSuccessor>(L, 1).process.reset();
  return 0;
}

constexpr luaL_Reg kMethods[] = {{"tell", successor_tell},
                                 {"pid", successor_pid},
                                 {"close", successor_close},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"start", successor_start}, {nullptr, nullptr}};

}  // namespace

int open_successor(lua_State* L) {
  define<LuaSuccessor>(L, kMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
