// How long the tasks of a checkout took, and what they used, in their last runs: what schedulers
// and estimates go by. One append-only file of records of 40 bytes, written by several processes;
// nothing depends on it being complete.
//
// A record (little-endian):
//    0  8  task: the XXH3-64 of its id          24  4  peak memory in KiB
//    8  8  when it ended, ms, UTC               28  2  attempts
//   16  4  wall time in ms (float)              30  2  flags: 1 the task failed
//   20  4  processor time in ms (float)         32  4  zero
//                                               36  4  low half of the XXH3-64 of the 36 bytes
//                                               before
//
// Damage: bytes that do not check are skipped one by one up to the next record that does. When the
// file has grown, it is written anew with the last kKept records of each task; fewer where a run
// has more than 10,000 tasks.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ggen::state {

struct Sample {
  std::uint64_t task = 0;
  std::uint64_t ended_ms = 0;
  float wall_ms = 0;
  float cpu_ms = 0;
  std::uint32_t peak_kib = 0;
  std::uint16_t attempts = 1;
  bool failed = false;

  bool operator==(const Sample&) const = default;
};

// What the next run of a task will probably need.
struct Expected {
  float wall_ms = 0;
  float cpu_ms = 0;
  std::uint32_t peak_kib = 0;  // the most of the samples: what is admitted must fit
  std::size_t samples = 0;     // that this rests on; 0: nothing is known
};

class Timings {
 public:
  static constexpr std::size_t kKept = 8;  // of a task
  static constexpr std::size_t kRecordSize = 40;

  static std::uint64_t id(std::string_view task);

  // Of each task the last `most` samples, never more than kKept. A file that is not there has none.
  static Result<Timings> read(const std::string& path, std::size_t most = kKept);

  // The last samples of a task, oldest first.
  std::span<const Sample> samples(std::uint64_t task) const;
  // From those that succeeded: the weighted medians of their times, where each sample weighs 0.8
  // of the next newer one. One slow run among several fast ones changes nothing; a task that has
  // become slower is believed after three.
  Expected expected(std::uint64_t task) const;
  // A sample from which nobody would learn anything: the task takes no time worth speaking of, as
  // it always did.
  bool has_told(const Sample& sample) const;
  std::uint64_t damaged_bytes() const { return damaged_; }

  // Adds samples with one write. Keeps the file short.
  static constexpr std::uint64_t kBound = 256 * 1024;
  static Result<void> append(const std::string& path, std::span<const Sample> samples,
                             std::uint64_t bound = kBound);

 private:
  void arrange(std::size_t most);
  std::size_t slot_of(std::uint64_t task, const std::vector<std::uint64_t>& ids) const;

  std::vector<Sample> samples_;        // by task, then in the order of the file
  std::vector<std::uint64_t> ids_;     // the tasks, as they were first seen
  std::vector<std::uint32_t> starts_;  // where the samples of a task begin; one more at the end
  std::vector<std::uint32_t> slots_;   // hash table: number of a task + 1; 0 is free
  std::uint64_t damaged_ = 0;
};

struct Weighted {
  double value = 0;
  double weight = 0;
};

// The median of values where each counts as often as its weight says; 0 for none. Sorts them.
double weighted_median(std::span<Weighted> values);

}  // namespace ggen::state
