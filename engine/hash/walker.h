// Walks the directories that sets of files are about and brings the nodes up to date, on several
// threads: names that are given, then everything below directories, then the digests. Knows which
// files count from the sets, and nothing of what is made of them.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hash/dir_node.h"
#include "hash/file_set.h"
#include "hash/pool.h"
#include "hash/visit.h"

namespace ggen::hash {

class Walker {
 public:
  Walker(std::string root, int root_fd, NodeTable& nodes, Pool& pool)
      : root_(std::move(root)), root_fd_(root_fd), nodes_(nodes), pool_(pool) {}

  // A file that is named: its key, cut in two.
  struct Name {
    std::string_view dir;
    std::string_view name;
    bool read = true;  // its digest is wanted
  };

  void begin(const WalkMode& mode);
  // Looks at the names, and hashes them if the mode says so; sorts the list. What is named need not
  // be there.
  void look_at(std::vector<Name>& names);
  // Looks at all that the sets have below a directory. The rules of directories above it are
  // brought up to date first. Where nothing is there, the place is watched for its appearance.
  struct Root {
    std::string_view dir;
    FileSet* set;
  };
  void walk(std::vector<Root>& roots);
  // Digests of all that was looked at and is not known.
  void hash();

  // The rules of the repository around the root, for names in the root.
  RulesPtr root_rules();
  // Whether git ignores the directory, or one above it.
  bool is_ignored_dir(std::string_view key);
  // Makes sure that what is not there (or not a directory) is noticed when that changes.
  void watch_absence(std::string_view key);

  const Problems& problems() const { return problems_; }
  const VisitCounts& counts() const { return counts_; }

 private:
  struct Job {
    DirNode* node = nullptr;
    RulesPtr rules;  // for the directory's own name; none if no set asks for rules
    std::vector<const FileSet*> sets;
    Visit::Found found = Visit::Found::by_walk;
  };
  // What one thread of a walk gathers.
  struct Share {
    VisitCounts counts;
    std::vector<HashItem> unhashed;
  };

  void visit(Job& job, std::vector<Job>& more, Share& share);
  void take(Share& share);
  RulesPtr rules_above(std::string_view key);
  RulesPtr rules_in(std::string_view key);
  RulesPtr outer_rules(const std::string& top);
  bool exists(std::string_view dir, std::string_view name);
  std::vector<Rules::Source> sources_in(std::string_view dir,
                                        std::initializer_list<std::string_view> names);
  std::mutex& lock_of(const DirNode& node);

  const std::string root_;
  const int root_fd_;
  NodeTable& nodes_;
  Pool& pool_;
  WalkMode mode_;
  Problems problems_;
  VisitCounts counts_;
  std::vector<HashItem> unhashed_;
  std::mutex share_mutex_;
  std::array<std::mutex, 64> locks_;
  RulesPtr root_rules_;
  Tick root_ruled_ = 0;
};

}  // namespace ggen::hash
