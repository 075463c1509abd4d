// The Lua sources of the host, as bytecode inside the binary. The table is made by
// cmake/embed.lua and sorted by name.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

namespace ggen::lua {

struct EmbeddedModule {
  const char* name;    // as in require: "ggen.run"
  std::size_t offset;  // into embedded_bytes()
  std::size_t packed;  // bytes there; deflated if they are fewer than `size`
  std::size_t size;    // of the bytecode
};

std::span<const EmbeddedModule> embedded_modules();
const char* embedded_bytes();

}  // namespace ggen::lua
