// Roughly how many bytes the cache holds, in one file of 16 bytes: so that a run can tell in
// microseconds that no sweep is due. Every run adds what it stored, a sweep writes what it counted.
// The file: the number (eight bytes, little-endian), then its XXH3-64.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "cache/directory.h"

namespace ggen::cache {

// Adds (or takes away) bytes and returns the new number. Nothing when it is not known: only a
// survey can tell then.
Result<std::optional<std::uint64_t>> add_usage(const Directory& directory, std::int64_t bytes);
Result<void> set_usage(const Directory& directory, std::uint64_t bytes);

}  // namespace ggen::cache
