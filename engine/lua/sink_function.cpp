// SPDX-License-Identifier: MIT
#include "lua/sink_function.h"

#include <new>
#include <utility>

#include "lua/call.h"
#include "lua/plugin_clock.h"

namespace ggen::lua {

// The coroutine that writes to a sink at the moment, or nullptr when the loop does.
struct Caller {
  lua_State* state = nullptr;
};

namespace {

constexpr char kCallerKey = 0;

Caller& caller_of(lua_State* L) {
  lua_pushlightuserdata(L, const_cast<char*>(&kCallerKey));
  lua_rawget(L, LUA_REGISTRYINDEX);
  auto* caller = static_cast<Caller*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return *caller;
}

}  // namespace

void CallerScope::open(lua_State* L) {
  lua_pushlightuserdata(L, const_cast<char*>(&kCallerKey));
  new (lua_newuserdata(L, sizeof(Caller))) Caller;
  lua_rawset(L, LUA_REGISTRYINDEX);
}

CallerScope::CallerScope(lua_State* L)
    : caller_(caller_of(L)), before_(std::exchange(caller_.state, L)) {}

CallerScope::~CallerScope() { caller_.state = before_; }

SinkFunction::SinkFunction(lua_State* L, int index) : caller_(caller_of(L)), function_(L, index) {}

lua_State* SinkFunction::push() const {
  lua_State* L = caller_.state != nullptr ? caller_.state : function_.state();
  luaL_checkstack(L, 4, "output");
  function_.push(L);
  return L;
}

void SinkFunction::call(lua_State* L, int arguments) const {
  const HandedOverCall plugins(function_.owner());
  if (auto result = lua::call(L, arguments, 0); !result) callback_raised(function_, result.error());
}

void CallbackSink::write(process::Stream stream, std::string_view bytes) {
  if (!function_) return;
  lua_State* L = function_.push();
  lua_pushstring(L, stream == process::Stream::out ? "out" : "err");
  lua_pushlstring(L, bytes.data(), bytes.size());
  function_.call(L, 2);
}

}  // namespace ggen::lua
