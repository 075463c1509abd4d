// ggen.core.process: runs commands (process/supervisor.h).
// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <lua.hpp>

#include "lua/call.h"
#include "lua/ref.h"
#include "lua/signal_name.h"
#include "lua/sink.h"
#include "lua/state.h"
#include "lua/userdata.h"
#include "lua/values.h"
#include "process/command_line.h"
#include "process/supervisor.h"

namespace ggen::lua {

using process::ChildSpec;
using process::Outcome;
using process::Supervisor;

int open_process(lua_State* L);

namespace {

struct LuaProcess {
  Supervisor& supervisor;
  Supervisor::Id id = 0;  // 0: over, or closed
  Ref done;
  Ref self;  // a running process is not collected

  explicit LuaProcess(Supervisor& s) : supervisor(s) {}
  ~LuaProcess() { close(); }
  void close() {
    supervisor.abandon(std::exchange(id, 0));
    done.reset();
    self.reset();
  }
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaProcess> = "ggen.Process";

namespace {

std::string to_string(lua_State* L, int index) {
  std::size_t size = 0;
  const char* bytes = lua_tolstring(L, index, &size);
  return {bytes, size};
}

int option_error(lua_State* L, const char* name, const char* expected) {
  return luaL_argerror(
      L, 1,
      lua_pushfstring(L, "field '%s': %s expected, got %s", name, expected, luaL_typename(L, -1)));
}

// Pushes the field and says whether it is there.
bool has(lua_State* L, const char* name) {
  lua_getfield(L, 1, name);
  return !lua_isnil(L, -1);
}

std::string take_string(lua_State* L, const char* name) {
  std::string text;
  if (has(L, name)) {
    if (lua_type(L, -1) != LUA_TSTRING) option_error(L, name, "string");
    text = to_string(L, -1);
  }
  lua_pop(L, 1);
  return text;
}

double take_number(lua_State* L, const char* name, double otherwise) {
  double number = otherwise;
  if (has(L, name)) {
    if (lua_type(L, -1) != LUA_TNUMBER) option_error(L, name, "number");
    number = lua_tonumber(L, -1);
    if (!(number >= 0)) option_error(L, name, "a number of zero or more");
  }
  lua_pop(L, 1);
  return number;
}

std::vector<std::string> take_argv(lua_State* L) {
  if (!lua_istable(L, -1)) option_error(L, "argv", "table");
  std::vector<std::string> argv(lua_objlen(L, -1));
  for (std::size_t i = 0; i < argv.size(); ++i) {
    lua_rawgeti(L, -1, static_cast<int>(i + 1));
    if (lua_type(L, -1) != LUA_TSTRING) option_error(L, "argv", "table of strings");
    argv[i] = to_string(L, -1);
    lua_pop(L, 1);
  }
  return argv;
}

std::vector<std::string> shell_argv(lua_State* L, const std::string& command) {
  const std::string program = take_string(L, "shell_program");
  if (!program.empty() && program != "sh") return {program, "-c", command};
  if (auto words = process::split_command(command)) return std::move(*words);
  return {"/bin/sh", "-c", command};
}

// Sorted, so that programs that print it do so in the same order every time.
Result<std::vector<std::string>> take_env(lua_State* L) {
  std::vector<std::string> env;
  has(L, "env");
  if (!lua_istable(L, -1)) option_error(L, "env", "table");
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    if (lua_type(L, -2) != LUA_TSTRING) {
      return Error{ErrorKind::invalid, "the name of an environment variable is not a string"};
    }
    if (lua_type(L, -1) != LUA_TSTRING) option_error(L, "env", "table of strings");
    std::string entry = to_string(L, -2);
    if (entry.empty() || entry.find('=') != std::string::npos) {
      return Error{ErrorKind::invalid, "'" + entry + "' cannot name an environment variable"};
    }
    entry.append("=").append(to_string(L, -1));
    env.push_back(std::move(entry));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  std::sort(env.begin(), env.end());
  return env;
}

void take_stdin(lua_State* L, ChildSpec& spec) {
  if (has(L, "stdin")) {
    if (lua_istable(L, -1)) {
      lua_getfield(L, -1, "bytes");
      if (lua_type(L, -1) != LUA_TSTRING) option_error(L, "stdin.bytes", "string");
      spec.stdin_from = process::Stdin::bytes;
      spec.stdin_bytes = to_string(L, -1);
      lua_pop(L, 1);
    } else if (lua_type(L, -1) == LUA_TSTRING && to_string(L, -1) == "inherit") {
      spec.stdin_from = process::Stdin::inherit;
    } else {
      option_error(L, "stdin", "\"inherit\" or a table with bytes");
    }
  }
  lua_pop(L, 1);
}

Result<ChildSpec> take_spec(lua_State* L) {
  ChildSpec spec;
  if (has(L, "argv")) {
    spec.argv = take_argv(L);
    lua_pop(L, 1);
  } else {
    lua_pop(L, 1);
    spec.argv = shell_argv(L, take_string(L, "shell"));
  }
  GGEN_TRY_ASSIGN(spec.env, take_env(L));
  spec.cwd = take_string(L, "cwd");
  take_stdin(L, spec);
  if (has(L, "output")) spec.output = check_sink(L, lua_gettop(L));
  spec.interactive = has(L, "interactive") && lua_toboolean(L, -1);
  lua_pop(L, 2);
  spec.capture = static_cast<std::size_t>(take_number(L, "capture", 0));
  spec.timeout = take_number(L, "timeout", 0);
  spec.grace = take_number(L, "grace", spec.grace);
  spec.drain = take_number(L, "drain", spec.drain);
  return spec;
}

void push_failure(lua_State* L, const process::SpawnFailure& failure) {
  lua_createtable(L, 0, 2);
  const bool cwd = failure.part == process::SpawnFailure::Part::cwd;
  set_field(L, "kind", cwd ? "cwd" : kind_name(failure.error.kind));
  set_field(L, "message", failure.error.message);
}

void push_outcome(lua_State* L, const Outcome& outcome, bool captured) {
  lua_createtable(L, 0, 12);
  set_field(L, "code", outcome.code);
  if (outcome.signal != 0) {
    push_signal(L, outcome.signal);
    lua_setfield(L, -2, "signal");
  }
  set_flag(L, "timed_out", outcome.timed_out);
  set_flag(L, "started", outcome.started);
  if (outcome.failure) {
    push_failure(L, *outcome.failure);
    lua_setfield(L, -2, "error");
  }
  lua_createtable(L, 0, 4);
  set_field(L, "wall", outcome.usage.wall);
  set_field(L, "user", outcome.usage.user);
  set_field(L, "sys", outcome.usage.sys);
  if (outcome.usage.peak_memory > 0)
    set_field(L, "peak_memory", static_cast<double>(outcome.usage.peak_memory));
  lua_setfield(L, -2, "usage");
  if (captured) {
    set_field(L, "stdout", outcome.out);
    set_field(L, "stderr", outcome.err);
  }
  set_flag(L, "truncated", outcome.truncated);
  set_flag(L, "left_behind", outcome.left_behind);
  set_field(L, "bytes", static_cast<double>(outcome.bytes));
}

// run(opts, on_done) -> Process | nil, message, kind. on_done(result) is called once, later, also
// when the program could not be started (result.started is false, result.error says why).
int process_run(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  auto spec = take_spec(L);
  if (!spec) return push_error(L, spec.error());
  const bool captured = spec->capture > 0;
  auto& supervisor = service<Supervisor>(L);
  auto& process = push<LuaProcess>(L, supervisor);
  auto id = supervisor.start(std::move(*spec), [&process, captured](Outcome outcome) {
    const Ref self = std::move(process.self);
    const Ref done = std::move(process.done);
    process.id = 0;
    push_outcome(done.state(), outcome, captured);
    call_back(done, 1);
  });
  if (!id) return push_error(L, id.error());
  process.id = *id;
  process.done = Ref(L, 2);
  process.self = Ref(L, -1);
  return 1;
}

// process:kill(signal) -> whether it still ran. Reaches its whole process group.
int process_kill(lua_State* L) {
  const auto& process = check<LuaProcess>(L, 1);
  lua_pushboolean(L, process.supervisor.kill(process.id, check_signal(L, 2)));
  return 1;
}

// process:pid() -> number | nil when it is over or was not started
int process_pid(lua_State* L) {
  const auto& process = check<LuaProcess>(L, 1);
  const pid_t pid = process.supervisor.pid(process.id);
  if (pid == 0) return 0;
  lua_pushinteger(L, pid);
  return 1;
}

// process:close(): kills it with its group; on_done is not called any more.
int process_close(lua_State* L) {
  check<LuaProcess>(L, 1).close();
  return 0;
}

// split(command) -> argv | nil when it needs a shell
int process_split(lua_State* L) {
  luaL_checktype(L, 1, LUA_TSTRING);
  const auto words = process::split_command(to_string(L, 1));
  if (!words) return 0;
  lua_createtable(L, static_cast<int>(words->size()), 0);
  for (std::size_t i = 0; i < words->size(); ++i) {
    lua_pushlstring(L, (*words)[i].data(), (*words)[i].size());
    lua_rawseti(L, -2, static_cast<int>(i + 1));
  }
  return 1;
}

// live() -> number of commands that run
int process_live(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(service<Supervisor>(L).live()));
  return 1;
}

// kill_all(signal): to every command that runs.
int process_kill_all(lua_State* L) {
  service<Supervisor>(L).kill_all(check_signal(L, 1));
  return 0;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> list;
  for (std::string& word : words) list.push_back(word.data());
  list.push_back(nullptr);
  return list;
}

// replace{argv=, env=} -> does not return: this process begins again as our program, with the
// streams and the terminal that it has | nil, message, kind. Nothing may run.
int process_replace(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  auto spec = take_spec(L);
  if (!spec) return push_error(L, spec.error());
  auto& supervisor = service<Supervisor>(L);
  if (supervisor.live() > 0) {
    return push_error(L, Error{ErrorKind::invalid, "commands still run"});
  }
  supervisor.say_goodbye();
  execve("/proc/self/exe", pointers(spec->argv).data(), pointers(spec->env).data());
  return push_error(L, Error::from_errno(errno, "start the program anew"));
}

constexpr luaL_Reg kMethods[] = {
    {"kill", process_kill}, {"pid", process_pid}, {"close", process_close}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"run", process_run},         {"split", process_split},
                                   {"live", process_live},       {"kill_all", process_kill_all},
                                   {"replace", process_replace}, {nullptr, nullptr}};

}  // namespace

int open_process(lua_State* L) {
  define<LuaProcess>(L, kMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
