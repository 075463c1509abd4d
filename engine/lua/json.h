// JSON from and to Lua values; bind_json.cpp is the module. Both directions stop at kMaxJsonDepth
// values inside each other.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ggen::lua {

inline constexpr int kMaxJsonDepth = 512;

// Two values of the registry: the userdata that stands for null, and the metatable of tables that
// are arrays even when they are empty.
void push_json_null(lua_State* L);
void push_json_array_mark(lua_State* L);

// Leaves the value on the stack, or nothing when it fails (invalid, with line and column).
Result<void> decode_json(lua_State* L, std::string_view text);

enum class InvalidUtf8 { refuse, replace };
struct JsonStyle {
  int indent = 0;  // spaces a level; 0: all in one line
  InvalidUtf8 invalid_utf8 = InvalidUtf8::refuse;
};

// Fails (invalid, or limit) with the place of the value that JSON cannot hold.
Result<std::string> encode_json(lua_State* L, int index, const JsonStyle& style);

}  // namespace ggen::lua
