// The sets that were added to a Tree, and what the last resolve() made of each. Small: a project
// may have a hundred thousand of one file each. Knows no file system.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "hash/file_set.h"
#include "hash/tree.h"

namespace ggen::hash {

struct SetState {
  std::string_view text;  // the spec, or the key of its only literal
  Digest digest;          // the answers of the last resolve()
  std::uint64_t mark = 0;
  std::uint32_t count = 0;
  bool one_literal = false;  // and nothing else
  bool outputs = false;
  bool by_stamp = false;
  bool resolved = false;
  std::unique_ptr<FileSet> set;  // made when it is needed
  std::unique_ptr<Error> problem;
};

class SetList {
 public:
  explicit SetList(std::string root) : root_(std::move(root)) {}

  SetId add(const SetSpec& spec);
  SetState& operator[](SetId id) { return states_.at(static_cast<std::uint32_t>(id)); }
  const SetState& operator[](SetId id) const { return states_.at(static_cast<std::uint32_t>(id)); }
  std::size_t size() const { return states_.size(); }

  // The set ready for a walk; nothing for one whose patterns are malformed: then it has a problem.
  FileSet* compiled(SetState& state);

 private:
  std::string_view keep(std::string_view text);

  const std::string root_;
  std::vector<SetState> states_;
  std::vector<std::uint32_t> slots_;  // position + 1 by checksum of the text; 0: free
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_size_ = 0;
  std::size_t block_used_ = 0;
};

}  // namespace ggen::hash
