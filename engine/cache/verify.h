// Reads everything that is in the cache and removes what is damaged.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cache/directory.h"

namespace ggen::cache {

struct Verified {
  std::size_t actions = 0;  // that are right
  std::size_t blobs = 0;
  std::uint64_t bytes = 0;            // that were read
  std::vector<std::string> problems;  // one line each, sorted; what was removed or could not be
  std::uint64_t journal_damage = 0;   // bytes of the journal that are no records
};

// Damaged or misnamed files are removed, and so are actions whose blobs are missing. Temporary
// files of processes that died go silently when they are older than an hour.
Result<Verified> verify(const Directory& directory, unsigned threads = 2);

}  // namespace ggen::cache
