// What happened to paths since somebody was told last: one entry for each path, however often it
// changed. Made for 100,000 at a time: the paths are one block of bytes, and the memory is used
// again for the next ones. Knows no file system.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ggen::watch {

enum class ChangeKind : std::uint8_t { changed, created, removed };

// "changed", "created", "removed"
std::string_view change_name(ChangeKind kind);

struct Change {
  std::string_view path;
  ChangeKind kind;
  bool ignored;
  bool directory;  // or was one: what was in it is gone, but for what is told
  double time;     // of the last event; seconds since 1970
};

class Changes {
 public:
  struct Entry {
    std::uint64_t sum = 0;  // of the path
    double time = 0;
    std::uint32_t at = 0;  // in the paths
    std::uint32_t size = 0;
    std::uint32_t turn = 0;
    bool existed = false;  // before the first event
    bool exists = false;   // after the last one
    bool directory = false;
    bool was_directory = false;  // before the first event
    bool ignored = false;
  };

  // An event at dir/name (`dir` may be ""). `existed`: whether there was anything before it.
  // True if this is the first of the path, or the first since it became another kind of thing:
  // `ignored` of last() is to be told.
  bool add(std::string_view dir, std::string_view name, ChangeKind kind, bool existed,
           bool directory, double time);
  Entry& last() { return entries_[last_]; }

  // A directory was moved away: what is said of paths in it before is over.
  void moved_away(std::string_view dir);
  // Asks anew what is ignored.
  void judge(const std::function<bool(std::string_view path, bool directory)>& ignored);

  bool empty() const { return entries_.empty(); }
  // What is left to tell, in the order of the first events: a path that was made and removed again
  // is not. False: nothing.
  bool each(const std::function<void(const Change&)>& visit) const;
  void clear();

  bool overflow = false;  // events were lost: anything may have changed

 private:
  std::string_view path(const Entry& entry) const {
    return std::string_view(paths_).substr(entry.at, entry.size);
  }
  std::size_t slot_of(std::uint64_t sum, std::string_view path) const;
  void grow();
  bool is_moved(const Entry& entry) const;

  std::string paths_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;  // a power of two; position in entries_ + 1, or 0
  std::map<std::string, std::uint32_t, std::less<>> moved_;  // directories, and after which turn
  std::uint32_t turn_ = 0;
  std::size_t last_ = 0;
};

}  // namespace ggen::watch
