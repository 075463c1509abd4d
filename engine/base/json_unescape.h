// What a JSON string means. Knows nothing of where a string ends, nor whether it is right.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace ggen {

// `text` is what stands between the quotes, and its escapes are known to be right. Half of a
// surrogate pair becomes U+FFFD.
std::string json_unescape(std::string_view text);

}  // namespace ggen
