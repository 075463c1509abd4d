// One look at one directory: lists it, stats and hashes names in it, keeps its record. Whoever
// makes a Visit holds the node for as long. Knows nothing of sets.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "hash/dir_node.h"

namespace ggen::hash {

// What went wrong where, by key; from any thread.
class Problems {
 public:
  void add(std::string_view key, Error error);
  void clear();
  bool empty() const;
  const Error* find(std::string_view key) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Error, std::less<>> errors_;
};

// Counted by one thread at a time, added up afterwards.
struct VisitCounts {
  std::uint64_t lookups = 0;
  std::uint64_t hits = 0;
  std::uint64_t files_hashed = 0;
  std::uint64_t bytes_hashed = 0;
  std::uint64_t dirs_listed = 0;
  std::uint64_t dirs_reused = 0;

  void add(const VisitCounts& other);
};

// What a walk is after.
struct WalkMode {
  Tick tick = 0;     // of this walk
  Tick since = 0;    // what was looked at at this tick or later is fresh
  bool hash = true;  // digests too, not only stamps
};

struct HashItem {
  DirNode* node;
  std::uint32_t entry;
};

// Hashes a file or a link of the directory and writes it into the entry, and nothing else of the
// node: several threads may be at work on it.
void hash_entry(int dir_fd, DirNode& node, std::size_t i, Problems& problems, VisitCounts& counts);

class Visit {
 public:
  // A directory that is found by a walk must not be a link; one that is named may be.
  enum class Found { by_walk, by_name };
  // What is wanted of a file.
  enum class Want { stamp, digest };

  Visit(int root_fd, DirNode& node, const WalkMode& mode, Problems& problems, VisitCounts& counts,
        Found found)
      : root_fd_(root_fd),
        node_(node),
        mode_(mode),
        problems_(problems),
        counts_(counts),
        found_(found) {}

  // Makes sure that the listing is right. False: there is no such directory, or it cannot be read.
  bool list();
  // Makes sure that there are entries for the names, with kind missing for those that are not
  // there, and looks at them. False as for list().
  bool look_at(std::span<const std::string_view> names, Want want, std::vector<HashItem>& unhashed);
  // Stats the entry if that is due; where its digest is wanted and not known, adds it to the list.
  // False: the directory is gone, and with it all entries.
  bool look(std::size_t i, Want want, std::vector<HashItem>& unhashed);
  // Looks at a name and hashes it if it is a regular file: its position, or npos if it is not one.
  std::size_t read_now(std::string_view name);
  // The rules for the names in this directory, given those for its own name.
  RulesPtr rules(const RulesPtr& above);
  // Decides which names the rules ignore, if that is not known.
  void decide(const Rules& rules);

 private:
  enum class Purpose { names, listing };
  bool open(Purpose purpose);
  bool gone_or_failed(int code, const char* action);
  bool fill(const Stamp& dir, std::int64_t before);
  bool stat(std::size_t i);

  const int root_fd_;
  DirNode& node_;
  const WalkMode& mode_;
  Problems& problems_;
  VisitCounts& counts_;
  const Found found_;
  Fd fd_;
  Purpose opened_for_ = Purpose::names;
};

}  // namespace ggen::hash
