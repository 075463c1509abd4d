// The one place where C++ enters Lua: a protected call with a traceback.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>

#include "base/result.h"
#include "lua/ref.h"

namespace ggen::lua {

// Calls the function that lies below `arguments` values on L's stack. On success `results` values
// are on the stack; on failure none, and the error has the message and the traceback.
Result<void> call(lua_State* L, int arguments, int results);

// For callbacks of the loop: calls the function kept in `callback` with the `arguments` values on
// top of the stack of callback.state(). A callback that raises is a bug of the host (async.lua
// catches what tasks raise), so the program ends with its traceback; one that a plugin has handed
// over ends it with the plugin's name and exit code 1.
void call_back(const Ref& callback, int arguments);
// What follows when such a callback has raised.
[[noreturn]] void callback_raised(const Ref& callback, const Error& error);

// Checks in builds with GGEN_CHECKS that a C++ scope left the stack as it found it.
class StackGuard {
 public:
#ifdef GGEN_CHECKS
  explicit StackGuard(lua_State* L) : state_(L), top_(lua_gettop(L)) {}
  ~StackGuard() { GGEN_BUG_IF(lua_gettop(state_) != top_, "unbalanced Lua stack"); }

 private:
  lua_State* state_;
  int top_;
#else
  explicit StackGuard(lua_State*) {}
#endif
};

// The world's refusals, as a binding returns them: nil, message, kind.
int push_error(lua_State* L, const Error& error);

}  // namespace ggen::lua
