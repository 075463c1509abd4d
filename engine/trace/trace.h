// Keeps the spans of a run in memory: what was done from when to when, on which lane. A record is
// 32 bytes; names are kept once. Memory is bounded: what exceeds the limits is counted and left
// out. Knows neither what a span means nor how it is written to a file (chrome.h). For the loop's
// thread only.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ggen::trace {

// Nanoseconds of the monotonic clock.
using Time = std::int64_t;
Time now();

enum class TextId : std::uint32_t {};

struct Record {
  static constexpr Time kInstant = -1;
  static constexpr std::uint32_t kNoArgs = ~std::uint32_t{0};

  Time start;
  Time duration;  // kInstant: a point in time, no span
  TextId category;
  TextId name;
  std::uint32_t lane;  // spans of one lane nest; lanes are drawn below each other
  std::uint32_t args;  // where the text of the arguments starts, or kNoArgs
};

struct Limits {
  std::size_t records = 1'000'000;
  std::size_t text = std::size_t{64} << 20;  // bytes of names and arguments, less than 4 GiB
};

class Recorder {
 public:
  explicit Recorder(Limits limits = {});
  // Names point into texts_.
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // The id of a text, for as long as the recorder lives; nothing if there is no room for a new one.
  std::optional<TextId> intern(std::string_view text);
  std::string_view text(TextId id) const { return texts_[static_cast<std::size_t>(id)]; }

  // False: another record would be dropped.
  bool has_room() const { return records_.size() < limits_.records; }
  // `args` is empty or a JSON object. `end` is not before `start`.
  void span(TextId category, TextId name, std::uint32_t lane, Time start, Time end,
            std::string_view args = {});
  void instant(TextId category, TextId name, std::uint32_t lane, Time at,
               std::string_view args = {});
  // Counts a record that the caller could not make for want of room.
  void drop() { ++dropped_; }
  void name_lane(std::uint32_t lane, std::string_view text) { lane_names_[lane] = text; }

  // In the order in which they ended.
  const std::deque<Record>& records() const { return records_; }
  std::string_view args(const Record& record) const;
  const std::map<std::uint32_t, std::string>& lane_names() const { return lane_names_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  void add(Record record, std::string_view args);

  Limits limits_;
  std::deque<Record> records_;
  std::deque<std::string> texts_;
  std::unordered_map<std::string_view, TextId> ids_;
  std::string args_;  // each ended by a NUL, which JSON text does not contain
  std::size_t text_size_ = 0;
  std::map<std::uint32_t, std::string> lane_names_;
  std::uint64_t dropped_ = 0;
};

}  // namespace ggen::trace
