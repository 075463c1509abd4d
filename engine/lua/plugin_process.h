// The process of an untrusted plugin: this program under another name. It holds nothing of the one
// that started it but a socket, and shuts itself in before it sees a byte of the plugin
// (lua/ggen/isolation/child.lua).
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string_view>

#include "lua/embedded.h"

namespace ggen::lua {

constexpr std::string_view kPluginProcess = "ggen-lua-plugin";  // argv[0] of the process

// What main() does when it was started under that name. Returns the exit code.
int plugin_process_main(std::span<const EmbeddedModule> modules, const char* bytes);

}  // namespace ggen::lua
