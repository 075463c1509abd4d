// What a run has to add to the timings (bind_timings.cpp), as the result of another binding.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "lua/userdata.h"
#include "state/timings.h"

namespace ggen::lua {

struct LuaSamples {
  std::vector<state::Sample> samples;
};

template <>
inline constexpr const char* kTypeName<LuaSamples> = "ggen.Samples";

}  // namespace ggen::lua
