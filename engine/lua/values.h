// Texts, digests and the fields of tables, between C++ and the stack of Lua.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"

namespace ggen::lua {

// Each raises a Lua error that names the argument when the value is something else.
std::string check_string(lua_State* L, int index);
std::vector<std::string> check_strings(lua_State* L, int index);
Digest check_digest(lua_State* L, int index);
// The first `size` elements of a table; what is no number counts as 0.
std::vector<double> check_numbers(lua_State* L, int index, std::size_t size);

int push_text(lua_State* L, const std::string& value);
void push_strings(lua_State* L, const std::vector<std::string>& list);
// Fields of the table on top of the stack.
void set_field(lua_State* L, const char* name, double value);
void set_field(lua_State* L, const char* name, std::string_view value);
void set_flag(lua_State* L, const char* name, bool value);

}  // namespace ggen::lua
