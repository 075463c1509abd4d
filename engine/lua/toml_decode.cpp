// TOML 1.0, the language of ggen.std.toml.
// SPDX-License-Identifier: MIT
#include "lua/toml.h"

#include "lua/toml_push.h"

namespace ggen::lua {

Result<void> decode_toml(lua_State* L, std::string_view text) { return decode(L, text, false); }

}  // namespace ggen::lua
