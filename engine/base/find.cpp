// SPDX-License-Identifier: MIT
#include "base/find.h"

#include <algorithm>

#include "base/file.h"

namespace ggen {

namespace {

bool is_private_name(std::string_view name) { return name == ".git" || name == ".ggen"; }

}  // namespace

Result<std::vector<std::string>> find_files(
    const std::string& root, const GlobSet& globs,
    const std::function<void(const std::string& dir)>& before_reading) {
  std::vector<std::string> found;
  std::vector<std::string> pending{""};
  while (!pending.empty()) {
    const std::string dir = std::move(pending.back());
    pending.pop_back();
    const std::string path_of_dir = dir.empty() ? root : root + "/" + dir;
    if (before_reading) before_reading(path_of_dir);
    auto entries = list_dir(path_of_dir);
    if (!entries) {
      if (!dir.empty() && entries.error().kind == ErrorKind::not_found) continue;
      return std::move(entries).error();
    }
    for (const DirEntry& entry : *entries) {
      if (is_private_name(entry.name)) continue;
      std::string path = dir.empty() ? entry.name : dir + "/" + entry.name;
      if (entry.type == FileType::directory) {
        if (globs.may_match_below(path)) pending.push_back(std::move(path));
      } else if (globs.match(path)) {
        found.push_back(std::move(path));
      }
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace ggen
