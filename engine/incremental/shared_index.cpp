// SPDX-License-Identifier: MIT
#include "incremental/shared_index.h"

#include <sys/stat.h>

#include "hash/file_index.h"

namespace ggen::incremental {

SharedIndex::SharedIndex(std::string path) : path_(std::move(path)), seen_(look()) {}

hash::Stamp SharedIndex::look() const {
  struct stat info {};
  if (::stat(path_.c_str(), &info) != 0) return {};
  return hash::Stamp::of(info);
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

}  // namespace ggen::incremental
