// The journal as a plain sequence of accesses to keys, with the repeats written out: what policies
// are judged on.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <unordered_map>
#include <vector>

#include "cache/journal.h"

namespace ggen::cache {

struct ShortKeyHash {
  std::size_t operator()(const ShortKey& key) const noexcept {
    std::size_t value;
    std::memcpy(&value, key.data(), sizeof value);
    return value;
  }
};

// Columns of equal length: one row for each time that a result was asked for.
struct Accesses {
  std::vector<std::uint32_t> key;  // number of the key, from 0
  std::vector<std::uint64_t> time_ms;
  std::vector<std::uint64_t> bytes;    // of the result
  std::vector<std::uint64_t> cost_ms;  // to make it
  std::vector<std::uint32_t> task;     // task_hash
  std::vector<ShortKey> keys;          // by number
};
// Hits and stores count as accesses (a store is a miss that was filled).
Accesses accesses_of(std::span<const Record> records);

// What the journal says of one key.
struct Usage {
  std::uint64_t last_access_ms = 0;
  std::uint64_t hits = 0;
  std::uint64_t stores = 0;
};
using UsageByKey = std::unordered_map<ShortKey, Usage, ShortKeyHash>;
UsageByKey usage_by_key(std::span<const Record> records);

// Sums over the journal, by task and altogether.
struct Totals {
  std::uint64_t hits = 0, misses = 0, stores = 0, evictions = 0;
  std::uint64_t saved_ms = 0, spent_ms = 0;
  std::uint64_t evicted_bytes = 0;
};
struct TotalsByTask {
  Totals all;
  std::unordered_map<std::uint32_t, Totals> by_task;  // task_hash
};
TotalsByTask totals_of(std::span<const Record> records);

}  // namespace ggen::cache
