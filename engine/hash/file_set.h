// A SetSpec made ready for a walk: where to begin, which directories to enter, which files count.
// Knows no file system: what git ignores it is told. The meaning of patterns is at the top of
// tree.h.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/glob.h"
#include "base/result.h"

namespace ggen::hash {

struct SetSpec;

class FileSet {
 public:
  static Result<FileSet> compile(std::string_view root, const SetSpec& spec);

  // The keys below which the spec's patterns take something in, or which they name; without the
  // cost of compiling them.
  static std::vector<std::string> starts(std::string_view root, const SetSpec& spec);

  // The set of one literal with this key.
  static FileSet literal(std::string_view key, bool outputs, bool by_stamp);

  struct Pattern {
    Glob glob;          // over keys; unused for a literal
    std::string fixed;  // literal: its key; otherwise the directory before the first wildcard
    bool literal = false;
    bool include = true;
    bool whole_dirs = false;  // a directory that matches stands for all that is below it
    bool unruled = false;     // git ignores its fixed part, so that the rules do not count for it
  };

  // To be told unruled about; then fixed for all walks.
  std::vector<Pattern>& patterns() { return patterns_; }
  const std::vector<Pattern>& patterns() const { return patterns_; }
  bool outputs() const { return outputs_; }
  bool by_stamp() const { return by_stamp_; }

  // Whether a file counts, or what a literal names when nothing is there.
  bool matches(std::string_view key, bool ignored) const;

 private:
  friend class DirView;
  std::vector<Pattern> patterns_;
  std::vector<Pattern> exclude_;
  bool outputs_ = false;
  bool by_stamp_ = false;
};

// A FileSet as seen in one directory: most patterns have already said yes or no to all of it.
class DirView {
 public:
  DirView(const FileSet& set, std::string_view dir);

  // Whether anything at or below the directory may count.
  bool may_enter(bool ignored) const;
  // A file of this directory. `key` is asked for only if it matters.
  template <class Key>
  bool matches(bool ignored, const Key& key) const {
    if (nothing_) return false;
    if (sure_) return !ignored || sure_unruled_;
    return decide(key(), ignored);
  }

 private:
  enum class State : std::uint8_t { none, some, all };
  bool decide(std::string_view key, bool ignored) const;

  const FileSet* set_;
  std::vector<State> states_;
  std::vector<const FileSet::Pattern*> exclude_;  // that may match here, the last one first
  bool nothing_ = false;                          // all of the directory is out
  bool sure_ = false;                             // one pattern has the say for all of it
  bool sure_unruled_ = false;
};

}  // namespace ggen::hash
