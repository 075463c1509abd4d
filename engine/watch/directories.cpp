// SPDX-License-Identifier: MIT
#include "watch/directories.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "hash/path_key.h"
#include "hash/rules_around.h"

namespace ggen::watch {

using hash::join_key;

namespace {

constexpr std::uint32_t kMask = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE |
                                IN_MOVED_FROM | IN_MOVED_TO | IN_EXCL_UNLINK | IN_ONLYDIR |
                                IN_MASK_ADD;
constexpr std::uint32_t kStartMask = kMask | IN_DELETE_SELF | IN_MOVE_SELF;

bool has(const std::vector<std::string>& sorted, std::string_view key) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), key);
  return at != sorted.end() && *at == key;
}

bool has_below(const std::vector<std::string>& sorted, std::string_view key) {
  if (sorted.empty()) return false;
  const std::string prefix = join_key(key, "");
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), prefix);
  return at != sorted.end() && at->starts_with(prefix);
}

bool is_ours(std::string_view name) { return name == ".git" || name == ".ggen"; }

// Gone, or something else by now: an event has told so, or will.
bool is_over(ErrorKind kind) { return kind == ErrorKind::not_found; }

}  // namespace

Result<Directories> Directories::open(std::string root, std::vector<std::string> also,
                                      std::vector<std::string> skip) {
  Directories dirs;
  struct stat info {};
  if (::stat(root.c_str(), &info) != 0) return Error::from_errno(errno, "watch " + root);
  if (!S_ISDIR(info.st_mode)) return Error::from_errno(ENOTDIR, "watch " + root);
  dirs.device_ = info.st_dev;
  dirs.inode_ = info.st_ino;
  dirs.root_ = std::move(root);
  dirs.also_ = std::move(also);
  dirs.skip_ = std::move(skip);
  std::sort(dirs.also_.begin(), dirs.also_.end());
  std::sort(dirs.skip_.begin(), dirs.skip_.end());
  return dirs;
}

bool Directories::is_asked(std::string_view key) const { return has(also_, key); }
bool Directories::is_on_way(std::string_view key) const { return has_below(also_, key); }
bool Directories::is_skipped(std::string_view key) const { return has(skip_, key); }
bool Directories::is_rule_file(std::string_view key) const { return has(rule_files_, key); }

bool Directories::is_ignored(const Directory& in, std::string_view key, bool directory) const {
  return in.mode == Mode::ruled && in.rules->ignores(key, directory) && !is_asked(key);
}

bool Directories::is_ignored(std::string_view key, bool directory) {
  // Below a directory that is not watched any more, that one decides.
  for (std::string_view dir = key; !dir.empty(); directory = true) {
    const std::string_view at = dir;
    dir = hash::split_key(dir).first;
    if (const Directory* in = find(dir)) return is_ignored(*in, at, directory);
  }
  return false;
}

std::string Directories::path_of(std::string_view key) const {
  if (key.empty()) return root_;
  return key.starts_with('/') ? std::string(key) : join_key(root_, key);
}

Directory* Directories::find(int watch) const {
  const auto at = by_watch_.find(watch);
  return at == by_watch_.end() ? nullptr : at->second;
}

Directory* Directories::find(std::string_view key) {
  const auto at = dirs_.find(key);
  return at == dirs_.end() ? nullptr : &at->second;
}

// How a name of a directory is to be watched.
Mode Directories::mode_of(const Directory& in, std::string_view key, FileType type) const {
  const bool link = type == FileType::link;
  if (type != FileType::directory && !link) return Mode::none;
  if (link && also_.empty()) return Mode::none;
  const std::string_view name = hash::split_key(key).second;
  if (name == ".ggen" || is_skipped(key)) return Mode::none;
  const bool ours = is_ours(name);
  const bool asked = !also_.empty() && is_asked(key);
  const bool on_way = !also_.empty() && !asked && is_on_way(key);
  // A link is followed only where somebody named it.
  if (link && !asked && !on_way) return Mode::none;
  switch (in.mode) {
    case Mode::none: break;
    case Mode::free:
      if (!ours) return Mode::free;
      [[fallthrough]];
    case Mode::way: return asked ? Mode::free : on_way ? Mode::way : Mode::none;
    case Mode::ruled:
      if (!in.rules->ignores(key, !link)) return Mode::ruled;
      return asked ? Mode::free : on_way ? Mode::way : Mode::none;
  }
  return Mode::none;
}

