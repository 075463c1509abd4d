// Lists the files of `actions` or `blobs` (layout.h).
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/digest.h"
#include "base/result.h"

namespace ggen::cache {

struct StoredFile {
  std::string name;              // relative to the directory: "ab/cdef..."
  std::optional<Digest> digest;  // nothing when it is not named after one
};

// In no order. What vanishes meanwhile is no error, nor is a directory that was never made (-1).
Result<void> each_file(int dir_fd, const std::function<void(StoredFile)>& visit);

// The same for those whose digest begins with `first`.
Result<void> each_file_of(int dir_fd, std::uint8_t first,
                          const std::function<void(StoredFile)>& visit);

// Removes temporary files of processes that died: those older than an hour. Returns how many.
std::size_t remove_leftovers(int temporary_fd);

}  // namespace ggen::cache
