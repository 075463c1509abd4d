// restore() of cache/outputs.h: first a plan of what has to go and what has to come, then both.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/glob.h"
#include "cache/open_beneath.h"
#include "cache/outputs.h"
#include "cache/parallel.h"

namespace ggen::cache {

namespace {

// So many files of one directory are a unit of work: the directory is opened once for them.
constexpr std::size_t kUnit = 64;
// With fewer files than this a second thread costs more than it brings.
constexpr std::size_t kAlone = 128;

using hash::EntryKind;

class Restore {
 public:
  Restore(const BlobStore& blobs, int root_fd, const Action& action)
      : blobs_(blobs), root_fd_(root_fd), action_(action) {}

  void plan(std::span<const Present> present);
  Result<void> look_for_blobs() const;
  Result<void> remove_stale();
  Result<void> write(unsigned threads);
  Restored take() { return std::move(restored_); }

 private:
  struct Unit {
    std::size_t first;
    std::size_t count;
  };
  Result<void> write_unit(const Unit& unit);
  Result<void> write_link(int dir_fd, const char* name, const Output& output);
  void remove_empty_dirs(std::set<std::string, std::greater<>>& dirs);

  const BlobStore& blobs_;
  int root_fd_;
  const Action& action_;
  std::unordered_map<std::string_view, const Output*> wanted_;
  std::unordered_set<std::string_view> wanted_dirs_;  // above what is wanted, and wanted themselves
  std::vector<const Output*> todo_;                   // sorted by directory
  std::vector<std::string_view> stale_;
  bool touches_ = false;  // there is something that could be replaced or removed
  std::mutex mutex_;
  Restored restored_;
};

bool is_right(const Present& present, const Output& output) {
  return present.kind == output.kind && present.executable == output.executable &&
         present.digest == output.digest;
}

void Restore::plan(std::span<const Present> present) {
  for (const Output& output : action_.outputs) {
    if (output.kind == EntryKind::missing) continue;
    wanted_.emplace(output.path, &output);
    std::string_view dir = output.kind == EntryKind::directory ? std::string_view(output.path)
                                                               : parent_of(output.path);
    while (!dir.empty() && wanted_dirs_.insert(dir).second) dir = parent_of(dir);
  }
  std::unordered_set<std::string_view> right;
  for (const Present& entry : present) {
    if (entry.kind == EntryKind::missing) continue;
    touches_ = true;
    const auto found = wanted_.find(entry.path);
    if (found != wanted_.end() && is_right(entry, *found->second)) {
      right.insert(found->first);
      ++restored_.kept;
      continue;
    }
    // A file or link in the place of another one is replaced, everything else has to go first.
    const bool replaced = found != wanted_.end() && entry.kind != EntryKind::directory &&
                          found->second->kind != EntryKind::directory;
    if (!replaced) stale_.push_back(entry.path);
  }
  for (const auto& [path, output] : wanted_) {
    if (!right.contains(path)) todo_.push_back(output);
  }
  std::sort(todo_.begin(), todo_.end(), [](const Output* a, const Output* b) {
    const auto a_dir = parent_of(a->path), b_dir = parent_of(b->path);
    return a_dir != b_dir ? a_dir < b_dir : a->path < b->path;
  });
}

Result<void> Restore::look_for_blobs() const {
  if (!touches_) return {};
  for (const Output* output : todo_) {
    if (output->kind == EntryKind::file && !blobs_.has(output->digest)) {
      return Error{ErrorKind::not_found,
                   "the blob of " + output->path + " is missing: " + output->digest.hex()};
    }
  }
  return {};
}

Result<void> Restore::remove_stale() {
  std::set<std::string, std::greater<>> dirs;  // what is deeper comes first
  for (const std::string_view path : stale_) {
    const std::string parent(parent_of(path));
    auto dir = open_beneath(root_fd_, parent, MakeDirs::no);
    if (!dir && dir.error().kind == ErrorKind::not_found) continue;
    if (!dir) return std::move(dir).error();
    const std::string name(name_of(path));
    if (::unlinkat(dir->get(), name.c_str(), 0) == 0) {
      ++restored_.removed;
    } else if (errno == EISDIR || errno == EPERM) {
      dirs.emplace(path);
    } else if (errno != ENOENT) {
      return Error::from_errno(errno, "remove " + std::string(path));
    }
    for (std::string_view above = parent; !above.empty(); above = parent_of(above))
      if (!dirs.emplace(above).second) break;
  }
  remove_empty_dirs(dirs);
  return {};
}

// Directories that the recorded result does not have, as far as they are outputs at all. What is
// not empty holds something that is not ours and stays.
void Restore::remove_empty_dirs(std::set<std::string, std::greater<>>& dirs) {
  if (dirs.empty()) return;
  std::vector<std::string> patterns;
  for (const std::string& pattern : action_.output_patterns) {
    patterns.push_back(pattern);
    patterns.push_back(pattern + (pattern.ends_with('/') ? "**" : "/**"));
  }
  const auto declared = GlobSet::compile(patterns);
  for (const std::string& path : dirs) {
    const bool in_the_way = wanted_.contains(path) && !wanted_dirs_.contains(path);
    const bool covered = declared && declared->match(path) && !wanted_dirs_.contains(path);
    if (!in_the_way && !covered) continue;
    const auto dir = open_beneath(root_fd_, std::string(parent_of(path)), MakeDirs::no);
    if (dir && ::unlinkat(dir->get(), name_of(path).data(), AT_REMOVEDIR) == 0) ++restored_.removed;
  }
}

Result<void> Restore::write(unsigned threads) {
  std::vector<Unit> units;
  for (std::size_t i = 0; i < todo_.size(); ++i) {
    if (!units.empty() && units.back().count < kUnit &&
        parent_of(todo_[units.back().first]->path) == parent_of(todo_[i]->path))
      ++units.back().count;
    else
      units.push_back({i, 1});
  }
  return for_each_parallel(units.size(), todo_.size() > kAlone ? threads : 1, 1,
                           [&](std::size_t i) { return write_unit(units[i]); });
}

Result<void> Restore::write_unit(const Unit& unit) {
  const std::string parent(parent_of(todo_[unit.first]->path));
  GGEN_TRY_ASSIGN(const Fd dir, open_beneath(root_fd_, parent, MakeDirs::yes));
  std::vector<Written> written;
  std::size_t links = 0;
  std::uint64_t bytes = 0;
  for (std::size_t i = unit.first; i < unit.first + unit.count; ++i) {
    const Output& output = *todo_[i];
    const char* name = name_of(output.path).data();
    if (output.kind == EntryKind::directory) {
      GGEN_TRY(open_beneath(root_fd_, output.path, MakeDirs::yes));
      continue;
    }
    if (output.kind == EntryKind::link) {
      GGEN_TRY(write_link(dir.get(), name, output));
      ++links;
      continue;
    }
    auto placed = blobs_.restore(output.digest, output.size, output.executable, dir.get(), name);
    if (!placed) return std::move(placed).error().with_context("restore " + output.path);
    written.push_back({output.path, placed->stamp, placed->racy, output.digest});
    bytes += output.size;
  }
  const std::lock_guard lock(mutex_);
  std::move(written.begin(), written.end(), std::back_inserter(restored_.written));
  restored_.links += links;
  restored_.bytes += bytes;
  return {};
}

Result<void> Restore::write_link(int dir_fd, const char* name, const Output& output) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (::symlinkat(output.target.c_str(), dir_fd, name) == 0) return {};
    if (errno != EEXIST || (::unlinkat(dir_fd, name, 0) != 0 && errno != ENOENT)) break;
  }
  return Error::from_errno(errno, "make the link " + output.path);
}

}  // namespace

Result<Restored> restore(const BlobStore& blobs, const std::string& root, const Action& action,
                         std::span<const Present> present, unsigned threads) {
  const Fd root_fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root_fd) return Error::from_errno(errno, "open " + root);
  Restore restore(blobs, root_fd.get(), action);
  restore.plan(present);
  GGEN_TRY(restore.look_for_blobs());
  GGEN_TRY(restore.remove_stale());
  GGEN_TRY(restore.write(threads));
  return restore.take();
}

}  // namespace ggen::cache
