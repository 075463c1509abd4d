// Directories below a root, opened without ever following a link.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace ggen::cache {

enum class MakeDirs { yes, no };

// Opens `path` ("" is the root itself), makes what is missing of it when told to. Kind not_found
// when it is missing, invalid when a link or a file is in the way.
Result<Fd> open_beneath(int root_fd, const std::string& path, MakeDirs make);

// "a/b/c" -> "a/b"; "" for a bare name
inline std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// "a/b/c" -> "c"; ends where `path` ends, so that it is a C string where that is one
inline std::string_view name_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace ggen::cache
