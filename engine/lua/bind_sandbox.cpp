// ggen.core.sandbox: a process of our own that is shut in (process/sandbox.h), and messages of
// plain values to and from it (process/channel.h, lua/wire.h). Both of its sides use this module.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <uv.h>

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <lua.hpp>
#include <memory>
#include <optional>

#include "loop/poll.h"
#include "lua/call.h"
#include "lua/plugin_process.h"
#include "lua/ref.h"
#include "lua/state.h"
#include "lua/userdata.h"
#include "lua/values.h"
#include "lua/wire.h"
#include "process/channel.h"
#include "process/sandbox.h"
#include "process/spawn.h"

namespace ggen::lua {

int open_sandbox(lua_State* L);

namespace {

using process::Channel;

constexpr int kGraceToEnd = 200;  // ms, for one that has closed its side

struct LuaChannel {
  std::optional<loop::Poll> poll;  // before the descriptor that it waits for goes
  std::optional<Channel> channel;
  process::Spawned child;
  Ref callback, known, name, find;
  bool objects = false;
  std::string wrong;
  std::string ended;  // how the child ended by itself

  ~LuaChannel() { close(0); }

  // Ends the child. `grace`: milliseconds in which it may end by itself, so that it is known how.
  void close(int grace) {
    poll.reset();
    callback.reset();
    channel.reset();
    if (child.pid <= 0) return;
    pollfd gone{child.pidfd.get(), POLLIN, 0};
    const bool by_itself = child.pidfd && poll_for(gone, grace);
    if (!by_itself) kill(child.pid, SIGKILL);
    int status = 0;
    pid_t reaped = 0;
    do {
      reaped = waitpid(child.pid, &status, 0);
    } while (reaped < 0 && errno == EINTR);
    // Without a grace it may have ended because we have closed our side.
    if (by_itself && grace > 0 && reaped == child.pid) tell(status);
    child = {};
  }

 private:
  static bool poll_for(pollfd& gone, int grace) {
    int count = 0;
    do {
      count = ::poll(&gone, 1, grace);
    } while (count < 0 && errno == EINTR);
    return count > 0;
  }

