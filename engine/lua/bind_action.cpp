// The part of ggen.core.incremental that is a stored result as a Lua value (cache/action.h).
// SPDX-License-Identifier: MIT
#include <lua.hpp>
#include <memory>
#include <string>
#include <vector>

#include "lua/cache_tables.h"
#include "lua/incremental.h"

namespace ggen::lua {

namespace {

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

constexpr luaL_Reg kActionMethods[] = {{"close", action_close},
                                       {"encode", action_encode},
                                       {"blobs", action_blobs},
                                       {"info", action_info},
                                       {nullptr, nullptr}};
}  // namespace

int push_action(lua_State* L, std::optional<cache::Action>& action) {
  if (action)
    push<LuaAction>(L).action = std::make_shared<cache::Action>(std::move(*action));
  else
    lua_pushboolean(L, 0);
  return 1;
}

void add_action_functions(lua_State* L) {
  define<LuaAction>(L, kActionMethods);
  lua_pushcfunction(L, decode_action);
  lua_setfield(L, -2, "decode");
}

}  // namespace ggen::lua
