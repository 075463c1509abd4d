// SPDX-License-Identifier: MIT
#include "cache/checksum.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ggen::cache {

std::uint64_t checksum(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace ggen::cache
