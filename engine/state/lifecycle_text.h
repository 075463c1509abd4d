// The text of a lifecycle state file (state.json), as records. Knows no file.
//
// The format is that of the original: four fields, all of them needed, 2 spaces, no newline at the
// end. A record of a phase in a workspace has a field "workspace" more, which the original ignores.
//
//   {
//     "last_phase": "test",                              of the last record; null: none
//     "phase_history": [
//       { "phase": "test", "started_ms": 1760234355193,  since 1970-01-01 UTC
//         "duration_ms": 220, "success": true }
//     ],
//     "generated": [],                                   { path, hash }; kept, never used
//     "cache_keys": [ { "phase": "test", "key": "9cb0..." } ]
//   }
//
// Fields that are not known are written again as they were, at their place.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ggen::state {

struct LifecycleRecord {
  std::string phase;
  std::optional<std::string> workspace;  // nothing: of the project itself
  std::uint64_t started_ms = 0;          // since 1970-01-01 UTC
  std::uint64_t duration_ms = 0;
  bool success = true;
};

struct LifecycleKey {
  std::string phase;
  std::optional<std::string> workspace;
  std::string key;  // lower-case hex
};

class LifecycleText {
 public:
  // An empty state.
  LifecycleText();

  // invalid, with line and column, for what is not JSON or not this format.
  static Result<LifecycleText> parse(std::string text);

  const std::vector<LifecycleRecord>& records() const { return records_; }
  const std::vector<LifecycleKey>& keys() const { return keys_; }
  const std::optional<std::string>& last_phase() const { return last_phase_; }

  void add(LifecycleRecord record);
  void add(LifecycleKey key);

  // Forgets the oldest records and keys, so that at most `max` of each remain. Those that have been
  // followed by a successful one of the same phase and workspace go first. The newest successful
  // record of each phase and workspace stays in any case, so that it is known that the phase has
  // succeeded; of these there are at most kMostPhases, or `max` if that is more.
  static constexpr std::size_t kMostPhases = 100'000;
  void keep_newest(std::size_t max);

  std::string text() const;

 private:
  // Where a value stands in source_; size 0: it is new.
  struct Span {
    std::size_t at = 0, size = 0;
  };
  enum class Field { last_phase, records, generated, keys, other };
  struct Member {
    Field field = Field::other;
    std::string name;
    Span value;
  };
  class Reader;

  std::string_view source(Span span) const {
    return std::string_view(source_).substr(span.at, span.size);
  }

  std::string source_;
  std::vector<Member> members_;  // in the order of the file
  std::optional<std::string> last_phase_;
  std::vector<LifecycleRecord> records_;
  std::vector<LifecycleKey> keys_;
  std::vector<Span> record_spans_, key_spans_;  // of the same length as these
};

}  // namespace ggen::state
