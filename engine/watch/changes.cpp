// SPDX-License-Identifier: MIT
#include "watch/changes.h"

#include <algorithm>

#include "base/bug.h"
#include "hash/checksum.h"

namespace ggen::watch {

namespace {
// More than this is not kept for the next time.
constexpr std::size_t kKeptEntries = 200'000;
}  // namespace

std::string_view change_name(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::changed: return "changed";
    case ChangeKind::created: return "created";
    case ChangeKind::removed: return "removed";
  }
  report_bug(__FILE__, __LINE__, "a kind of change without a name");
}

std::size_t Changes::slot_of(std::uint64_t sum, std::string_view name) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = sum & mask;; at = (at + 1) & mask) {
    if (slots_[at] == 0) return at;
    const Entry& entry = entries_[slots_[at] - 1];
    if (entry.sum == sum && path(entry) == name) return at;
  }
}

void Changes::grow() {
  slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, 0);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    slots_[slot_of(entries_[i].sum, path(entries_[i]))] = static_cast<std::uint32_t>(i + 1);
  }
}

bool Changes::add(std::string_view dir, std::string_view name, ChangeKind kind, bool existed,
                  bool directory, double time) {
  if (entries_.size() * 2 >= slots_.size()) grow();
  // Written where it will stay, should it be new.
  const std::size_t at = paths_.size();
  paths_ += dir;
  if (!dir.empty() && !dir.ends_with('/')) paths_ += '/';
  paths_ += name;
  const std::string_view whole = std::string_view(paths_).substr(at);
  const std::uint64_t sum = hash::checksum(whole);
  std::uint32_t& slot = slots_[slot_of(sum, whole)];
  const bool fresh = slot == 0;
  if (fresh) {
    Entry entry;
    entry.sum = sum;
    entry.at = static_cast<std::uint32_t>(at);
    entry.size = static_cast<std::uint32_t>(whole.size());
    entry.existed = existed;
    entry.was_directory = existed && directory;
    entries_.push_back(entry);
    slot = static_cast<std::uint32_t>(entries_.size());
  } else {
    paths_.resize(at);
  }
  last_ = slot - 1;
  Entry& entry = entries_[last_];
  const bool judge = fresh || entry.directory != directory;
  entry.exists = kind != ChangeKind::removed;
  entry.directory = directory;
  entry.time = time;
  entry.turn = turn_;
  return judge;
}

void Changes::moved_away(std::string_view dir) {
  const auto known = moved_.find(dir);
  if (known != moved_.end()) {
    known->second = ++turn_;
  } else {
    moved_.emplace(dir, ++turn_);
  }
}

// Whether a directory above it was moved away since.
bool Changes::is_moved(const Entry& entry) const {
  if (entry.turn == turn_) return false;
  std::string_view dir = path(entry);
  for (std::size_t slash = dir.rfind('/'); slash != std::string_view::npos && slash > 0;
       slash = dir.rfind('/')) {
    dir = dir.substr(0, slash);
    const auto moved = moved_.find(dir);
    if (moved != moved_.end() && moved->second > entry.turn) return true;
  }
  return false;
}

void Changes::judge(const std::function<bool(std::string_view, bool)>& ignored) {
  for (Entry& entry : entries_) entry.ignored = ignored(path(entry), entry.directory);
}

bool Changes::each(const std::function<void(const Change&)>& visit) const {
  bool any = false;
  for (const Entry& entry : entries_) {
    const bool exists = entry.exists && !is_moved(entry);
    if (!exists && !entry.existed) continue;
    any = true;
    if (!visit) break;
    const ChangeKind kind = !exists         ? ChangeKind::removed
                            : entry.existed ? ChangeKind::changed
                                            : ChangeKind::created;
    const bool directory = entry.was_directory || (exists && entry.directory);
    visit({path(entry), kind, entry.ignored, directory, entry.time});
  }
  return any;
}

void Changes::clear() {
  if (entries_.size() > kKeptEntries) {
    *this = Changes();
    return;
  }
  paths_.clear();
  entries_.clear();
  moved_.clear();
  std::fill(slots_.begin(), slots_.end(), 0);
  turn_ = 0;
  overflow = false;
}

}  // namespace ggen::watch
