// The ignore rules that are in force in a directory: its own files on top of those of the
// directories above it. A directory without such files shares the rules of the one above. The files
// are known by their digests; they are read only when a name has to be decided.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "hash/ignore.h"

namespace ggen::hash {

class Rules;
using RulesPtr = std::shared_ptr<const Rules>;

class Rules {
 public:
  // A directory's own; the first counts first.
  static constexpr std::string_view kFiles[] = {".ggenignore", ".gitignore"};

  struct Source {
    std::string path;  // to open it, relative to the root
    Digest digest;     // of what was seen there
  };

  // Only ".git" and ".ggen", at any depth: what counts outside of the root, and what all start
  // with.
  static const RulesPtr& basic();
  // Below an ignored directory: everything is.
  static const RulesPtr& everything();

  // `dir` is the key of the sources' directory. For one above the root, `dir` is "" and `below` the
  // path from it to the root. Of the sources the first counts first.
  Rules(RulesPtr parent, std::string dir, std::string below, int root_fd,
        std::vector<Source> sources);

  // Identifies the rules: two equal sums decide every name alike.
  std::uint64_t sum() const { return sum_; }
  bool ignores(std::string_view key, bool is_directory) const;
  // Of all sources, as paths to open them.
  std::vector<std::string> files() const;
  // Reads the sources now instead of when a name has to be decided.
  void load_all() const;
  // A source was no longer what its digest says when it was read: sum() must not be recorded.
  bool torn() const;

 private:
  explicit Rules(std::uint64_t sum) : sum_(sum) {}
  void load() const;

  RulesPtr parent_;
  std::string dir_;
  std::string below_;
  int root_fd_ = -1;
  std::vector<Source> sources_;
  std::uint64_t sum_;
  mutable std::once_flag once_;
  mutable std::vector<IgnoreFile> files_;
  mutable std::atomic<bool> torn_{false};
};

}  // namespace ggen::hash