void Directories::consider(const Directory& in, std::string_view name, FileType type,
                           std::vector<Job>& jobs) {
  if (type != FileType::directory && type != FileType::link) return;
  std::string key = join_key(in.key, name);
  const Mode mode = mode_of(in, key, type);
  if (mode == Mode::none) return;
  jobs.push_back(
      {std::move(key), mode, mode == Mode::ruled ? in.rules : nullptr, type == FileType::link});
}

Directory& Directories::insert(const Job& job, int watch) {
  const auto at = dirs_.try_emplace(job.key).first;
  Directory& dir = at->second;
  dir.key = at->first;
  dir.watch = watch;
  dir.mode = job.mode;
  dir.start = job.start;
  dir.skips = has_below(skip_, job.key);
  Directory*& first = by_watch_[watch];
  dir.twin = first;
  first = &dir;
  return dir;
}

void Directories::unlink(Directory& dir) {
  const auto at = by_watch_.find(dir.watch);
  Directory** link = &at->second;
  while (*link != &dir) link = &(*link)->twin;
  *link = dir.twin;
  if (at->second != nullptr) return;
  inotify_->remove(dir.watch);
  by_watch_.erase(at);
}

void Directories::vanished(std::string_view key) {
  const auto at = dirs_.find(key);
  if (at == dirs_.end()) return;
  unlink(at->second);
  // Those below are not always the next ones: "a" < "a-b" < "a/b".
  const std::string prefix = join_key(at->first, "");
  dirs_.erase(at);
  auto below = dirs_.lower_bound(prefix);
  while (below != dirs_.end() && below->first.starts_with(prefix)) {
    unlink(below->second);
    below = dirs_.erase(below);
  }
}

Error Directories::gone() const {
  return {ErrorKind::not_found, "watch " + root_ + ": the directory was removed or moved away"};
}

Result<void> Directories::open_all(Inotify& inotify) {
  dirs_.clear();
  by_watch_.clear();
  inotify_ = &inotify;
  struct stat info {};
  if (::stat(root_.c_str(), &info) != 0 || info.st_dev != device_ || info.st_ino != inode_) {
    return gone();
  }
  around_ = hash::rules_around(root_);
  rule_files_ = around_->files();
  std::sort(rule_files_.begin(), rule_files_.end());
  std::vector<Job> jobs{{"", Mode::ruled, around_, true, true}};
  GGEN_TRY(work(jobs, {}));
  if (dirs_.empty()) return gone();
  return open_starts();
}

