// What is behind a Tree. Split over tree.cpp (sets and their answers) and tree_index.cpp (what
// outlives the run).
// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "hash/file_index.h"
#include "hash/moved_dirs.h"
#include "hash/pool.h"
#include "hash/set_list.h"
#include "hash/tree.h"
#include "hash/walker.h"

namespace ggen::hash {

class Tree::Impl {
 public:
  Impl(std::string root, std::string index_file, unsigned threads);

  Result<void> open();
  bool verify_all();
  Result<void> save();
  bool intact() const;
  bool is_intact(const DirNode& node) const;
  // What moved since the index was written, as far as anybody has seen; nothing if that cannot be
  // told.
  const MovedDirs* moved();
  // Untracks what is not known to be as the index says and what nobody has looked at.
  void untrack(DirNode& node) const;
  void drop_damaged();

  // Walks for the sets as the mode says, and with digests makes the answers.
  Result<void> resolve(std::span<const SetId> ids, const WalkMode& mode);
  bool is_quick(std::span<const SetId> ids);
  void answer(SetState& state) const;
  std::uint64_t live_mark(const SetState& state, std::unique_ptr<Error>& problem) const;
  static std::uint64_t mark_of(std::uint64_t before, std::string_view key, EntryKind kind,
                               const Stamp& stamp);
  std::optional<std::string_view> note(std::string_view name);
  // Whether nobody is expected to write to the directory.
  bool is_quiet(const DirNode& node) const;
  // The youngest ctime of the set's racy entries and directories; 0: none is.
  std::int64_t racy_since(SetId id) const;
  Result<void> settle(std::span<const SetId> ids);
  void take_in_learned();
  void settle_before_save();
  void settle_listing(DirNode& node);
  static const DirRecord& saved_form(const DirNode& node, std::deque<DirRecord>& copies);

  WalkMode next_walk(bool hash) {
    ++tick;
    return {tick, since, hash};
  }

  struct Learned {
    std::string key;
    Stamp stamp;
    Digest digest;
  };

  const std::string root;
  const std::string index_file;
  Fd root_fd;
  int root_error = 0;
  FileIndex index;
  NodeTable nodes;
  Pool pool;
  Walker walker;
  SetList sets;
  Tick tick = 2;
  Tick since = 2;                           // this epoch's first tick
  bool verified = false;                    // verify_all() was true
  std::vector<std::uint8_t> dir_gone;       // of the index's directories, as verify_all() saw them
  std::vector<std::string> moved_at_first;  // as verify_all() saw it
  MovedDirs moved_dirs;
  Tick moved_tick = 0;                           // when moved_dirs was right; 0: never
  std::function<std::vector<SetSpec>()> writes;  // until somebody asks
  mutable std::optional<MovedDirs> written;
  bool notes_changed = false;
  std::vector<Learned> learned;
  std::map<std::string, std::string, std::less<>> notes;
  std::vector<std::string> warnings;
};

}  // namespace ggen::hash
