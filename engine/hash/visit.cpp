// SPDX-License-Identifier: MIT
#include "hash/visit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "hash/path_key.h"
#include "hash/sha256.h"

namespace ggen::hash {

namespace {

bool is_gone(int code) { return code == ENOENT || code == ENOTDIR; }

struct RawName {
  std::size_t at;  // in the names
  std::uint16_t size;
  EntryType type;
};

EntryType type_of_entry(int fd, const char* name, unsigned char type) {
  switch (type) {
    case DT_REG: return EntryType::file;
    case DT_DIR: return EntryType::directory;
    case DT_LNK: return EntryType::link;
    case DT_UNKNOWN: break;
    default: return EntryType::other;
  }
  struct stat info {};
  if (::fstatat(fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return EntryType::missing;
  return type_of_mode(info.st_mode);
}

// Appends the names of the directory; returns an errno value.
int read_names(int fd, std::string& names, std::vector<RawName>& list) {
  struct Dirent {  // struct linux_dirent64
    ino64_t ino;
    off64_t offset;
    unsigned short size;
    unsigned char type;
    char name[1];
  };
  alignas(Dirent) thread_local char block[32768];
  if (::lseek(fd, 0, SEEK_SET) < 0) return errno;
  for (;;) {
    const long count = ::syscall(SYS_getdents64, fd, block, sizeof block);
    if (count < 0) return errno;
    if (count == 0) return 0;
    for (long at = 0; at < count;) {
      const auto* entry = reinterpret_cast<const Dirent*>(block + at);
      at += entry->size;
      const std::string_view name(entry->name);
      if (name == "." || name == "..") continue;
      const EntryType type = type_of_entry(fd, entry->name, entry->type);
      if (type == EntryType::missing) continue;
      list.push_back({names.size(), static_cast<std::uint16_t>(name.size()), type});
      names += name;
    }
  }
}

}  // namespace

void Problems::add(std::string_view key, Error error) {
  const std::lock_guard lock(mutex_);
  errors_.insert_or_assign(std::string(key), std::move(error));
}

void Problems::clear() {
  const std::lock_guard lock(mutex_);
  errors_.clear();
}

bool Problems::empty() const {
  const std::lock_guard lock(mutex_);
  return errors_.empty();
}

const Error* Problems::find(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto found = errors_.find(key);
  return found == errors_.end() ? nullptr : &found->second;
}

void VisitCounts::add(const VisitCounts& other) {
  lookups += other.lookups;
  hits += other.hits;
  files_hashed += other.files_hashed;
  bytes_hashed += other.bytes_hashed;
  dirs_listed += other.dirs_listed;
  dirs_reused += other.dirs_reused;
}

void hash_entry(int dir_fd, DirNode& node, std::size_t i, Problems& problems, VisitCounts& counts) {
  // Owned by now: edit() does not copy it.
  RecordEntry& entry = node.record.edit(i);
  const char* name = node.record.name(entry);
  auto result = entry.type == EntryType::link ? hash_link(dir_fd, name) : hash_file(dir_fd, name);
  if (!result) {
    entry.forget();
    if (result.error().kind == ErrorKind::not_found) {
      entry.type = EntryType::missing;
    } else {
      Error error = std::move(result).error();
      if (!node.key.empty()) error = std::move(error).with_context("in " + node.key);
      problems.add(join_key(node.key, name), std::move(error));
    }
    return;
  }
  entry.stamp = result->stamp;
  entry.digest = result->digest;
  entry.set(RecordEntry::kDigest, true);
  entry.set(RecordEntry::kRacy, result->racy);
  entry.set(RecordEntry::kQueued, false);
  ++counts.files_hashed;
  counts.bytes_hashed += result->stamp.size;
}

bool Visit::open(Purpose purpose) {
  if (fd_ && (purpose == Purpose::names || opened_for_ == Purpose::listing)) return true;
  if (node_.gone == mode_.tick || node_.failed == mode_.tick) return false;
  opened_for_ = purpose;
  // To stat what is in it, a directory need not be readable.
  const int flags = O_DIRECTORY | O_CLOEXEC | (purpose == Purpose::listing ? O_RDONLY : O_PATH) |
                    (found_ == Found::by_walk ? O_NOFOLLOW : 0);
  fd_.reset(::openat(root_fd_, node_.key.empty() ? "." : node_.key.c_str(), flags));
  if (fd_) return true;
  return gone_or_failed(errno, "open");
}

bool Visit::gone_or_failed(int code, const char* action) {
  // ELOOP: a link, where none is followed or it leads to itself.
  if (is_gone(code) || code == ELOOP) {
    node_.gone = mode_.tick;
    node_.listed = node_.verified = node_.ruled = 0;
    std::vector<DirRecord::Item> nothing;
    if (node_.record.head().entries > 0 || node_.record.head().listed()) {
      node_.rebuild(nothing);
      node_.edit_head().dir = {};
    }
  } else {
    node_.failed = mode_.tick;
    const std::string key = node_.key.empty() ? "." : node_.key;
    problems_.add(node_.key, Error::from_errno(code, std::string(action) + " " + key));
  }
  return false;
}

bool Visit::list() {
  if (node_.listed >= mode_.since) return true;
  if (node_.verified >= mode_.since && node_.record.head().listed()) {
    node_.listed = node_.verified;
    ++counts_.dirs_reused;
    return true;
  }
  if (!open(Purpose::listing)) return false;
  const std::int64_t before = coarse_now_ns();
  struct stat info {};
  if (::fstat(fd_.get(), &info) != 0) return gone_or_failed(errno, "stat");
  const Stamp dir = Stamp::of(info);
  const RecordHead& head = node_.record.head();
  if (head.listed() && head.dir == dir && head.racy == 0) {
    ++counts_.dirs_reused;
  } else if (!fill(dir, before)) {
    return false;
  }
  node_.listed = mode_.tick;
  return true;
}

bool Visit::fill(const Stamp& dir, std::int64_t before) {
  thread_local std::string names;
  thread_local std::vector<RawName> list;
  thread_local std::vector<DirRecord::Item> items;
  names.clear();
  list.clear();
  items.clear();
  if (const int code = read_names(fd_.get(), names, list); code != 0) {
    return gone_or_failed(code, "list");
  }
  ++counts_.dirs_listed;
  std::size_t kept = 0;
  for (const RawName& raw : list) {
    DirRecord::Item item{{names.data() + raw.at, raw.size}, {}};
    const std::size_t old = node_.record.find(item.name);
    if (old != DirRecord::npos && node_.record[old].type == raw.type) {
      item.entry = node_.record[old];
      ++kept;
    } else {
      item.entry.type = raw.type;
    }
    items.push_back(item);
  }
  const auto known = node_.record.entries();
  const auto present = std::count_if(known.begin(), known.end(), [](const RecordEntry& entry) {
    return entry.type != EntryType::missing;
  });
  const bool moved = node_.record.head().listed() && node_.record.head().dir != dir;
  if (moved && kept == list.size() && kept == static_cast<std::size_t>(present))
    node_.stirred = mode_.tick;
  RecordHead& head = node_.edit_head();
  head.dir = dir;
  head.racy = is_racy(dir.ctime_ns, before) ? 1 : 0;
  head.rules = 0;
  node_.rebuild(items);
  return true;
}

// False: it cannot be told.
bool Visit::stat(std::size_t i) {
  const RecordEntry& entry = node_.record[i];
  const std::int64_t before = coarse_now_ns();
  struct stat info {};
  if (::fstatat(fd_.get(), node_.record.name(entry), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    const int code = errno;
    if (!is_gone(code)) {
      const std::string key = join_key(node_.key, node_.record.name_view(entry));
      problems_.add(key, Error::from_errno(code, "stat " + key));
      node_.edit(i).forget();
      return false;
    }
    if (entry.type != EntryType::missing || entry.has(RecordEntry::kDigest)) {
      RecordEntry& changed = node_.edit(i);
      changed.forget();
      changed.type = EntryType::missing;
    }
    return true;
  }
  const EntryType type = type_of_mode(info.st_mode);
  if (type == EntryType::file || type == EntryType::link) {
    const Stamp stamp = Stamp::of(info);
    if (entry.type == type && entry.stamp == stamp && !entry.has(RecordEntry::kRacy)) return true;
    RecordEntry& changed = node_.edit(i);
    changed.forget();
    changed.type = type;
    changed.stamp = stamp;
    changed.set(RecordEntry::kRacy, is_racy(stamp.ctime_ns, before));
  } else if (entry.type != type) {
    RecordEntry& changed = node_.edit(i);
    changed.forget();
    changed.type = type;
  }
  return true;
}

bool Visit::look(std::size_t i, Want want, std::vector<HashItem>& unhashed) {
  if (node_.ticks.empty()) node_.ticks.assign(node_.record.head().entries, 0);
  const RecordEntry* entry = &node_.record[i];
  const bool hash = mode_.hash && want == Want::digest;
  // Looked at by this walk already, but for another set perhaps, that did not want the digest.
  const bool again = node_.ticks[i] == mode_.tick;
  if (again && (!hash || entry->has(RecordEntry::kDigest) || entry->has(RecordEntry::kQueued))) {
    return true;
  }
  const bool tracked = entry->has(RecordEntry::kTracked);
  const bool fresh = node_.ticks[i] >= mode_.since || (tracked && node_.verified >= mode_.since);
  bool known = true;
  const bool unseen = hash && entry->stamp.ino == 0 && !entry->has(RecordEntry::kDigest) &&
                      node_.listed == mode_.tick &&
                      (entry->type == EntryType::file || entry->type == EntryType::link);
  // Hashing stats it anyway.
  if (!fresh && !unseen) {
    if (!open(Purpose::names)) return false;
    known = stat(i);
  }
  // What could not be told is asked again by the next walk.
  node_.ticks[i] = known ? mode_.tick : 1;
  if (!tracked) node_.edit(i).set(RecordEntry::kTracked, true);
  entry = &node_.record[i];
  if (!known || (entry->type != EntryType::file && entry->type != EntryType::link)) return true;
  if (!again) ++counts_.lookups;
  if (entry->has(RecordEntry::kDigest)) {
    if (!again) ++counts_.hits;
  } else if (hash) {
    node_.edit(i).set(RecordEntry::kQueued, true);
    unhashed.push_back({&node_, static_cast<std::uint32_t>(i)});
  }
  return true;
}

bool Visit::look_at(std::span<const std::string_view> names, Want want,
                    std::vector<HashItem>& unhashed) {
  std::vector<std::string_view> fresh;
  const bool listed = node_.listed >= mode_.since ||
                      (node_.verified >= mode_.since && node_.record.head().listed());
  for (const std::string_view name : names) {
    if (node_.record.find(name) == DirRecord::npos) fresh.push_back(name);
  }
  std::sort(fresh.begin(), fresh.end());
  fresh.erase(std::unique(fresh.begin(), fresh.end()), fresh.end());
  // In a listing that is right, what is not there is missing.
  if (!fresh.empty() && !listed) {
    if (!open(Purpose::names)) return false;
    std::vector<DirRecord::Item> items;
    items.reserve(node_.record.head().entries + fresh.size());
    for (const RecordEntry& entry : node_.record.entries()) {
      items.push_back({node_.record.name_view(entry), entry});
    }
    for (const std::string_view name : fresh) items.push_back({name, {}});
    node_.rebuild(items);
    if (node_.record.head().rules != 0) node_.edit_head().rules = 0;
  }
  for (const std::string_view name : names) {
    const std::size_t i = node_.record.find(name);
    if (i != DirRecord::npos && !look(i, want, unhashed)) return false;
  }
  return true;
}

std::size_t Visit::read_now(std::string_view name) {
  std::vector<HashItem> unhashed;
  if (!look_at(std::span(&name, 1), Want::digest, unhashed)) return DirRecord::npos;
  const std::size_t i = node_.record.find(name);
  if (i == DirRecord::npos || node_.record[i].type != EntryType::file) return DirRecord::npos;
  if (!node_.record[i].has(RecordEntry::kDigest)) {
    if (!open(Purpose::names)) return DirRecord::npos;
    node_.edit_head();
    hash_entry(fd_.get(), node_, i, problems_, counts_);
  }
  return node_.record[i].has(RecordEntry::kDigest) ? i : DirRecord::npos;
}

RulesPtr Visit::rules(const RulesPtr& above) {
  if (node_.ruled >= mode_.since && node_.rules) return node_.rules;
  node_.rules = above;
  if (above->sum() != Rules::everything()->sum() && !is_outside(node_.key)) {
    std::vector<Rules::Source> sources;
    for (const std::string_view name : Rules::kFiles) {
      const std::size_t i = read_now(name);
      if (i == DirRecord::npos) continue;
      sources.push_back({join_key(node_.key, name), node_.record[i].digest});
    }
    if (!sources.empty()) {
      node_.rules =
          std::make_shared<const Rules>(above, node_.key, "", root_fd_, std::move(sources));
    }
  }
  node_.ruled = mode_.tick;
  return node_.rules;
}

void Visit::decide(const Rules& rules) {
  if (node_.record.head().rules == rules.sum()) return;
  std::string key = node_.key;
  if (!key.empty() && !key.ends_with('/')) key.push_back('/');
  const std::size_t prefix = key.size();
  for (std::size_t i = 0; i < node_.record.head().entries; ++i) {
    const RecordEntry& entry = node_.record[i];
    key.resize(prefix);
    key += node_.record.name_view(entry);
    const bool ignored = rules.ignores(key, entry.type == EntryType::directory);
    node_.edit(i).set(RecordEntry::kIgnored, ignored);
  }
  node_.edit_head().rules = rules.torn() ? 0 : rules.sum();
}

}  // namespace ggen::hash
