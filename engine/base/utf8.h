// Which bytes are UTF-8 as the standard has it: no overlong forms, no surrogates, nothing above
// U+10FFFF.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

namespace ggen {

// The length (1 to 4) of the character that `text` starts with; 0 when it does not start with one.
// `text` must not be empty.
std::size_t utf8_length(std::string_view text);

}  // namespace ggen
