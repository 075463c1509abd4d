// Lua functions behind sinks. Output reaches them from the loop or from other Lua code, and LuaJIT
// does not allow calls on the main thread while a coroutine runs: in that case they run on the
// coroutine that wrote.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>
#include <string_view>

#include "lua/ref.h"
#include "process/sink.h"

namespace ggen::lua {

struct Caller;

// Around everything in Lua that may write to a sink: says which coroutine does.
class CallerScope {
 public:
  // Once for each Lua state.
  static void open(lua_State* L);

  explicit CallerScope(lua_State* L);
  ~CallerScope();
  CallerScope(const CallerScope&) = delete;
  CallerScope& operator=(const CallerScope&) = delete;

 private:
  Caller& caller_;
  lua_State* before_;
};

// A function to be called with output, or because of it. It may not wait, and not raise.
class SinkFunction {
 public:
  SinkFunction(lua_State* L, int index);

  explicit operator bool() const { return static_cast<bool>(function_); }
  void reset() { function_.reset(); }

  // Pushes it where it is to be called; the arguments follow there.
  lua_State* push() const;
  void call(lua_State* L, int arguments) const;

 private:
  Caller& caller_;
  Ref function_;
};

// Calls function(stream, bytes) with every piece of output, until finish().
class CallbackSink : public process::Sink {
 public:
  CallbackSink(lua_State* L, int index) : function_(L, index) {}
  void write(process::Stream stream, std::string_view bytes) override;
  void finish() override { function_.reset(); }

 private:
  SinkFunction function_;
};

}  // namespace ggen::lua
