// A Lua value kept by C++: an owned slot of the registry. Live ones are counted, so that tests can
// ask for zero at the end. Each knows the plugin within whose call it was made.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>
#include <utility>

namespace ggen::lua {

struct PluginSlot;

class Ref {
 public:
  Ref() = default;
  // Keeps the value at `index` of L's stack (which stays there).
  Ref(lua_State* L, int index);
  Ref(Ref&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)),
        slot_(std::exchange(other.slot_, LUA_NOREF)),
        owner_(other.owner_) {}
  Ref& operator=(Ref&& other) noexcept {
    if (this != &other) {
      reset();
      state_ = std::exchange(other.state_, nullptr);
      slot_ = std::exchange(other.slot_, LUA_NOREF);
      owner_ = other.owner_;
    }
    return *this;
  }
  ~Ref() { reset(); }

  explicit operator bool() const { return slot_ != LUA_NOREF; }
  // The state that callbacks run on.
  lua_State* state() const { return state_; }
  // Pushes the value onto L's stack.
  void push(lua_State* L) const { lua_rawgeti(L, LUA_REGISTRYINDEX, slot_); }
  void reset();
  // Who has handed it over (plugin_clock.h); nullptr: the host.
  PluginSlot* owner() const { return owner_; }

  static int live();

 private:
  lua_State* state_ = nullptr;
  int slot_ = LUA_NOREF;
  PluginSlot* owner_ = nullptr;
};

}  // namespace ggen::lua
