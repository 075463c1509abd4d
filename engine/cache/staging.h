// A directory in which a task sees nothing but its inputs, and its outputs on their way back.
// Neither direction follows a link below the directory: what a task makes of it cannot lead out.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "hash/tree_digest.h"

namespace ggen::cache {

struct Input {
  std::string path;  // below the root
  hash::EntryKind kind = hash::EntryKind::missing;
};

struct Staged {
  std::size_t files = 0;
  std::uint64_t bytes = 0;
};

// Copies the inputs from `root` to `dir`, which is there and is empty: with their modes, their
// times of modification, links as links, by sharing the bytes on the disk where that works. The
// inputs are sorted by path. One that has gone is an error of kind cancelled.
Result<Staged> stage(const std::string& root, std::span<const Input> inputs, const std::string& dir,
                     unsigned threads = 2);

struct Collected {
  std::size_t files = 0;    // brought back
  std::size_t removed = 0;  // of what was there before
};

// Makes what the patterns match below `root` exactly what they match below `dir`: moves what is
// there, removes what is not, touches nothing else. A file appears whole or not at all, and nothing
// has moved when something is in the way. Kind invalid when a link is.
Result<Collected> collect(const std::string& dir, const std::string& root,
                          const std::vector<std::string>& patterns);

}  // namespace ggen::cache
