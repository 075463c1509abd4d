// ggen-lua: wires the engine together and enters the host in Lua (lua/ggen/main.lua).
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "loop/loop.h"
#include "lua/call.h"
#include "lua/embedded.h"
#include "lua/plugin_process.h"
#include "lua/state.h"
#include "process/guard.h"
#include "process/supervisor.h"

using namespace ggen;

namespace {

constexpr int kInternalError = 70;
constexpr int kOutputLost = 1;

// A link of this name is `ggen-lua lua`: LuaRocks and others run an interpreter by one name.
bool is_interpreter(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name == "lua" || name == "lua5.1" || name == "luajit";
}

// The arguments go to the host as they are; it returns the exit code.
int run_host(lua_State* L, int argc, char** argv) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "ggen.main");
  auto result = lua::call(L, 1, 1);
  if (result) {
    const int before = argc > 0 && is_interpreter(argv[0]) ? 1 : 0;
    if (before != 0) lua_pushliteral(L, "lua");
    for (int i = 1; i < argc; ++i) lua_pushstring(L, argv[i]);
    result = lua::call(L, before + std::max(argc - 1, 0), 1);
  }
  if (!result) {
    std::fprintf(stderr, "ggen-lua: bug: %s\n", result.error().message.c_str());
    return kInternalError;
  }
  const auto code = static_cast<int>(lua_tointeger(L, -1));
  lua_pop(L, 1);
  return code;
}

// A program that was started with closed standard streams would get its own descriptors under their
// numbers, and write there what was meant for the user.
void open_standard_streams() {
  int fd = 0;
  do {
    fd = open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd > STDERR_FILENO) close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 0 && argv[0] == process::kGuardName) return process::guard_main();
  if (argc > 0 && argv[0] == lua::kPluginProcess) {
    return lua::plugin_process_main(lua::embedded_modules(), lua::embedded_bytes());
  }

  open_standard_streams();
  int code = 0;
  loop::Loop loop;
  {
    process::Supervisor supervisor(loop);
    lua::State state(lua::embedded_modules(), lua::embedded_bytes());
    lua::provide(state.get(), loop);
    lua::provide(state.get(), supervisor);
    code = run_host(state.get(), argc, argv);
    state.keep_memory_at_close();
  }
  GGEN_BUG_IF(lua::Ref::live() != 0, "Lua references left at the end");
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    if (errno != EPIPE)
      std::fprintf(stderr, "ggen-lua: standard output: %s\n", std::strerror(errno));
    if (code == 0) code = kOutputLost;
  }
  return code;
}
