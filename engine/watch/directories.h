// Which directories are watched, and what is known of each. They are those that a walk for inputs
// would enter: what git ignores is left out, links are not followed. A directory is watched before
// it is listed, so that nothing gets lost in between. Knows how directories are found and lost, and
// nothing of what is told about their files.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "hash/rules.h"
#include "watch/inotify.h"
#include "watch/names.h"

namespace ggen::watch {

enum class Mode : std::uint8_t {
  none,
  ruled,  // by the ignore rules
  free,   // asked for although it is ignored: no rules below
  way,    // ignored, and on the way to what was asked for: other names do not count
};

struct Directory {
  std::string_view key;  // hash/path_key.h
  int watch = -1;
  Mode mode = Mode::none;
  bool skips = false;    // some name in it is not to be watched
  bool start = false;    // nothing watched is above it: it is asked what happens to itself
  hash::RulesPtr rules;  // ruled: for the names in it
  Names names;
  Directory* twin = nullptr;  // the same directory under another key: links, and moves to come
};

class Directories {
 public:
  // `root` is absolute and without links. `also` and `skip` are keys; see TreeWatch.
  static Result<Directories> open(std::string root, std::vector<std::string> also,
                                  std::vector<std::string> skip);

  // Told what a directory that was opened has in it; adds to its names what counts.
  using Found = std::function<void(Directory& in, std::string_view name, bool directory)>;

  // Watches everything anew, by a descriptor that watches nothing yet. `found` may be empty, here
  // and below. Errors: there is no root, or no watch is left.
  Result<void> open_all(Inotify& inotify);
  // A name that appeared: if it is a directory that is to be watched, it is, with all below.
  Result<void> appeared(Directory& in, std::string_view name, const Found& found);
  // Forgets the directory and all below, if it was watched.
  void vanished(std::string_view key);
  // The ignore files in these directories may have changed. True: the rules did.
  Result<bool> look_again(std::vector<std::string> keys);

  // The first of those that the kernel calls by this number, or none.
  Directory* find(int watch) const;
  Directory* find(std::string_view key);
  std::size_t size() const { return dirs_.size(); }
  // What is said when the root is.
  Error gone() const;

  // Whether a path was asked for, or something below it.
  bool is_asked(std::string_view key) const;
  bool is_on_way(std::string_view key) const;
  bool is_skipped(std::string_view key) const;
  // Whether it is a file with rules that is not in the tree: of the repository, or above the root.
  bool is_rule_file(std::string_view key) const;
  // Whether git ignores a name of the directory and nobody asked for it.
  bool is_ignored(const Directory& in, std::string_view key, bool directory) const;
  // The same of any path, watched or not.
  bool is_ignored(std::string_view key, bool directory);

  // Directories that could not be watched, as messages; empties the list.
  std::vector<std::string> problems() { return std::exchange(problems_, {}); }

 private:
  struct Job {
    std::string key;
    Mode mode;
    hash::RulesPtr rules;  // ruled: for its own name
    bool follow;           // a link that somebody named
    bool start = false;
  };

  Directories() = default;
  Mode mode_of(const Directory& in, std::string_view key, FileType type) const;
  void consider(const Directory& in, std::string_view name, FileType type, std::vector<Job>& jobs);
  Result<void> open_starts();
  Result<void> work(std::vector<Job>& jobs, const Found& found);
  Result<void> open_one(const Job& job, const Found& found, std::vector<Job>& jobs);
  Result<void> list(Directory& dir, const std::string& path, const hash::RulesPtr& above,
                    const Found& found, std::vector<Job>& jobs);
  Directory& insert(const Job& job, int watch);
  void unlink(Directory& dir);
  std::string path_of(std::string_view key) const;

  std::string root_;
  std::uint64_t device_ = 0, inode_ = 0;  // of the root
  std::vector<std::string> also_, skip_;  // sorted
  hash::RulesPtr around_;
  std::vector<std::string> rule_files_;  // sorted keys
  Inotify* inotify_ = nullptr;
  std::map<std::string, Directory, std::less<>> dirs_;
  std::unordered_map<int, Directory*> by_watch_;
  std::vector<std::string> problems_;
};

}  // namespace ggen::watch
