// The file index as other runs of this checkout leave it: whether one has written it since this run
// began, and what it wrote into a note. Who writes last would otherwise undo what the other
// learned. SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hash/stamp.h"

namespace ggen::incremental {

class SharedIndex {
 public:
  // Looks at the file: before it is read.
  explicit SharedIndex(std::string path);

  bool replaced() const { return look() != seen_; }
  // Of the file as it is now; nothing when there is none, or it is damaged.
  std::optional<std::string> note(std::string_view name) const;

 private:
  hash::Stamp look() const;

  std::string path_;
  hash::Stamp seen_;
};

}  // namespace ggen::incremental
