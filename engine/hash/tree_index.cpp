// The half of Tree that outlives the run: what the index remembers is verified, and written again.
// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "hash/path_key.h"
#include "hash/traversal.h"
#include "hash/tree_impl.h"

namespace ggen::hash {

namespace {

// What a thread takes of the directories at once, and of the entries of a large one.
constexpr std::size_t kDirs = 4;
constexpr std::uint32_t kEntries = 2048;
// More racy files than this are left to the next run to hash.
constexpr std::size_t kMaxRacyFiles = 4096;
constexpr std::uint64_t kMaxRacyBytes = 32 * 1024 * 1024;

// Whether a tracked entry is as recorded: nothing but a stat.
bool is_unmoved(int dir_fd, const char* name, const RecordEntry& entry) {
  struct stat info {};
  if (::fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return entry.type == EntryType::missing && (errno == ENOENT || errno == ENOTDIR);
  }
  switch (entry.type) {
    case EntryType::file:
    case EntryType::link: return Stamp::of(info) == entry.stamp;
    case EntryType::directory:
    case EntryType::other: return type_of_mode(info.st_mode) == entry.type;
    case EntryType::missing: return false;
  }
  return false;
}

// A part of a directory's entries, so that a large directory is not left to one thread.
struct Slice {
  std::uint32_t item;
  std::uint32_t first;
};

}  // namespace

Result<void> Tree::Impl::open() {
  GGEN_TRY(index.open(index_file));
  if (!index.damage().empty()) {
    warnings.push_back("the file index " + index_file + " is " + index.damage() +
                       ": everything is hashed again");
  }
  return {};
}

void Tree::Impl::drop_damaged() {
  if (index.dirs().empty() && index.notes().empty()) return;
  warnings.push_back("the file index " + index_file + " is damaged: what it remembers is not used");
  // A part that cannot be read may have tracked anything: nothing that is left says "unmoved".
  index.drop();
  notes_changed = true;
}

bool Tree::Impl::verify_all() {
  GGEN_BUG_IF(!nodes.all().empty(), "verify_all() comes first");
  if (!root_fd || index.dirs().empty()) return false;
  const auto dirs = index.dirs();
  const Tick now = ++tick;
  std::vector<Slice> slices;
  slices.reserve(dirs.size());
  for (std::uint32_t i = 0; i < dirs.size(); ++i) {
    std::uint32_t first = 0;
    if (dirs[i].watched == 0) continue;
    do {
      slices.push_back({i, first});
      first += kEntries;
    } while (first < dirs[i].entries);
  }
  std::vector<std::uint8_t> moved(dirs.size(), 0);
  dir_gone.assign(dirs.size(), 0);
  std::atomic<bool> damaged{false};
  pool.split(slices.size(), kDirs, [&](std::size_t begin, std::size_t end) {
    for (std::size_t s = begin; s < end; ++s) {
      const FileItem& item = dirs[slices[s].item];
      const auto record = index.record(item);
      if (!record) {
        damaged = true;
        return;
      }
      const char* key = index.name(item);
      const Fd dir(
          ::openat(root_fd.get(), *key == '\0' ? "." : key, O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (!dir && slices[s].first == 0) dir_gone[slices[s].item] = 1;
      const RecordHead& head = record->head();
      bool same = static_cast<bool>(dir);
      if (same && slices[s].first == 0 && (head.listed() || head.racy != 0)) {
        struct stat info {};
        same = head.racy == 0 && ::fstat(dir.get(), &info) == 0 && Stamp::of(info) == head.dir;
      }
      const std::uint32_t last = std::min(head.entries, slices[s].first + kEntries);
      for (std::uint32_t i = slices[s].first; same && i < last; ++i) {
        const RecordEntry& entry = (*record)[i];
        if (!entry.has(RecordEntry::kTracked)) continue;
        same = !entry.has(RecordEntry::kRacy) && is_unmoved(dir.get(), record->name(entry), entry);
      }
      if (!same) std::atomic_ref(moved[slices[s].item]).store(1, std::memory_order_relaxed);
    }
  });
  if (damaged) {
    drop_damaged();
    return false;
  }
  nodes.verified.assign(dirs.size(), 0);
  bool all = true;
  for (std::size_t i = 0; i < dirs.size(); ++i) {
    if (dirs[i].watched == 0) continue;
    if (moved[i] == 0)
      nodes.verified[i] = now;
    else
      moved_at_first.emplace_back(index.name(dirs[i]), dirs[i].name_size);
    all = all && moved[i] == 0;
  }
  verified = all;
  return all;
}

void Tree::Impl::take_in_learned() {
  if (learned.empty()) return;
  std::stable_sort(learned.begin(), learned.end(), [](const Learned& a, const Learned& b) {
    return split_key(a.key) < split_key(b.key);
  });
  for (std::size_t first = 0; first < learned.size();) {
    const std::string_view dir = split_key(learned[first].key).first;
    std::size_t last = first;
    while (last < learned.size() && split_key(learned[last].key).first == dir) ++last;
    DirNode& node = nodes.get(dir);
    std::vector<DirRecord::Item> items;
    for (const RecordEntry& entry : node.record.entries()) {
      items.push_back({node.record.name_view(entry), entry});
    }
    std::string_view before;
    for (std::size_t i = first; i < last; ++i) {
      const std::string_view name = split_key(learned[i].key).second;
      if (name != before && node.record.find(name) == DirRecord::npos) items.push_back({name, {}});
      before = name;
    }
    if (items.size() > node.record.head().entries) {
      node.rebuild(items);
      node.edit_head().rules = 0;
    }
    if (node.ticks.empty()) node.ticks.assign(node.record.head().entries, 0);
    for (; first < last; ++first) {
      const std::size_t i = node.record.find(split_key(learned[first].key).second);
      RecordEntry& entry = node.edit(i);
      const EntryType type = type_of_mode(learned[first].stamp.mode);
      if (entry.type != type) node.edit_head().rules = 0;
      entry.type = type;
      entry.stamp = learned[first].stamp;
      entry.digest = learned[first].digest;
      entry.set(RecordEntry::kDigest, true);
      entry.set(RecordEntry::kTracked, true);
      // Who wrote it has just done so: it is as racy as can be.
      entry.set(RecordEntry::kRacy, true);
      node.ticks[i] = tick;
    }
  }
  learned.clear();
}

// Gives racy stamps the chance to be written as they are: the tick is over by now, mostly. Takes
// nothing new in, because the notes speak of what was there before.
void Tree::Impl::settle_before_save() {
  struct Racy {
    DirNode* node;
    std::uint32_t entry;
  };
  std::vector<Racy> racy;
  std::uint64_t bytes = 0;
  std::int64_t youngest = 0;
  for (DirNode& node : nodes.all()) {
    if (!node.dirty) continue;
    for (std::uint32_t i = 0; i < node.record.head().entries; ++i) {
      const RecordEntry& entry = node.record[i];
      if (!entry.has(RecordEntry::kRacy)) continue;
      racy.push_back({&node, i});
      if (entry.has(RecordEntry::kDigest)) bytes += entry.stamp.size;
      youngest = std::max(youngest, entry.stamp.ctime_ns);
    }
    if (node.record.head().racy != 0)
      youngest = std::max(youngest, node.record.head().dir.ctime_ns);
  }
  if (youngest == 0 || racy.size() > kMaxRacyFiles || bytes > kMaxRacyBytes) return;
  wait_out_tick(youngest);
  pool.split(racy.size(), 32, [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      DirNode& node = *racy[i].node;
      RecordEntry& entry = node.record.edit(racy[i].entry);
      const std::string key = join_key(node.key, node.record.name_view(entry));
      if (!entry.has(RecordEntry::kDigest)) {
        // Only its stamp counts: it is enough that it is still the same after the tick.
        const std::int64_t before = coarse_now_ns();
        if (is_unmoved(root_fd.get(), key.c_str(), entry)) {
          entry.set(RecordEntry::kRacy, is_racy(entry.stamp.ctime_ns, before));
        }
        continue;
      }
      auto again = entry.type == EntryType::link ? hash_link(root_fd.get(), key.c_str())
                                                 : hash_file(root_fd.get(), key.c_str());
      if (again && !again->racy && again->stamp == entry.stamp && again->digest == entry.digest) {
        entry.set(RecordEntry::kRacy, false);
      }
    }
  });
  for (DirNode& node : nodes.all()) {
    if (node.dirty && node.record.head().racy != 0) settle_listing(node);
  }
}

void Tree::Impl::settle_listing(DirNode& node) {
  // Listed once more, into a node of its own: the same names and kinds under the same stamp.
  DirNode again;
  again.key = node.key;
  Problems problems;
  VisitCounts counts;
  const WalkMode mode{tick, tick, false};
  Visit visit(root_fd.get(), again, mode, problems, counts, Visit::Found::by_name);
  if (!visit.list()) return;
  const RecordHead& head = again.record.head();
  if (head.racy != 0 || head.dir != node.record.head().dir) return;
  std::size_t at = 0;
  for (const RecordEntry& entry : node.record.entries()) {
    if (entry.type == EntryType::missing) continue;
    if (at == head.entries || again.record[at].type != entry.type ||
        again.record.name_view(again.record[at]) != node.record.name_view(entry)) {
      return;
    }
    ++at;
  }
  if (at == head.entries) node.edit_head().racy = 0;
}

bool Tree::Impl::is_intact(const DirNode& node) const {
  if (!node.dirty) return true;
  const std::size_t item = index.find(node.key);
  if (item == DirRecord::npos) return true;
  const auto old = index.record(index.dirs()[item]);
  if (!old) return false;
  if (old->head().listed() && old->head().dir != node.record.head().dir) return false;
  return std::all_of(old->entries().begin(), old->entries().end(), [&](const RecordEntry& before) {
    if (!before.has(RecordEntry::kTracked)) return true;
    const std::size_t i = node.record.find(old->name_view(before));
    if (i == DirRecord::npos) return before.type == EntryType::missing;
    const RecordEntry& now = node.record[i];
    return now.type == before.type && now.stamp == before.stamp && now.digest == before.digest;
  });
}

const MovedDirs* Tree::Impl::moved() {
  // Of a damaged index nothing is relied upon.
  if (nodes.verified.empty() || index.dirs().empty() || !learned.empty()) return nullptr;
  if (moved_tick != tick) {
    std::vector<std::string> keys = moved_at_first;
    for (const DirNode& node : nodes.all()) {
      if (!is_intact(node)) keys.push_back(node.key);
    }
    moved_dirs = MovedDirs(std::move(keys));
    moved_tick = tick;
  }
  return &moved_dirs;
}

bool Tree::Impl::intact() const {
  return verified && std::all_of(nodes.all().begin(), nodes.all().end(),
                                 [&](const DirNode& node) { return is_intact(node); });
}

void Tree::Impl::untrack(DirNode& node) const {
  if (node.verified != 0) return;
  if (node.listed == 0 && node.record.head().listed()) {
    node.edit_head().dir = {};
    node.edit_head().racy = 0;
  }
  for (std::size_t i = 0; i < node.record.head().entries; ++i) {
    const bool wanted = !node.ticks.empty() && node.ticks[i] != 0;
    if (!wanted && node.record[i].has(RecordEntry::kTracked)) {
      node.edit(i).set(RecordEntry::kTracked, false);
    }
  }
}

std::optional<std::string_view> Tree::Impl::note(std::string_view name) {
  if (const auto found = notes.find(name); found != notes.end()) return found->second;
  for (const FileItem& item : index.notes()) {
    if (std::string_view(index.name(item), item.name_size) != name) continue;
    const auto bytes = index.note(item);
    if (!bytes) drop_damaged();
    return bytes;
  }
  return {};
}

Result<void> Tree::Impl::save() {
  take_in_learned();
  const bool keep = intact();
  if (!keep) {
    for (DirNode& node : nodes.all()) untrack(node);
  }
  std::vector<FileIndex::Part> dirs;
  std::vector<FileIndex::Part> kept;
  bool changed = notes_changed || !index.damage().empty();
  for (const DirNode& node : nodes.all()) changed = changed || node.unsaved;
  if (verified && !changed) return {};
  std::vector<bool> used(index.dirs().size(), false);
  for (const DirNode& node : nodes.all()) {
    const std::size_t i = index.find(node.key);
    if (i != DirRecord::npos) used[i] = true;
  }
  dirs.reserve(used.size() + nodes.all().size());
  for (std::size_t i = 0; i < index.dirs().size(); ++i) {
    if (used[i]) continue;
    const FileItem& item = index.dirs()[i];
    const std::string_view key(index.name(item), item.name_size);
    // Nobody has used it in this run: it stays as it is, damage included, or goes.
    const bool unmoved = nodes.verified.empty() || nodes.verified[i] != 0;
    const bool gone = !unmoved && dir_gone[i] != 0;
    const bool watched = item.watched != 0 && unmoved;
    changed = changed || gone || watched != (item.watched != 0);
    FileIndex::Part& part = dirs.emplace_back();
    if (gone) {
      part.name = key;
      part.gone = true;
      continue;
    }
    part = {key, index.bytes(item), item.entries, watched, false, false, item.checksum};
    part.as_before = !FileIndex::is_change(item) && watched == (item.watched != 0);
  }
  if (!changed) return {};
  settle_before_save();

  std::deque<DirRecord> copies;
  for (DirNode& node : nodes.all()) {
    const DirRecord& record = saved_form(node, copies);
    const auto entries = record.entries();
    const bool watched = record.head().listed() || record.head().racy != 0 ||
                         std::any_of(entries.begin(), entries.end(), [](const RecordEntry& entry) {
                           return entry.has(RecordEntry::kTracked);
                         });
    FileIndex::Part& part = dirs.emplace_back();
    if (!watched && entries.empty()) {
      part.name = node.key;
      part.gone = true;
      continue;
    }
    part = {node.key, record.bytes(), record.head().entries, watched, false, false, {}};
    const std::size_t i = node.dirty ? DirRecord::npos : index.find(node.key);
    if (i == DirRecord::npos) continue;
    const FileItem& item = index.dirs()[i];
    part.as_before = !FileIndex::is_change(item) && watched == (item.watched != 0);
  }
  for (const FileItem& item : index.notes()) {
    const std::string_view name(index.name(item), item.name_size);
    if (keep && notes.find(name) == notes.end()) {
      kept.push_back({name, index.bytes(item), 0, false, false, false, item.checksum});
    }
  }
  for (const auto& [name, bytes] : notes) kept.push_back({name, bytes, 0, false, false, false, {}});
  GGEN_TRY(index.save(index_file, dirs, kept));
  for (DirNode& node : nodes.all()) node.unsaved = false;
  notes_changed = false;
  return {};
}

// A racy stamp is written as zero: equal to none.
const DirRecord& Tree::Impl::saved_form(const DirNode& node, std::deque<DirRecord>& copies) {
  const auto entries = node.record.entries();
  const bool racy = node.record.head().racy != 0 ||
                    std::any_of(entries.begin(), entries.end(), [](const RecordEntry& entry) {
                      return entry.has(RecordEntry::kRacy);
                    });
  if (!racy) return node.record;
  DirRecord& copy = copies.emplace_back(*DirRecord::view(node.record.bytes()));
  if (copy.head().racy != 0) copy.edit_head().dir = {};
  for (std::size_t i = 0; i < copy.head().entries; ++i) {
    if (copy[i].has(RecordEntry::kRacy)) copy.edit(i).forget();
  }
  return copy;
}

}  // namespace ggen::hash
