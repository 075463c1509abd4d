// The Lua state of the program: libraries, our native modules (ggen.core.*) and the embedded host.
// Knows how modules are found; knows nothing of what they do.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>
#include <memory>
#include <span>

#include "base/bug.h"
#include "lua/embedded.h"

namespace ggen::lua {

class State {
 public:
  // `modules` must live as long as the state (it is static data).
  explicit State(std::span<const EmbeddedModule> modules, const char* bytes);
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  lua_State* get() const { return state_.get(); }

  // The program is about to end: objects are finalized as ever, their memory is left to the system.
  void keep_memory_at_close();

 private:
  struct Close {
    void operator()(lua_State* L) const { lua_close(L); }
  };
  std::unique_ptr<lua_State, Close> state_;
};

// Objects of the engine that bindings reach from a lua_State: one of a type, owned by main().
// provide() must come before the first require of a module that uses it.
template <class T>
inline const char kServiceKey = 0;

template <class T>
void provide(lua_State* L, T& object) {
  lua_pushlightuserdata(L, const_cast<char*>(&kServiceKey<T>));
  lua_pushlightuserdata(L, &object);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

template <class T>
T& service(lua_State* L) {
  lua_pushlightuserdata(L, const_cast<char*>(&kServiceKey<T>));
  lua_rawget(L, LUA_REGISTRYINDEX);
  auto* object = static_cast<T*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  GGEN_BUG_IF(object == nullptr, "a module needs an engine object that main() did not provide");
  return *object;
}

// The state that callbacks run on: a binding may have been called from a coroutine that is gone
// by the time its answer comes.
lua_State* main_state(lua_State* L);

}  // namespace ggen::lua
