// What is in the cache, and making room in it. Which results go is a policy's choice, elsewhere.
//
// Safe beside runs that store and restore. An action goes before its blobs. A blob goes when no
// action names it and it is older than kGrace: a run that is about to name it has written it, or
// touched it when it found it there, less than that ago. What a race still takes from a run is a
// miss there.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/digest.h"
#include "cache/accesses.h"
#include "cache/directory.h"
#include "cache/journal.h"

namespace ggen::cache {

constexpr std::chrono::minutes kGrace{10};

struct Entry {
  Digest key;
  std::string task;
  std::uint64_t bytes = 0;      // the action, and its share of each blob (size / actions naming it)
  std::uint64_t all_bytes = 0;  // the action and its blobs
  std::uint64_t created_ms = 0;
  std::uint64_t last_access_ms = 0;
  std::uint64_t hits = 0;
  std::uint64_t duration_ms = 0;
  std::vector<Digest> blobs;
};

struct Survey {
  std::vector<Entry> entries;  // sorted by key
  std::uint64_t bytes = 0;     // of all files
  std::uint64_t action_bytes = 0;
  std::size_t blobs = 0;
  std::size_t orphans = 0;  // blobs that no action names
  std::uint64_t orphan_bytes = 0;
  std::size_t unreadable = 0;  // actions that are damaged; get() or verify() removes them
  TotalsByTask totals;         // of the journal
};

// Reads all actions and the journal, and looks at all blobs.
Result<Survey> survey(const Directory& directory);

struct Victim {
  std::size_t entry;  // index into Survey::entries
  Reason reason = Reason::size;
};

struct Swept {
  std::size_t actions = 0;
  std::size_t blobs = 0;
  std::uint64_t bytes = 0;
};

// Removes the victims and then every blob that no other entry of the survey names (also the orphans
// of runs that were killed), but young ones; notes each victim in the journal under the policy's
// name, compacts the journal when it is long, and writes down the new usage.
Result<Swept> sweep(const Directory& directory, const Survey& survey,
                    std::span<const Victim> victims, std::string_view policy,
                    std::chrono::milliseconds grace = kGrace);

// Removes all results, also those that are in use: a run beside it has misses.
Result<Swept> clear(const Directory& directory);

}  // namespace ggen::cache
