// The checksum of our own files: XXH3-64. It finds damage, not malice.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace ggen::cache {

std::uint64_t checksum(std::string_view bytes);

}  // namespace ggen::cache
