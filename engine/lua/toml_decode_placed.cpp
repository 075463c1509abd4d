// TOML with what toml++ has of 1.1, and with places: the language of make.toml, where inline tables
// go over several lines.
// SPDX-License-Identifier: MIT
#include "lua/toml.h"

#define TOML_ENABLE_UNRELEASED_FEATURES 1
// Another namespace: without it, the linker would take one of the two parsers for both files.
#define toml toml_1_1

#include "lua/toml_push.h"

namespace ggen::lua {

Result<void> decode_toml_placed(lua_State* L, std::string_view text) {
  return decode(L, text, true);
}

}  // namespace ggen::lua