  void tell(int status) {
    if (WIFSIGNALED(status)) {
      const int number = WTERMSIG(status);
      ended = number == SIGSYS    ? "it asked the system for what it may not do"
              : number == SIGXCPU ? "it has used up its processor time"
                                  : "signal " + std::to_string(number);
    } else {
      ended = "exit code " + std::to_string(WEXITSTATUS(status));
    }
  }
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaChannel> = "ggen.SandboxChannel";

namespace {

Channel& open_channel(lua_State* L, LuaChannel& owner) {
  if (!owner.channel) luaL_argerror(L, 1, "it is closed");
  return *owner.channel;
}

// Pushes what the hooks need; the indices are valid until the stack is cut.
WireHooks push_hooks(lua_State* L, const LuaChannel& owner) {
  WireHooks hooks;
  hooks.objects = owner.objects;
  if (!owner.known) return hooks;
  owner.known.push(L);
  hooks.known = lua_gettop(L);
  owner.name.push(L);
  hooks.name = lua_gettop(L);
  owner.find.push(L);
  hooks.find = lua_gettop(L);
  return hooks;
}

Channel::Milliseconds check_limit(lua_State* L, int index) {
  const double seconds = luaL_checknumber(L, index);
  if (seconds < 0) return Channel::kForEver;
  return Channel::Milliseconds(static_cast<std::int64_t>(std::ceil(std::min(seconds, 1e6) * 1e3)));
}

// kernel() -> { landlock = its ABI or 0, seccomp = boolean, memory = boolean }
int sandbox_kernel(lua_State* L) {
  const process::SandboxParts parts = process::sandbox_parts();
  lua_createtable(L, 0, 3);
  set_field(L, "landlock", static_cast<double>(parts.landlock));
  set_flag(L, "seccomp", parts.seccomp);
  set_flag(L, "memory", process::sandbox_limits_memory());
  return 1;
}

// start() -> SandboxChannel | nil, message, kind: a process of this program that waits for its
// first message, and is not shut in yet. It ends with us, however we end.
int sandbox_start(lua_State* L) {
  static process::Spawner spawner;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return push_error(L, Error::from_errno(errno, "start the process of a plugin"));
  }
  auto& owner = push<LuaChannel>(L);
  owner.channel.emplace(Fd(ends[0]));
  const Fd other(ends[1]);
  const Fd nowhere(open("/dev/null", O_RDWR | O_CLOEXEC));
  const std::vector<std::string> argv = {std::string(kPluginProcess)};
  std::vector<std::string> env;
  for (const char* name : {"GGEN_LUA_PATH", "TZ", "ASAN_OPTIONS", "UBSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) env.push_back(std::string(name) + "=" + value);
  }
  const std::string cwd = "/";
  process::SpawnRequest request{argv, env, cwd, {other.get(), nowhere.get(), nowhere.get()}};
  request.file = "/proc/self/exe";
  auto spawned = spawner.spawn(request);
  auto* child = std::get_if<process::Spawned>(&spawned);
  if (child == nullptr) return push_error(L, std::get<process::SpawnFailure>(spawned).error);
  owner.child = std::move(*child);
  return 1;
}

// inherited() -> SandboxChannel: of the process that start() made, to the one that made it
int sandbox_inherited(lua_State* L) {
  push<LuaChannel>(L).channel.emplace(Fd(STDIN_FILENO));
  return 1;
}

// enter(memory, cpu, { landlock = boolean, seccomp = boolean }) -> landlock, seccomp | nil,
// message, kind: shuts this process in, all but the inherited channel; what is false is left out
int sandbox_enter(lua_State* L) {
  process::SandboxLimits limits;
  limits.memory = static_cast<std::uint64_t>(luaL_checknumber(L, 1));
  limits.cpu = static_cast<std::uint64_t>(luaL_checknumber(L, 2));
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_getfield(L, 3, "landlock");
  limits.landlock = lua_toboolean(L, -1) != 0;
  lua_getfield(L, 3, "seccomp");
  limits.seccomp = lua_toboolean(L, -1) != 0;
  auto parts = process::enter_sandbox(STDIN_FILENO, limits);
  if (!parts) return push_error(L, parts.error());
  lua_pushinteger(L, parts->landlock);
  lua_pushboolean(L, parts->seccomp);
  return 2;
}

// is_output(value) -> boolean: a screen, a sink or a log, whose methods reach nothing else
int sandbox_is_output(lua_State* L) {
  bool is = false;
  if (lua_isuserdata(L, 1) != 0 && lua_getmetatable(L, 1) != 0) {
    for (const char* name : {"ggen.Screen", "ggen.Sink", "ggen.Log"}) {
      luaL_getmetatable(L, name);
      is = is || lua_rawequal(L, -1, -2) != 0;
      lua_pop(L, 1);
    }
  }
  lua_pushboolean(L, is);
  return 1;
}

// encode(...) -> bytes; raises what cannot be passed
int sandbox_encode(lua_State* L) {
  // Kept by a userdata: an error of Lua must not lose it.
  auto& owner = push<LuaChannel>(L);
  lua_insert(L, 1);
  if (const char* wrong = wire_encode(L, owner.wrong, 2, lua_gettop(L), {})) {
    return luaL_error(L, "%s", wrong);
  }
  return push_text(L, owner.wrong);
}

// decode(bytes) -> ... | nil, message: for tests, as the channel does it
int sandbox_decode(lua_State* L) {
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(L, 1, &size);
  auto& owner = push<LuaChannel>(L);
  const int count = wire_decode(L, {bytes, size}, {}, owner.wrong);
  if (count >= 0) return count;
  lua_pushnil(L);
  lua_pushstring(L, owner.wrong.c_str());
  return 2;
}

// channel:hooks(known, name, find, objects): see WireHooks
int channel_hooks(lua_State* L) {
  auto& owner = check<LuaChannel>(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_checktype(L, 3, LUA_TFUNCTION);
  luaL_checktype(L, 4, LUA_TFUNCTION);
  owner.known = Ref(L, 2);
  owner.name = Ref(L, 3);
  owner.find = Ref(L, 4);
  owner.objects = lua_toboolean(L, 5) != 0;
  return 0;
}

// channel:send(seconds, ...) -> true | nil, message, kind. Less than 0 seconds: for ever.
int channel_send(lua_State* L) {
  auto& owner = check<LuaChannel>(L, 1);
  auto& channel = open_channel(L, owner);
  const auto limit = check_limit(L, 2);
  const int last = lua_gettop(L);
  const WireHooks hooks = push_hooks(L, owner);
  if (const char* wrong = wire_encode(L, channel.begin(), 3, last, hooks)) {
    lua_pushnil(L);
    lua_pushstring(L, wrong);
    lua_pushliteral(L, "value");
    return 3;
  }
  if (auto sent = channel.send(limit); !sent) return push_error(L, sent.error());
  lua_pushboolean(L, 1);
  return 1;
}

// channel:receive(seconds) -> true, ... | nil, message, kind
int channel_receive(lua_State* L) {
  auto& owner = check<LuaChannel>(L, 1);
  auto& channel = open_channel(L, owner);
  auto message = channel.receive(check_limit(L, 2));
  if (!message) return push_error(L, message.error());
  const WireHooks hooks = push_hooks(L, owner);
  lua_pushboolean(L, 1);
  const int count = wire_decode(L, *message, hooks, owner.wrong);
  if (count >= 0) return count + 1;
  lua_pushnil(L);
  lua_pushstring(L, owner.wrong.c_str());
  lua_pushliteral(L, "invalid");
  return 3;
}

// channel:waiting() -> boolean: receive(0) has a message without asking the system
int channel_waiting(lua_State* L) {
  auto& owner = check<LuaChannel>(L, 1);
  lua_pushboolean(L, open_channel(L, owner).has_message());
  return 1;
}

// channel:watch(callback | nil): from now on called whenever something has come, or the other side
// is gone. That keeps the loop going.
int channel_watch(lua_State* L) {
  auto& owner = check<LuaChannel>(L, 1);
  auto& channel = open_channel(L, owner);
  if (lua_isnoneornil(L, 2)) {
    owner.poll.reset();
    owner.callback.reset();
    return 0;
  }
  luaL_checktype(L, 2, LUA_TFUNCTION);
  if (owner.poll) return 0;
  auto poll = loop::Poll::open(service<loop::Loop>(L), channel.fd());
  if (!poll) return luaL_error(L, "%s", poll.error().message.c_str());
  owner.poll.emplace(std::move(*poll));
  owner.callback = Ref(L, 2);
  owner.poll->start(UV_READABLE, [&owner](int, int) { call_back(owner.callback, 0); });
  return 0;
}

// channel:keep_loop(boolean): whether what is watched keeps the loop going
int channel_keep_loop(lua_State* L) {
  auto& owner = check<LuaChannel>(L, 1);
  if (owner.poll) owner.poll->keep_loop(lua_toboolean(L, 2) != 0);
  return 0;
}

// channel:pid() -> integer | nil
int channel_pid(lua_State* L) {
  const auto& owner = check<LuaChannel>(L, 1);
  if (owner.child.pid <= 0) return 0;
  lua_pushinteger(L, owner.child.pid);
  return 1;
}

// channel:close(gone: boolean) -> how it ended, when it was `gone` by itself
int channel_close(lua_State* L) {
  auto& owner = check<LuaChannel>(L, 1);
  owner.close(lua_toboolean(L, 2) != 0 ? kGraceToEnd : 0);
  if (owner.ended.empty()) return 0;
  return push_text(L, owner.ended);
}

constexpr luaL_Reg kMethods[] = {
    {"hooks", channel_hooks},         {"send", channel_send},   {"receive", channel_receive},
    {"waiting", channel_waiting},     {"watch", channel_watch}, {"pid", channel_pid},
    {"keep_loop", channel_keep_loop}, {"close", channel_close}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {
    {"kernel", sandbox_kernel},       {"start", sandbox_start},
    {"enter", sandbox_enter},         {"inherited", sandbox_inherited},
    {"is_output", sandbox_is_output}, {"encode", sandbox_encode},
    {"decode", sandbox_decode},       {nullptr, nullptr}};

}  // namespace

int open_sandbox(lua_State* L) {
  define<LuaChannel>(L, kMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
