// What tells one build of this program from another.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace ggen::state {

// A number of the file that this process was started from: other after every build and every
// installation. 0 when the file cannot be looked at.
std::uint64_t program_identity();

}  // namespace ggen::state
