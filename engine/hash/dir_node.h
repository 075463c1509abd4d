// One directory of the tree in this run: its record, and when which part of it was looked at.
// Moments are ticks: a counter that goes up with every walk.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hash/dir_record.h"
#include "hash/file_index.h"
#include "hash/rules.h"

namespace ggen::hash {

using Tick = std::uint32_t;

struct DirNode {
  std::string key;
  DirRecord record;
  std::vector<Tick> ticks;  // for each entry: when it was last wanted; 0: never
  Tick verified = 0;        // when all that the record tracks was as recorded
  Tick listed = 0;          // when the listing was known to be right
  Tick gone = 0;            // when there was no such directory
  Tick failed = 0;          // when it could not be read
  Tick stirred = 0;         // when it had moved, and had the same names as before
  Tick ruled = 0;           // when `rules` were known to be right
  RulesPtr rules;           // for the names in it
  bool dirty = false;       // differs from the index as it was opened
  bool unsaved = false;     // differs from what was saved last

  // Replaces the entries; what is known of when they were wanted goes with the names.
  void rebuild(std::vector<DirRecord::Item>& items);
  RecordEntry& edit(std::size_t i) {
    dirty = unsaved = true;
    return record.edit(i);
  }
  RecordHead& edit_head() {
    dirty = unsaved = true;
    return record.edit_head();
  }
};

// The nodes by their keys. get() from any thread; the others while nobody calls it.
class NodeTable {
 public:
  explicit NodeTable(const FileIndex& index) : index_(index) {}

  // Made at first use, from the index if it has a record.
  DirNode& get(std::string_view key);
  DirNode* find(std::string_view key) const;
  std::deque<DirNode>& all() { return nodes_; }
  const std::deque<DirNode>& all() const { return nodes_; }

  // When verify_all() found an item of the index as recorded; empty before that.
  std::vector<Tick> verified;
  // Some record that was used did not have its checksum.
  bool damaged = false;

 private:
  const FileIndex& index_;
  std::mutex mutex_;
  std::deque<DirNode> nodes_;
  std::unordered_map<std::string_view, DirNode*> by_key_;
};

}  // namespace ggen::hash
