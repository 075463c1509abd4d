// The directories in which something moved, and which sets of files that may concern. Errs on one
// side: a set that it clears is what it was, without a look at any file; one that it does not clear
// has to be resolved. Knows no file system.
//
// A set's answer comes from the directories at and below the places where it begins (the fixed
// parts of its patterns), from those above them (what is missing, and the rules for ignoring), and
// from the repository around the root.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ggen::hash {

struct SetSpec;

class MovedDirs {
 public:
  MovedDirs() = default;
  // Keys of directories (hash/path_key.h), in any order.
  explicit MovedDirs(std::vector<std::string> keys);

  bool empty() const { return keys_.empty(); }
  const std::vector<std::string>& keys() const { return keys_; }
  bool operator==(const MovedDirs&) const = default;

  // Whether the answer of the set may be another one. `root` is the one of the keys.
  bool concern(std::string_view root, const SetSpec& spec) const;
  // Whether the answer of any set may that begins at or below a place, a key.
  bool concern(std::string_view start) const;

 private:
  bool has(std::string_view key) const;

  std::vector<std::string> keys_;  // sorted
  bool all_ = false;               // they concern every set
};

}  // namespace ggen::hash
