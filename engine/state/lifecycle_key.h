// The cache key of a phase as the original computes it, for its state file. Not what decides
// whether a task is up to date here: this rule has no lengths in it, so different phases may have
// one key.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"

namespace ggen::state {

// SHA-256 over the phase; for each command a newline and the command; for each variable a newline
// and NAME=VALUE; for each input a newline, its path, and its bytes if it can be read.
Digest lifecycle_key(std::string_view phase, const std::vector<std::string>& commands,
                     const std::vector<std::pair<std::string, std::string>>& variables,
                     const std::vector<std::string>& inputs);

}  // namespace ggen::state
