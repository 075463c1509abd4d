// What differs between the parts of two keys: the answer to "why did it run?". Knows parts only;
// how the answer is worded is up to the host.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "incremental/definitions.h"

namespace ggen::incremental {

struct Change {
  std::string kind, name;
  std::optional<std::string> before, after;  // empty: it was not there
};

// In the order of the newer parts, then what is gone.
std::vector<Change> changes(std::span<const Part> before, std::span<const Part> after);

}  // namespace ggen::incremental
