// What a run did: a row for each task that had a turn, and from these, with the facts of the run,
// the two texts that are left of it, the run record (docs/run-record.schema.json) and the line of
// the history (docs/history-line.schema.json). Knows no files and no graph; both formats are
// written here and nowhere else.
//
// A row costs one call and no allocation of its own: there may be 100,000 of them. Times are
// seconds, written with at most six digits behind the point; sizes are bytes.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/timings.h"

namespace ggen::state {

// Bytes that the record keeps.
struct Span {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
};

struct TaskRow {
  enum class Status : std::uint8_t { ok, failed, optional, skipped };
  enum class Cache : std::uint8_t { off, miss, restored, fresh };

  std::uint32_t task = 0;  // its number in the graph
  Status status = Status::ok;
  Cache cache = Cache::off;
  bool ran = false;       // something was executed: `own` counts
  double start = 0;       // since the start of the run
  double duration = 0;    // of its turn
  double own = 0;         // of what was executed, without hooks and waiting
  bool measured = false;  // somebody knows `user` and `sys`
  double user = 0, sys = 0;
  double saved = 0;               // what it took when its result was made
  std::uint64_t peak_memory = 0;  // 0: nobody knows
  std::int32_t code = 0;
  std::uint16_t attempts = 1;
  Span id, reason, message, signal;
  std::uint16_t workspace = 0;  // so many bytes of the id are its name
};

struct Phase {
  std::string name;
  double start = 0;
  double duration = 0;
  std::uint32_t tasks = 0;
};

struct Note {
  std::string level;
  std::string text;
};

// What the rows do not say.
struct RunFacts {
  std::string id, session, time;  // RunRecord::id() and so on
  std::string version, pipeline;
  std::vector<std::string> command;
  bool in_git = false;
  std::string commit, branch;  // empty: there is none
  std::optional<bool> dirty;   // nothing: nobody asked
  std::string machine;
  std::uint32_t jobs = 1;
  int code = 0;
  std::string status;  // "ok", "failed", "gate", "interrupted", "timeout"

  double wall = 0, saved = 0, critical_path = 0;
  std::uint64_t tasks = 0, ok = 0, fresh = 0, restored = 0, failed = 0, optional = 0, skipped = 0,
                not_run = 0;
  std::uint64_t hashed = 0, read = 0, written = 0, restored_bytes = 0;  // bytes
  bool outputs_known = false;                                           // of all tasks
  std::uint64_t output_bytes = 0, output_files = 0;

  std::vector<std::string> path;  // the critical path
  std::vector<Phase> phases;
  std::vector<Span> fresh_tasks;  // ids
  std::vector<Note> notes;
  // For each row the numbers in the graph of what it waited for, end to end: row i has
  // needs[need_ends[i - 1]] to needs[need_ends[i]].
  std::vector<std::uint32_t> needs;
  std::vector<std::uint32_t> need_ends;
};

class RunRecord {
 public:
  // Times of rows are told on the monotonic clock, on which the run began at `began`.
  RunRecord(double began, std::uint64_t unix_ms) : began_(began), unix_ms_(unix_ms) {}

  // "20261121T211253.123-3f2a9c": sorts by time.
  std::string id(std::uint32_t random) const;
  std::string time() const;  // "2026-11-21T21:12:53.123Z"

  double began() const { return began_; }
  Span keep(std::string_view text);
  std::string_view text(Span span) const { return {texts_.data() + span.offset, span.size}; }
  void add(const TaskRow& row) { rows_.push_back(row); }
  const std::vector<TaskRow>& rows() const { return rows_; }

  // What the tasks took that ran or were restored, by their number: the last word counts.
  void took(std::uint32_t task, double seconds);
  // What is told from here on runs after all that was told before, as `finally` tasks do.
  void begin_stage() { took_.emplace_back(); }
  // For each stage; the first one is that of the tasks that were asked for.
  const std::vector<std::vector<double>>& took() const { return took_; }

  // Of the tasks that ran: for the timings.
  std::vector<Sample> samples() const;

  // Sorts the rows by their start. Before the texts are asked for, and before needs are told.
  void arrange();
  // Where the tasks of the graph stand among the rows, of several turns the last; kNowhere.
  static constexpr std::uint32_t kNowhere = ~std::uint32_t{0};
  std::vector<std::uint32_t> positions() const;
  std::string json(const RunFacts& facts) const;
  // One line with its newline. Of a run with more tasks only those that took longest.
  static constexpr std::size_t kMostInLine = 10000;
  std::string line(const RunFacts& facts) const;

 private:
  struct Sums {
    double cpu = 0;
    std::uint64_t ran = 0, measured = 0, misses = 0, peak_memory = 0;
  };
  Sums sums() const;
  std::vector<std::uint32_t> workers() const;
  std::vector<std::uint32_t> in_line() const;

  double began_;
  std::uint64_t unix_ms_;
  std::vector<TaskRow> rows_;
  std::vector<std::vector<double>> took_{1};
  std::string texts_;
};

}  // namespace ggen::state
