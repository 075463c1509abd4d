// What each task of this checkout made last: its key, and the digest of its outputs. A task whose
// key and outputs are still the same is up to date, without a look into the cache. Knows no file:
// it is a note in the file index (hash/file_index.h), which guards it against damage.
//
// Packed: count (u32), then sorted by task one entry of kEntrySize bytes each: task (u64, the
// checksum of its id), key, outputs, before, created (ms since 1970), bytes of outputs and log (u64
// each), duration in ms (u32), outcome (u32).
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/digest.h"

namespace ggen::incremental {

// How the last run of a task ended; all but the first left nothing that may be relied upon.
enum class Outcome : std::uint32_t {
  kept,
  failed,
  interrupted,
  moved,    // its inputs changed while it ran
  missing,  // it did not make all of its outputs
  unknown,  // its files could not be read
  altered,  // a hook that changed what its task has made
  ended,    // --timeout ended the run
};
// "failed", ...; "" for one that was kept
std::string_view outcome_name(Outcome outcome);
Outcome outcome_of_name(std::string_view name);

struct LastResult {
  Digest key;      // zero when nothing was kept: no task has that key
  Digest outputs;  // TreeDigest of what it declared; zero without outputs
  Digest before;   // the key of the result that this one took the place of; zero for the first
  std::uint64_t created_ms = 0;
  std::uint64_t bytes = 0;
  std::uint32_t duration_ms = 0;
  Outcome outcome = Outcome::kept;
};

class Results {
 public:
  // `packed` must outlive this object; what does not fit the format counts as empty.
  void load(std::string_view packed);
  // The same for what another run has written meanwhile; what was set or erased here stays so.
  void load_beneath(std::string_view packed);

  std::optional<LastResult> find(std::string_view task) const;
  void set(std::string_view task, const LastResult& result);
  // Nothing of the last run was kept; what it was before that stays known as `before`.
  void set_not_kept(std::string_view task, Outcome outcome, std::uint64_t now_ms);
  void erase(std::string_view task);

  // Whether set() or erase() were about the task.
  bool replaced(std::string_view task) const;
  bool changed() const { return !changes_.empty(); }
  std::string pack() const;
  std::size_t size() const;

 private:
  static constexpr std::size_t kEntrySize = 8 + 3 * Digest::kSize + 2 * 8 + 2 * 4;

  std::uint64_t task_at(std::size_t i) const;
  LastResult result_at(std::size_t i) const;

  std::string_view entries_;
  std::unordered_map<std::uint64_t, std::optional<LastResult>> changes_;  // empty: erased
};

}  // namespace ggen::incremental
