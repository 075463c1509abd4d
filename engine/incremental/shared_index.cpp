// SPDX-License-Identifier: MIT
#include "incremental/shared_index.h"

#include <sys/stat.h>

#include "hash/file_index.h"

namespace ggen::incremental {

SharedIndex::SharedIndex(std::string path) : path_(std::move(path)), seen_(look()) {}

SharedIndex::Seen SharedIndex::look() const {
  const auto stamp = [](const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? hash::Stamp::of(info) : hash::Stamp();
  };
  return {stamp(path_), stamp(path_ + hash::FileIndex::kChangesSuffix)};
}

std::optional<std::string> SharedIndex::note(std::string_view name) const {
  hash::FileIndex index;
  if (!index.open(path_)) return std::nullopt;
  for (const hash::FileItem& item : index.notes()) {
    if (std::string_view(index.name(item), item.name_size) != name) continue;
    const auto bytes = index.note(item);
    return bytes ? std::optional(std::string(*bytes)) : std::nullopt;
  }
  return std::nullopt;
}

void SharedIndex::take_in(hash::Tree& tree, Results& results, bool looked) {
  // What was made last and what was hit last stay true whatever moved: they are compared anew.
  const bool intact = tree.intact();
  const bool others = replaced();
  if (others) theirs_ = note("results").value_or(std::string());
  if (!theirs_.empty()) results.load_beneath(theirs_);
  if (!theirs_.empty() || (looked && (results.changed() || !intact))) {
    tree.set_note("results", results.pack());
  }
  if (others) {
    for (const char* claim : kClaims) tree.set_note(claim, "");
  }
  if (intact) return;
  const std::string group(tree.note("group").value_or(std::string_view()));
  if (!group.empty()) tree.set_note("group", group);
}

Result<void> SharedIndex::save(hash::Tree& tree, Results& results, TaskLocks& locks, bool looked) {
  constexpr std::string_view kSaving = " saving the index";
  if (looked) locks.lock(kSaving);
  take_in(tree, results, looked);
  auto saved = tree.save();
  if (looked) locks.unlock(kSaving);
  return saved;
}

}  // namespace ggen::incremental
