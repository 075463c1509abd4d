// ggen.core.jobserver: GNU make's job slots (process/jobserver.h).
// SPDX-License-Identifier: MIT
#include <uv.h>

#include <lua.hpp>
#include <optional>

#include "loop/poll.h"
#include "lua/call.h"
#include "lua/ref.h"
#include "lua/state.h"
#include "lua/userdata.h"
#include "process/jobserver.h"

namespace ggen::lua {

int open_jobserver(lua_State* L);

namespace {

struct LuaJobserver {
  std::optional<process::Jobserver> slots;
  std::optional<loop::Poll> poll;  // before the descriptor that it waits for goes
  Ref callback;
  bool waiting = false;

  ~LuaJobserver() { close(); }

  void close() {
    poll.reset();
    callback.reset();
    waiting = false;
    slots.reset();
  }
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaJobserver> = "ggen.Jobserver";

namespace {

process::Jobserver& open_slots(lua_State* L) {
  auto& owner = check<LuaJobserver>(L, 1);
  if (!owner.slots) luaL_argerror(L, 1, "it is closed");
  return *owner.slots;
}

// serve(tokens, style: "pipe"|"fifo") -> Jobserver | nil, message, kind
int jobserver_serve(lua_State* L) {
  const int tokens = static_cast<int>(luaL_checkinteger(L, 1));
  luaL_argcheck(L, tokens >= 0, 1, "zero or more expected");
  static const char* const kStyles[] = {"pipe", "fifo", nullptr};
  const auto style = luaL_checkoption(L, 2, "pipe", kStyles) == 0 ? process::Jobserver::Style::pipe
                                                                  : process::Jobserver::Style::fifo;
  auto slots = process::Jobserver::serve(static_cast<unsigned>(tokens), style);
  if (!slots) return push_error(L, slots.error());
  push<LuaJobserver>(L).slots.emplace(std::move(*slots));
  return 1;
}

// join(makeflags) -> Jobserver | nil when it names none | nil, message, kind
int jobserver_join(lua_State* L) {
  auto slots = process::Jobserver::join(luaL_checkstring(L, 1));
  if (!slots) return push_error(L, slots.error());
  if (!*slots) return 0;
  push<LuaJobserver>(L).slots.emplace(std::move(**slots));
  return 1;
}

// jobserver:acquire() -> boolean
int jobserver_acquire(lua_State* L) {
  lua_pushboolean(L, open_slots(L).acquire());
  return 1;
}

// jobserver:release(): one that is held
int jobserver_release(lua_State* L) {
  auto& slots = open_slots(L);
  luaL_argcheck(L, slots.held() > 0, 1, "it holds no slot");
  slots.release();
  return 0;
}

// jobserver:mend() -> integer, how many tokens were lost and are there again
int jobserver_mend(lua_State* L) {
  lua_pushinteger(L, open_slots(L).mend());
  return 1;
}

// jobserver:held() -> integer
int jobserver_held(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(open_slots(L).held()));
  return 1;
}

// jobserver:auth() -> string, the value of --jobserver-auth
int jobserver_auth(lua_State* L) {
  const std::string& auth = open_slots(L).auth();
  lua_pushlstring(L, auth.data(), auth.size());
  return 1;
}

// jobserver:wait(callback): calls once, when a slot may be free. Does nothing while one waits. The
// waiting alone does not keep the loop going: somebody runs jobs, or there is nothing to wait for.
int jobserver_wait(lua_State* L) {
  auto& owner = check<LuaJobserver>(L, 1);
  const auto& slots = open_slots(L);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  if (owner.waiting) return 0;
  if (!owner.poll) {
    auto poll = loop::Poll::open(service<loop::Loop>(L), slots.fd());
    if (!poll) return luaL_error(L, "%s", poll.error().message.c_str());
    owner.poll.emplace(std::move(*poll));
  }
  owner.callback = Ref(L, 2);
  owner.waiting = true;
  owner.poll->start(UV_READABLE, [&owner](int, int) {
    owner.poll->stop();
    owner.waiting = false;
    const Ref callback = std::move(owner.callback);
    call_back(callback, 0);
  });
  return 0;
}

// jobserver:close(): gives back what is held
int jobserver_close(lua_State* L) {
  check<LuaJobserver>(L, 1).close();
  return 0;
}

constexpr luaL_Reg kMethods[] = {{"acquire", jobserver_acquire}, {"release", jobserver_release},
                                 {"held", jobserver_held},       {"mend", jobserver_mend},
                                 {"auth", jobserver_auth},       {"wait", jobserver_wait},
                                 {"close", jobserver_close},     {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {
    {"serve", jobserver_serve}, {"join", jobserver_join}, {nullptr, nullptr}};

}  // namespace

int open_jobserver(lua_State* L) {
  define<LuaJobserver>(L, kMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
