// The stored results of a task, newest first, and which of them is nearest to a key: what a task is
// compared with that this checkout has not made before. Knows the journal and the actions; compares
// parts and nothing else.
//
// Not safe for several threads at once.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
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
  // have as many, among those that are alike() and the newest `limit` of the journal's tail. One
  // that differs in one part ends the search. `but` is not among them. The journal is read by the
  // first call.
  Result<std::optional<Action>> find(std::string_view task, std::span<const Part> parts,
                                     const Digest& but, std::size_t limit);
  // Whether it is known already that find() finds nothing of this task.
  bool has_none(std::string_view task) const;

 private:
  Result<void> read_journal();
  // Of the actions that are there; nothing when it is not.
  std::optional<Digest> whole_key(const ShortKey& key);

  const Directory& directory_;
  const Journal& journal_;
  const ActionStore& actions_;
  bool read_ = false;
  // Of what was stored, the newest first: hash of the task's id and key.
  std::vector<std::uint32_t> tasks_;
  std::vector<ShortKey> stored_;
  std::array<std::optional<std::vector<Digest>>, 256> keys_;  // by their first byte
};

// How many parts two keys of tasks with the same id have in common, and of how many, without those
// that nearly all keys have.
struct Common {
  std::size_t parts = 0;
  std::size_t of = 0;
  bool command = false;  // the same in both
  bool place = false;    // they share the path of an input, an output's pattern or a need

  // Whether it is the same task, as far as one can tell: other projects may have the id, too.
  bool alike() const { return command && place && 2 * parts >= of; }
};
Common common_parts(std::span<const Part> a, std::span<const Part> b);

}  // namespace ggen::cache
