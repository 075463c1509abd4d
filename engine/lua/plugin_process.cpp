// SPDX-License-Identifier: MIT
#include "lua/plugin_process.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <lua.hpp>

#include "lua/call.h"
#include "lua/state.h"

namespace ggen::lua {

namespace {

// For developing, as main.lua does it. What goes wrong is said by the require that follows.
void use_source_tree(lua_State* L, const char* tree) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "ggen.source_tree");
  if (!call(L, 1, 1)) return;
  lua_getfield(L, -1, "use");
  lua_pushstring(L, tree);
  [[maybe_unused]] const auto used = call(L, 1, 0);
  lua_pop(L, 1);
}

}  // namespace

int plugin_process_main(std::span<const EmbeddedModule> modules, const char* bytes) {
  prctl(PR_SET_NAME, kPluginProcess.data());
  // With a time zone of its own the C library does not look at a file for each date.
  setenv("TZ", ":/etc/localtime", 0);
  State state(modules, bytes);
  lua_State* L = state.get();
  luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  if (const char* tree = std::getenv("GGEN_LUA_PATH"); tree != nullptr && *tree != '\0') {
    use_source_tree(L, tree);
  }
  lua_getglobal(L, "require");
  lua_pushliteral(L, "ggen.isolation.child");
  auto result = call(L, 1, 1);
  if (result) result = call(L, 0, 0);
  // Nothing may be finalized any more: what is left has no more to say.
  _exit(result ? 0 : 1);
}

}  // namespace ggen::lua
