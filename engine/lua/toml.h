// TOML texts as Lua values; bind_toml.cpp is the module. Two readers, each in a file of its own,
// because toml++ chooses the language when it is compiled: TOML 1.0, and 1.0 with what the library
// knows of 1.1 (inline tables over several lines, \e and \x in texts, times without seconds).
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ggen::lua {

// A place is line * kTomlColumns + column, so that one number of Lua holds it; later columns
// count as the last one.
inline constexpr unsigned kTomlColumns = 1 << 20;

// "line 3, column 7: "
std::string toml_place(std::size_t line, std::size_t column);

// The first dotted key of more than 64 parts. toml++ bounds values inside each other but not the
// parts of a key, and ends the tables that they make by recursion: "a.a.a. ..." would take all of
// the C stack. Only has to agree with toml++ about texts that are TOML.
std::optional<Error> find_deep_toml_key(std::string_view text);

// Leaves the table on the stack, or nothing when it fails (invalid or limit, with line and column).
Result<void> decode_toml(lua_State* L, std::string_view text);

// Reads 1.1, too, and leaves two tables: the value, and where all of it is. The second one has an
// entry for each table and each array of the first. That of a table holds its keys in the order of
// the file as [1], [2], ..., and the place of each key under the key. That of an array holds the
// places of its elements.
Result<void> decode_toml_placed(lua_State* L, std::string_view text);

}  // namespace ggen::lua
