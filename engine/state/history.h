// Where the runs of a checkout are kept: `.ggen/history.jsonl`, one line a run, and
// `.ggen/runs/<id>.json`. Knows how lines are appended and what is dropped when, not what is in
// them but for a time.
//
// Several runs may end at once. A line is appended by one write under a shared lock; who makes the
// file shorter holds it alone and replaces the file, and who waited for the lock meanwhile looks
// for the new one. A line whose writer died is mended by the next: its own line begins with a
// newline.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ggen::state {

struct HistoryLimits {
  std::uint64_t lines = 10000;
  std::uint64_t runs = 200;
  std::uint64_t age_ms = std::uint64_t{90} * 86400 * 1000;
  std::uint64_t line_bytes = std::uint64_t{64} << 20;  // of all lines
  std::uint64_t run_bytes = std::uint64_t{256} << 20;  // of all records
};

// So often what is too old or too much is dropped: whenever so much was appended. It depends on the
// size of the file alone, so one of several runs does it.
constexpr std::uint64_t kSweepEach = 64 * 1024;
// Where few are to be kept, more of them would fit into that: a line has about so many bytes.
constexpr std::uint64_t kSmallLine = 512;
// After a record of this size old records are looked for in any case.
constexpr std::uint64_t kLargeRun = 1024 * 1024;

// What it is time to sweep.
struct SweepDue {
  bool lines = false, runs = false;
};

// Appends a line, which ends in a newline. Makes the directory when it is missing.
Result<SweepDue> append_history(const std::string& path, std::string_view line,
                                const HistoryLimits& limits = {});

// Drops the oldest lines, and what is no line. `now` is "2026-11-21T21:12:53.123Z" of the oldest
// time that stays: lines of later times stay, also when a clock went back.
Result<void> sweep_history(const std::string& path, const HistoryLimits& limits,
                           std::string_view oldest);

// Writes <dir>/<id>.json: a temporary file, renamed. Makes the directory when it is missing.
Result<void> write_run(const std::string& dir, const std::string& id, std::string_view text);

// Whether a file of that name is a run's record: "20261121T211253.123-3f2a9c.json".
bool is_run_file(std::string_view name);

// Drops the oldest records; what other names have stays, but for temporary files of long ago.
// `oldest` is the beginning of an id: "20261121T".
Result<void> sweep_runs(const std::string& dir, const HistoryLimits& limits,
                        std::string_view oldest);

}  // namespace ggen::state
