// How wide a text is on a terminal. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace ggen::process {

// The longest beginning of `text` that fits into `columns`: UTF-8 is not cut, wide characters count
// two, combining ones and colour sequences none. Ends before the first control character.
// `used` becomes the columns that it takes.
std::string_view fit_columns(std::string_view text, int columns, int* used = nullptr);

}  // namespace ggen::process
