// ggen.core.signal: calls back when this process gets a signal (loop/signal.h).
// SPDX-License-Identifier: MIT
#include "loop/signal.h"

#include <lua.hpp>
#include <optional>

#include "lua/call.h"
#include "lua/ref.h"
#include "lua/signal_name.h"
#include "lua/state.h"
#include "lua/userdata.h"

namespace ggen::lua {

int open_signal(lua_State* L);

namespace {

struct LuaSignal {
  std::optional<loop::Signal> signal;
  Ref callback;
  Ref self;  // what waits is not collected

  void close() {
    signal.reset();
    callback.reset();
    self.reset();
  }
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaSignal> = "ggen.Signal";

namespace {

// start(name, callback) -> Signal | nil, message, kind. Calls every time, until closed.
int signal_start(lua_State* L) {
  const int number = check_signal(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  auto& owner = push<LuaSignal>(L);
  auto signal = loop::Signal::start(service<loop::Loop>(L), number,
                                    [&owner] { call_back(owner.callback, 0); });
  if (!signal) return push_error(L, signal.error());
  owner.signal.emplace(std::move(*signal));
  owner.callback = Ref(L, 2);
  owner.self = Ref(L, -1);
  return 1;
}

// signal:close(): the signal does again what it did by default.
int signal_close(lua_State* L) {
  check<LuaSignal>(L, 1).close();
  return 0;
}

constexpr luaL_Reg kMethods[] = {{"close", signal_close}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"start", signal_start}, {nullptr, nullptr}};

}  // namespace

int open_signal(lua_State* L) {
  define<LuaSignal>(L, kMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
