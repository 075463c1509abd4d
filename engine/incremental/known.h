// Which tasks are known to be up to date: with the files as the file index has them, their keys and
// the digests of their outputs are those of Results. What a judgement found, kept so that the next
// one need not look at the tasks whose files did not move. Knows no file: it is a note in the index
// (hash/file_index.h), which guards it against damage and says what moved.
//
// Packed: digest of what else keys are made of (see assessor.h), tasks (u32), a bit for each task
// in the order of ids, the lowest of a byte first.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "graph/dense_map.h"

namespace ggen::incremental {

class Known {
 public:
  // Nothing is known of so many tasks.
  explicit Known(std::size_t tasks = 0) : bits_(tasks, false) {}
  // What is written for another situation, or does not fit the format, counts as nothing.
  static Known load(std::string_view packed, const Digest& situation, std::size_t tasks);

  bool has(graph::TaskId task) const { return bits_[graph::index_of(task)]; }
  void add(graph::TaskId task) { bits_[graph::index_of(task)] = true; }
  void remove(graph::TaskId task) { bits_[graph::index_of(task)] = false; }
  std::string pack(const Digest& situation) const;

  bool operator==(const Known&) const = default;

 private:
  std::vector<bool> bits_;
};

}  // namespace ggen::incremental
