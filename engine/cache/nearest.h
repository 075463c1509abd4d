// The stored results of a task, newest first, and which of them is nearest to a key: what a task is
// compared with that this checkout has not made before. Knows the journal and the actions; compares
// parts and nothing else.
//
// Not safe for several threads at once.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "cache/action_store.h"
#include "cache/journal.h"

namespace ggen::cache {

class NearestResults {
 public:
  NearestResults(const Directory& directory, const Journal& journal, const ActionStore& actions)
      : directory_(directory), journal_(journal), actions_(actions) {}

  // The result of the task that has the most parts in common with `parts`, the newest of those that
  // have as many. At least half of the parts are in common: tasks of other projects may have the
  // same id. Looks at the newest `limit` results. `but` is not among them. The journal is read by
  // the first call.
  Result<std::optional<Action>> find(std::string_view task, std::span<const Part> parts,
                                     const Digest& but, std::size_t limit);

 private:
  struct Stored {
    std::uint32_t task;
    std::uint64_t time_ms;
    ShortKey key;
  };
  Result<void> read_journal();
  // Of the actions that are there; nothing when it is not.
  std::optional<Digest> whole_key(const ShortKey& key);

  const Directory& directory_;
  const Journal& journal_;
  const ActionStore& actions_;
  std::optional<std::vector<Stored>> stored_;                 // sorted by task, the newest first
  std::array<std::optional<std::vector<Digest>>, 256> keys_;  // by their first byte
};

// How many parts two keys have in common, and of how many, without those that nearly all keys have.
struct Common {
  std::size_t parts = 0;
  std::size_t of = 0;
};
Common common_parts(std::span<const Part> a, std::span<const Part> b);

}  // namespace ggen::cache
