// SPDX-License-Identifier: MIT
#include "hash/dir_node.h"

namespace ggen::hash {

void DirNode::rebuild(std::vector<DirRecord::Item>& items) {
  const DirRecord old = std::move(record);
  const std::vector<Tick> old_ticks = std::move(ticks);
  record = DirRecord();
  record.edit_head() = old.head();
  record.rebuild(items);
  ticks.assign(items.size(), 0);
  if (!old_ticks.empty()) {
    // Both are sorted by name.
    std::size_t before = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string_view name = record.name_view(record[i]);
      while (before < old_ticks.size() && old.name_view(old[before]) < name) ++before;
      if (before < old_ticks.size() && old.name_view(old[before]) == name) {
        ticks[i] = old_ticks[before];
      }
    }
  }
  dirty = unsaved = true;
}

DirNode& NodeTable::get(std::string_view key) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end()) return *found->second;
  DirNode& node = nodes_.emplace_back();
  node.key = key;
  by_key_.emplace(node.key, &node);
  if (const std::size_t item = index_.find(key); item != DirRecord::npos) {
    if (auto record = index_.record(index_.dirs()[item])) {
      node.record = std::move(*record);
      if (!verified.empty()) node.verified = verified[item];
    } else {
      damaged = true;
      node.dirty = node.unsaved = true;
    }
  }
  return node;
}

DirNode* NodeTable::find(std::string_view key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second;
}

}  // namespace ggen::hash
