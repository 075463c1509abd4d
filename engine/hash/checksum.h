// XXH3-64: finds damage in our own files and compares states quickly. Not a digest: whoever wants
// to can make two texts with one checksum.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace ggen::hash {

std::uint64_t checksum(std::string_view bytes, std::uint64_t seed = 0);

}  // namespace ggen::hash