// What lies where no way leads from the root: outside of it, or in git's own directory.
Result<void> Directories::open_starts() {
  const auto open_parent = [&](std::string_view key) -> Result<void> {
    auto [dir, name] = hash::split_key(key);
    const auto is_there = [&] {
      struct stat info {};
      return ::stat(path_of(dir).c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    };
    // Up to what is there: the name in it on the way down is what will appear.
    while (!name.empty() && !is_there()) std::tie(dir, name) = hash::split_key(dir);
    if (find(dir) != nullptr) return {};
    const Mode mode = name.empty() ? Mode::free : Mode::way;
    std::vector<Job> jobs{{std::string(dir), mode, nullptr, true, true}};
    return work(jobs, {});
  };
  for (const std::string& key : also_) {
    if (hash::is_outside(key)) GGEN_TRY(open_parent(key));
  }
  for (const std::string& file : rule_files_) GGEN_TRY(open_parent(file));
  return {};
}

Result<void> Directories::appeared(Directory& in, std::string_view name, const Found& found) {
  const std::string key = join_key(in.key, name);
  struct stat info {};
  if (::lstat(path_of(key).c_str(), &info) != 0) return {};
  const FileType type = S_ISDIR(info.st_mode)   ? FileType::directory
                        : S_ISLNK(info.st_mode) ? FileType::link
                                                : FileType::other;
  std::vector<Job> jobs;
  consider(in, name, type, jobs);
  return work(jobs, found);
}

Result<void> Directories::work(std::vector<Job>& jobs, const Found& found) {
  while (!jobs.empty()) {
    const Job job = std::move(jobs.back());
    jobs.pop_back();
    GGEN_TRY(open_one(job, found, jobs));
  }
  return {};
}

Result<void> Directories::open_one(const Job& job, const Found& found, std::vector<Job>& jobs) {
  const std::string path = path_of(job.key);
  const std::uint32_t mask = (job.start ? kStartMask : kMask) | (job.follow ? 0 : IN_DONT_FOLLOW);
  auto watch = inotify_->add(path, mask);
  const Directory* known = find(job.key);
  if (watch && known != nullptr) {
    // Watched already: nothing of it was missed.
    if (known->watch == *watch && known->mode == job.mode) return {};
    // The one that was here went; its number may be that of the new one, which it takes along.
    vanished(job.key);
    watch = inotify_->add(path, mask);
  }
  if (!watch) {
    if (watch.error().kind == ErrorKind::limit) return std::move(watch).error();
    if (known != nullptr) vanished(job.key);
    if (!is_over(watch.error().kind)) {
      problems_.push_back(std::move(watch).error().with_context(path).message);
    }
    return {};
  }
  return list(insert(job, *watch), path, job.rules, found, jobs);
}

Result<void> Directories::list(Directory& dir, const std::string& path, const hash::RulesPtr& above,
                               const Found& found, std::vector<Job>& jobs) {
  auto entries = list_dir(path);
  if (dir.mode == Mode::ruled) dir.rules = above;
  if (!entries) {
    if (!is_over(entries.error().kind)) problems_.push_back(entries.error().message);
    return {};
  }
  if (dir.mode == Mode::ruled) {
    const bool own = std::any_of(entries->begin(), entries->end(), [](const DirEntry& entry) {
      return std::find(std::begin(hash::Rules::kFiles), std::end(hash::Rules::kFiles),
                       entry.name) != std::end(hash::Rules::kFiles);
    });
    if (own) dir.rules = hash::rules_with_own(above, root_, std::string(dir.key));
  }
  for (const DirEntry& entry : *entries) {
    if (found) {
      found(dir, entry.name, entry.type == FileType::directory);
    } else {
      dir.names.add(entry.name);
    }
    consider(dir, entry.name, entry.type, jobs);
  }
  return {};
}

Result<bool> Directories::look_again(std::vector<std::string> keys) {
  std::sort(keys.begin(), keys.end());
  bool changed = false;
  if (!keys.empty() && keys.front().empty()) {
    around_ = hash::rules_around(root_);
    rule_files_ = around_->files();
    std::sort(rule_files_.begin(), rule_files_.end());
    GGEN_TRY(open_starts());
  }
  std::vector<Job> jobs;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string key = keys[i];
    Directory* dir = find(key);
    if (dir == nullptr || dir->mode != Mode::ruled) continue;
    const Directory* parent = key.empty() ? nullptr : find(hash::split_key(key).first);
    auto rules = hash::rules_with_own(parent == nullptr ? around_ : parent->rules, root_, key);
    if (rules->sum() == dir->rules->sum() && !dir->rules->torn()) continue;
    changed = true;
    dir->rules = std::move(rules);
    auto entries = list_dir(path_of(key));
    if (!entries) continue;
    for (const DirEntry& entry : *entries) {
      if (entry.type != FileType::directory && entry.type != FileType::link) continue;
      const std::string below = join_key(key, entry.name);
      const Mode mode = mode_of(*dir, below, entry.type);
      const Directory* known = find(below);
      if (known != nullptr && known->mode == mode && mode == Mode::ruled) {
        keys.push_back(below);
        continue;
      }
      if (known != nullptr && known->mode == mode) continue;
      if (known != nullptr) vanished(below);
      consider(*dir, entry.name, entry.type, jobs);
    }
    GGEN_TRY(work(jobs, {}));
  }
  return changed;
}

}  // namespace ggen::watch
