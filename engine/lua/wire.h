// Plain values of Lua as bytes, for another process: nil, booleans, numbers, texts and tables of
// them, and references to what cannot leave a process (functions, objects), which a function of the
// caller names and another one finds. What is read may be hostile: depth, sizes and counts are
// bounded, and nothing in it is trusted.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>
#include <string>
#include <string_view>

namespace ggen::lua {

struct WireHooks {
  // Stack indices in L, or 0: none. `known`: a table whose keys are referred to instead of copied.
  // `name`: function(value, nested) -> theirs, id, class?, data? for what is referred to.
  // `find`: function(theirs, id, class, data) -> value, or raises.
  int known = 0, name = 0, find = 0;
  // Tables with a metatable are referred to (else they are copied, without it).
  bool objects = false;
};

constexpr int kWireDepth = 64;        // of tables in tables
constexpr int kWireMostValues = 200;  // of one message, beside each other

// Appends the values first..last of the stack. Returns nullptr, or what is wrong; what was appended
// is of no use then. An error of `name` is raised.
const char* wire_encode(lua_State* L, std::string& out, int first, int last,
                        const WireHooks& hooks);

// Pushes the values and returns their number, or a negative one: then nothing is pushed and `wrong`
// says why. An error of `find` counts as one of the bytes.
int wire_decode(lua_State* L, std::string_view bytes, const WireHooks& hooks, std::string& wrong);

}  // namespace ggen::lua
