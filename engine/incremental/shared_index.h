// The file index as other runs of this checkout leave it: whether one has written it since this run
// began, and what it wrote into a note. Who writes last would otherwise undo what the other
// learned.
//
// What is known to be up to date (the notes of kClaims) is a claim about the results of the run
// that wrote it: of merged results nothing is known.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "hash/stamp.h"
#include "hash/tree.h"
#include "incremental/results.h"
#include "incremental/task_locks.h"

namespace ggen::incremental {

class SharedIndex {
 public:
  // Looks at the file, and at the changes beside it: before they are read.
  explicit SharedIndex(std::string path);

  bool replaced() const { return look() != seen_; }
  // Of the file as it is now; nothing when there is none, or it is damaged.
  std::optional<std::string> note(std::string_view name) const;

  static constexpr const char* kClaims[] = {"fresh", "memo", "served"};

  // At the end of the run: the results that other runs have written meanwhile are taken in, and all
  // of it is saved, by one run at a time. `looked`: this run has judged tasks, so that there may be
  // something to write.
  Result<void> save(hash::Tree& tree, Results& results, TaskLocks& locks, bool looked);

 private:
  void take_in(hash::Tree& tree, Results& results, bool looked);
  struct Seen {
    hash::Stamp file, changes;
    bool operator==(const Seen&) const = default;
  };
  Seen look() const;

  std::string path_;
  Seen seen_;
  std::string theirs_;  // that results rely on
};

}  // namespace ggen::incremental
