// What happened to the results over time: one append-only file of records of 64 bytes, written by
// several processes. It feeds `cache stats`, the policies and `simulate`, and it is what is left of
// an evicted result. Nothing depends on it being complete.
//
// A record (little-endian):
//    0  1  'J'                        16 16  the first bytes of the key (or a group's id)
//    1  1  op                         32  8  bytes
//    2  1  reason (of evict)          40  8  cost in ms
//    3  1  zero                       48 12  policy (of evict), filled up with NUL
//    4  4  hash of the task's id      60  4  low half of the XXH3-64 of the 60 bytes before
//    8  8  time in ms, UTC
//
// Groups. A run with nothing to do hits the same results as the run before it: writing them all
// again would cost more than the run. So the hits of a run are appended as a *group*: a record
// `group` with an id, the number of hits in `bytes` and the sum of their costs in `cost`, then that
// many `hit` records. The id is derived from the sorted keys alone. A later run with exactly the
// same hits appends one record `repeat` with the same id, number and cost. A reader counts a
// `repeat` as `bytes` hits that saved `cost`; to know which ones, it takes the newest `group` of
// that id before it. If there is none (it was compacted away) the repeat counts, but touches no
// key.
//
// Damage: records that do not check are skipped byte by byte up to the next one that does, so a
// torn write costs what was torn.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "cache/directory.h"

namespace ggen::cache {

enum class Op : std::uint8_t {
  store = 1,  // a result was made and kept; bytes of its blobs, cost: how long the task took
  hit,        // it was served; cost: how long the task would have taken
  group,      // see above
  repeat,     // see above
  miss,       // a task ran and nothing was kept; cost: how long it took
  evict,      // bytes that went, reason and policy
  clear,      // everything went
  total,      // hits (bytes) and cost of records that were compacted away
};

enum class Reason : std::uint8_t { none, size, age, cost, damaged, asked };
// "size", "age", ...; "" for none
std::string_view reason_name(Reason reason);
Reason reason_of_name(std::string_view name);

// The first half of a key: enough to tell keys apart.
using ShortKey = std::array<std::uint8_t, 16>;
ShortKey short_key(const Digest& key);

struct Record {
  Op op = Op::hit;
  Reason reason = Reason::none;
  std::uint32_t task = 0;
  std::uint64_t time_ms = 0;
  ShortKey key{};
  std::uint64_t bytes = 0;
  std::uint64_t cost_ms = 0;
  std::string policy;  // at most 12 bytes are kept

  bool operator==(const Record&) const = default;
};

std::uint32_t task_hash(std::string_view task);

constexpr std::size_t kRecordSize = 64;
void encode(const Record& record, char* to);
// False when the bytes are no record.
bool decode(const char* from, Record& record);

// A record where it lies in the file. Its header looks right; only record() looks at the checksum.
class RawRecord {
 public:
  // Whether the kRecordSize bytes may be a record at all.
  static bool fits(const char* bytes);
  explicit RawRecord(const char* bytes) : bytes_(bytes) {}
  Op op() const { return static_cast<Op>(bytes_[1]); }
  std::uint32_t task() const;
  ShortKey key() const;
  // Nothing when it is damaged.
  std::optional<Record> record() const;

 private:
  const char* bytes_;
};

// What the hits of a run are together.
struct Group {
  ShortKey id{};
  std::uint64_t count = 0;
  std::uint64_t cost_ms = 0;
};
// The same in whatever order they come.
Group group_of(std::span<const Record> hits);
Record group_record(const Group& group, Op op, std::uint64_t time_ms);

class Journal {
 public:
  explicit Journal(const Directory& directory) : directory_(directory) {}

  // One write, as a whole or (disk full) in part. Records of other processes may come before and
  // after, never between.
  Result<void> append(std::span<const Record> records);
  // Appends the group with its hits, for a first run.
  Result<void> append_group(const Group& group, std::span<const Record> hits,
                            std::uint64_t time_ms);
  // What a run with the same hits as a group appends.
  Result<void> append_repeat(const Group& group, std::uint64_t time_ms);

  // Every record that checks, in the order of the file.
  struct Read {
    std::vector<Record> records;
    std::uint64_t damaged_bytes = 0;
  };
  Result<Read> read() const;

  // The newest records, the newest first, until `visit` returns false: as many as the last `most`
  // bytes hold. For questions of a run, which must not take longer the more has happened.
  static constexpr std::uint64_t kTail = 4 * 1024 * 1024;
  Result<void> look_back(const std::function<bool(const RawRecord&)>& visit,
                         std::uint64_t most = kTail) const;

  // Rewrites the journal when it is longer than `bound` bytes: keeps the last `keep` records, and
  // of older ones the newest store and the newest eviction of each key, the groups that kept
  // repeats name, and the totals. True when it did.
  static constexpr std::uint64_t kBound = 16 * 1024 * 1024;
  static constexpr std::size_t kKeep = 100'000;
  Result<bool> compact(std::uint64_t bound = kBound, std::size_t keep = kKeep);

 private:
  Result<void> append_bytes(std::string_view bytes);

  const Directory& directory_;
};

// How the newest eviction of a key came about, if it was evicted after it was last stored: "evicted
// 2 h ago by lru (size)". Looks as far back as look_back() does.
Result<std::optional<Record>> eviction(const Journal& journal, const Digest& key);

}  // namespace ggen::cache
