// Goes through the entries of a set as the nodes have them, in the order of the keys' bytes. Reads
// memory only. Any number at once, while nobody changes the nodes.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hash/dir_node.h"
#include "hash/file_set.h"
#include "hash/set_list.h"
#include "hash/tree_digest.h"
#include "hash/visit.h"

namespace ggen::hash {

class Traversal {
 public:
  // `entry` is null for what is missing; `key` is valid during the call.
  using Emit = std::function<void(std::string_view key, EntryKind kind, const RecordEntry* entry)>;

  // `need_digests`: an entry without one is a problem.
  Traversal(const NodeTable& nodes, const Problems& problems, bool need_digests)
      : nodes_(nodes), problems_(problems), need_digests_(need_digests) {}

  // The first thing in the set that could not be read, if any; it stops there.
  std::unique_ptr<Error> run(const SetState& state, const Emit& emit);

  // Told of each directory whose names the answer comes from.
  std::function<void(const DirNode&)> on_directory;

  // What a key names, as it was looked at last.
  static const RecordEntry* find(const NodeTable& nodes, std::string_view key);

 private:
  void literal(const FileSet* set, std::string_view key, const Emit& emit);
  void directory(const FileSet& set, std::string_view key, const Emit& emit);
  void below(const DirNode& node, const FileSet& set, const DirView& view, const Emit& emit);
  void emit_file(std::string_view key, const RecordEntry& entry, const Emit& emit);
  void fail(std::string_view key, std::string_view otherwise);

  const NodeTable& nodes_;
  const Problems& problems_;
  const bool need_digests_;
  std::unique_ptr<Error> error_;
};

}  // namespace ggen::hash
