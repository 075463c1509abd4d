// The table of native modules: one line for each binding file.
// SPDX-License-Identifier: MIT
#include "lua/modules.h"

namespace ggen::lua {

int open_cache(lua_State* L);
int open_clock(lua_State* L);
int open_definitions(lua_State* L);
int open_env(lua_State* L);
int open_forecast(lua_State* L);
int open_frames(lua_State* L);
int open_fs(lua_State* L);
int open_graph(lua_State* L);
int open_hash(lua_State* L);
int open_http(lua_State* L);
int open_incremental(lua_State* L);
int open_jobserver(lua_State* L);
int open_json(lua_State* L);
int open_lock(lua_State* L);
int open_lock_file(lua_State* L);
int open_loop(lua_State* L);
int open_net(lua_State* L);
int open_output(lua_State* L);
int open_plugin_clock(lua_State* L);
int open_process(lua_State* L);
int open_run_record(lua_State* L);
int open_sandbox(lua_State* L);
int open_signal(lua_State* L);
int open_snapshot(lua_State* L);
int open_spans(lua_State* L);
int open_state(lua_State* L);
int open_successor(lua_State* L);
int open_timer(lua_State* L);
int open_timings(lua_State* L);
int open_toml(lua_State* L);
int open_trace(lua_State* L);
int open_watch(lua_State* L);
int open_watchdog(lua_State* L);

namespace {

struct Module {
  const char* name;
  lua_CFunction open;
};

constexpr Module kModules[] = {
    {"ggen.core.cache", open_cache},
    {"ggen.core.clock", open_clock},
    {"ggen.core.definitions", open_definitions},
    {"ggen.core.env", open_env},
    {"ggen.core.forecast", open_forecast},
    {"ggen.core.frames", open_frames},
    {"ggen.core.fs", open_fs},
    {"ggen.core.graph", open_graph},
    {"ggen.core.hash", open_hash},
    {"ggen.core.http", open_http},
    {"ggen.core.incremental", open_incremental},
    {"ggen.core.jobserver", open_jobserver},
    {"ggen.core.json", open_json},
    {"ggen.core.lock", open_lock},
    {"ggen.core.lock_file", open_lock_file},
    {"ggen.core.loop", open_loop},
    {"ggen.core.net", open_net},
    {"ggen.core.output", open_output},
    {"ggen.core.plugin_clock", open_plugin_clock},
    {"ggen.core.process", open_process},
    {"ggen.core.run_record", open_run_record},
    {"ggen.core.sandbox", open_sandbox},
    {"ggen.core.signal", open_signal},
    {"ggen.core.snapshot", open_snapshot},
    {"ggen.core.spans", open_spans},
    {"ggen.core.state", open_state},
    {"ggen.core.successor", open_successor},
    {"ggen.core.timer", open_timer},
    {"ggen.core.timings", open_timings},
    {"ggen.core.toml", open_toml},
    {"ggen.core.trace", open_trace},
    {"ggen.core.watch", open_watch},
    {"ggen.core.watchdog", open_watchdog},
};

}  // namespace

void preload_modules(lua_State* L) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  for (const Module& module : kModules) {
    lua_pushcfunction(L, module.open);
    lua_setfield(L, -2, module.name);
  }
  lua_pop(L, 2);
}

}  // namespace ggen::lua
