// Whose a function is that Lua hands over to be called later, for the clock of plugins
// (bind_plugin_clock.cpp). SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace ggen::lua {

// The functions that a method of a plugin hands over.
struct PluginSlot;

// Those of the plugin's call that is current; nullptr: the host's and the pipeline's, which nobody
// is held to.
PluginSlot* handed_over_by();

// Around the call of such a function: the time is the plugin's, and when it does not come back it
// is the plugin that is named. Does nothing for nullptr.
class HandedOverCall {
 public:
  explicit HandedOverCall(PluginSlot* slot);
  ~HandedOverCall();
  HandedOverCall(const HandedOverCall&) = delete;
  HandedOverCall& operator=(const HandedOverCall&) = delete;

 private:
  void* frame_ = nullptr;
};

// Such a function has raised, and nobody waits for it: ends the program with the plugin's name.
[[noreturn]] void plugin_raised(const PluginSlot& slot, std::string_view message);

}  // namespace ggen::lua
