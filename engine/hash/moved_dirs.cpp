// SPDX-License-Identifier: MIT
#include "hash/moved_dirs.h"

#include <algorithm>

#include "hash/file_set.h"
#include "hash/path_key.h"
#include "hash/tree.h"

namespace ggen::hash {

namespace {

// As many are compared one after the other.
constexpr std::size_t kFew = 16;

// Outside of the root are what the rules come from, what says where the repository is, and links'
// targets. "info" is where git has its exclude file, wherever the repository's directory may be.
bool concerns_all(std::string_view key) {
  return key.empty() || is_outside(key) || split_key(key).second == "info";
}

}  // namespace

MovedDirs::MovedDirs(std::vector<std::string> keys) : keys_(std::move(keys)) {
  std::sort(keys_.begin(), keys_.end());
  keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
  all_ = std::any_of(keys_.begin(), keys_.end(), concerns_all);
}

bool MovedDirs::has(std::string_view key) const {
  return std::binary_search(keys_.begin(), keys_.end(), key);
}

bool MovedDirs::concern(std::string_view start) const {
  if (keys_.empty()) return false;
  if (all_ || start.empty()) return true;
  if (is_outside(start)) return false;  // no directory outside moved
  if (keys_.size() <= kFew) {
    return std::any_of(keys_.begin(), keys_.end(), [&](const std::string& key) {
      return is_within(key, start) || is_within(start, key);
    });
  }
  for (std::string_view dir = start; !dir.empty(); dir = split_key(dir).first) {
    if (has(dir)) return true;
  }
  const std::string below = std::string(start) + "/";
  const auto first = std::lower_bound(keys_.begin(), keys_.end(), below);
  return first != keys_.end() && first->starts_with(below);
}

bool MovedDirs::concern(std::string_view root, const SetSpec& spec) const {
  if (keys_.empty()) return false;
  if (all_) return true;
  const std::vector<std::string> starts = FileSet::starts(root, spec);
  return std::any_of(starts.begin(), starts.end(),
                     [&](const std::string& start) { return concern(start); });
}

}  // namespace ggen::hash
