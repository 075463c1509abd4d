// A port that nobody listens on.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/result.h"

namespace ggen::loop {

// Of 127.0.0.1, as the kernel chooses it. Nobody keeps it: another program may take it first.
Result<std::uint16_t> free_port();

}  // namespace ggen::loop
