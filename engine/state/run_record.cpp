// SPDX-License-Identifier: MIT
#include "state/run_record.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <queue>
#include <utility>

#include "state/json_writer.h"

namespace ggen::state {

namespace {

constexpr std::string_view kStatus[] = {"ok", "failed", "optional", "skipped"};
constexpr std::string_view kCache[] = {"off", "miss", "restored", "fresh"};

// Of years from 0 on. Not gmtime_r(), which reads the file of the time zone.
std::string formatted(const char* format, std::uint64_t unix_ms) {
  using namespace std::chrono;
  const sys_days day = floor<days>(sys_time<milliseconds>(milliseconds(unix_ms)));
  const year_month_day date(day);
  const std::uint64_t rest = unix_ms % 86400000;
  std::array<char, 64> text;
  const int size =
      std::snprintf(text.data(), text.size(), format, static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<unsigned>(rest / 3600000), static_cast<unsigned>(rest / 60000 % 60),
                    static_cast<unsigned>(rest / 1000 % 60), static_cast<unsigned>(rest % 1000));
  return {text.data(), static_cast<std::size_t>(std::clamp(size, 0, 63))};
}

void write_hit_rate(JsonWriter& out, std::uint64_t hits, std::uint64_t misses) {
  out.key("hit_rate");
  if (hits + misses == 0)
    out.word("null");
  else
    out.seconds(static_cast<double>(hits) / static_cast<double>(hits + misses));
}

// What a run used of the machine, as far as somebody has measured it.
void write_usage(JsonWriter& out, bool measured, double cpu, std::uint64_t peak_memory) {
  out.key("cpu");
  if (measured)
    out.seconds(cpu);
  else
    out.word("null");
  out.key("peak_memory");
  if (peak_memory > 0)
    out.whole(peak_memory);
  else
    out.word("null");
}

// What the cache and the files took and spared.
void write_work(JsonWriter& out, const RunFacts& facts, std::uint64_t misses) {
  out.key("misses").whole(misses);
  out.key("saved").seconds(facts.saved);
  out.key("hashed").whole(facts.hashed);
  out.key("read").whole(facts.read);
  out.key("written").whole(facts.written);
}

void write_git(JsonWriter& out, const RunFacts& facts) {
  if (!facts.in_git) return;
  out.key("git").open('{');
  if (!facts.commit.empty()) out.key("commit").text(facts.commit);
  if (!facts.branch.empty()) out.key("branch").text(facts.branch);
  out.key("dirty").flag(facts.dirty);
  out.close('}');
}

void write_texts(JsonWriter& out, std::string_view name, const std::vector<std::string>& list) {
  out.key(name).open('[');
  for (const std::string& text : list) out.text(text);
  out.close(']');
}

}  // namespace

std::string RunRecord::id(std::uint32_t random) const {
  std::string id = formatted("%04d%02u%02uT%02u%02u%02u.%03u-", unix_ms_);
  constexpr char kHex[] = "0123456789abcdef";
  for (int shift = 20; shift >= 0; shift -= 4) id += kHex[random >> shift & 15];
  return id;
}

std::string RunRecord::time() const {
  return formatted("%04d-%02u-%02uT%02u:%02u:%02u.%03uZ", unix_ms_);
}

Span RunRecord::keep(std::string_view text) {
  constexpr std::size_t kMost = std::size_t{1} << 30;
  if (text.empty() || texts_.size() + text.size() > kMost) return {};
  const Span span{static_cast<std::uint32_t>(texts_.size()),
                  static_cast<std::uint32_t>(text.size())};
  texts_ += text;
  return span;
}

void RunRecord::took(std::uint32_t task, double seconds) {
  std::vector<double>& stage = took_.back();
  if (task >= stage.size())
    stage.resize(std::max<std::size_t>(task + std::size_t{1}, stage.size() * 2), 0);
  stage[task] = seconds;
}

std::vector<Sample> RunRecord::samples() const {
  std::vector<Sample> samples;
  samples.reserve(rows_.size());
  for (const TaskRow& row : rows_) {
    if (!row.ran) continue;
    Sample sample;
    sample.task = Timings::id(text(row.id));
    sample.ended_ms = unix_ms_ + static_cast<std::uint64_t>((row.start + row.duration) * 1000);
    sample.wall_ms = static_cast<float>(row.own * 1000);
    sample.cpu_ms = static_cast<float>((row.user + row.sys) * 1000);
    sample.peak_kib =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(row.peak_memory / 1024, UINT32_MAX));
    sample.attempts = row.attempts;
    sample.failed =
        row.status == TaskRow::Status::failed || row.status == TaskRow::Status::optional;
    samples.push_back(sample);
  }
  return samples;
}

void RunRecord::arrange() {
  std::stable_sort(rows_.begin(), rows_.end(),
                   [](const TaskRow& a, const TaskRow& b) { return a.start < b.start; });
}

RunRecord::Sums RunRecord::sums() const {
  Sums sums;
  for (const TaskRow& row : rows_) {
    sums.cpu += row.user + row.sys;
    sums.ran += row.ran ? 1 : 0;
    sums.measured += row.measured ? 1 : 0;
    sums.misses += row.cache == TaskRow::Cache::miss ? 1 : 0;
    sums.peak_memory = std::max(sums.peak_memory, row.peak_memory);
  }
  return sums;
}

// Who has the lowest number of those that are free at the start of a task has it. 0 for a task that
// was skipped.
std::vector<std::uint32_t> RunRecord::workers() const {
  using Busy = std::pair<double, std::uint32_t>;  // until when, who
  std::priority_queue<Busy, std::vector<Busy>, std::greater<>> busy;
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free;
  std::vector<std::uint32_t> workers(rows_.size(), 0);
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const TaskRow& row = rows_[i];
    if (row.status == TaskRow::Status::skipped) continue;
    while (!busy.empty() && busy.top().first <= row.start) {
      free.push(busy.top().second);
      busy.pop();
    }
    if (free.empty()) free.push(++count);
    workers[i] = free.top();
    free.pop();
    busy.emplace(row.start + row.duration, workers[i]);
  }
  return workers;
}

std::vector<std::uint32_t> RunRecord::positions() const {
  std::vector<std::uint32_t> positions;
  for (std::uint32_t i = 0; i < rows_.size(); ++i) {
    const std::uint32_t task = rows_[i].task;
    if (task == kNowhere) continue;
    if (task >= positions.size())
      positions.resize(std::max<std::size_t>(task + std::size_t{1}, positions.size() * 2),
                       kNowhere);
    positions[task] = i;
  }
  return positions;
}

std::string RunRecord::json(const RunFacts& facts) const {
  std::string text;
  std::size_t fresh_bytes = 0;
  for (const Span id : facts.fresh_tasks) fresh_bytes += id.size + 3;
  text.reserve(2048 + rows_.size() * 240 + fresh_bytes);
  JsonWriter out(text);
  const Sums sums = this->sums();
  out.open('{');
  out.key("schema").text("ggen-run");
  out.key("version").whole(1);
  out.key("id").text(facts.id);
  out.key("session").text(facts.session);
  out.key("time").text(facts.time);
  out.key("ggen").text(facts.version);
  out.key("pipeline").text(facts.pipeline);
  write_texts(out, "command", facts.command);
  write_git(out, facts);
  out.key("machine").text(facts.machine);
  out.key("jobs").whole(facts.jobs);
  out.key("code").code(facts.code);
  out.key("status").text(facts.status);

  out.key("totals").open('{');
  out.key("wall").seconds(facts.wall);
  write_usage(out, sums.ran == 0 || sums.measured > 0, sums.cpu, sums.peak_memory);
  out.key("critical_path").seconds(facts.critical_path);
  out.key("tasks").whole(facts.tasks);
  out.key("ok").whole(facts.ok);
  out.key("fresh").whole(facts.fresh);
  out.key("restored").whole(facts.restored);
  out.key("ran").whole(sums.ran);
  out.key("failed").whole(facts.failed);
  out.key("optional").whole(facts.optional);
  out.key("skipped").whole(facts.skipped);
  out.key("not_run").whole(facts.not_run);
  write_hit_rate(out, facts.fresh + facts.restored, sums.misses);
  write_work(out, facts, sums.misses);
  out.key("restored_bytes").whole(facts.restored_bytes);
  out.key("outputs");
  if (facts.outputs_known) {
    out.open('{');
    out.key("bytes").whole(facts.output_bytes);
    out.key("files").whole(facts.output_files);
    out.close('}');
  } else {
    out.word("null");
  }
  out.close('}');

  write_texts(out, "critical_path", facts.path);
  out.key("phases").open('[');
  for (const Phase& phase : facts.phases) {
    out.open('{');
    out.key("name").text(phase.name);
    out.key("start").seconds(phase.start);
    out.key("duration").seconds(phase.duration);
    out.key("tasks").whole(phase.tasks);
    out.close('}');
  }
  out.close(']');

  out.key("tasks").open('[');
  const std::vector<std::uint32_t> workers = this->workers();
  const std::vector<std::uint32_t> positions = this->positions();
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const TaskRow& row = rows_[i];
    const std::string_view id = this->text(row.id);
    out.open('{');
    out.key("id").text(id);
    if (row.workspace > 0) out.key("workspace").text(id.substr(0, row.workspace));
    out.key("status").name(kStatus[static_cast<std::size_t>(row.status)]);
    out.key("cache").name(kCache[static_cast<std::size_t>(row.cache)]);
    if (row.reason.size > 0) out.key("reason").text(this->text(row.reason));
    out.key("start").seconds(row.start);
    out.key("duration").seconds(row.duration);
    out.key("ran").seconds(row.own);
    if (row.measured) {
      out.key("user").seconds(row.user);
      out.key("sys").seconds(row.sys);
    }
    if (row.peak_memory > 0) out.key("peak_memory").whole(row.peak_memory);
    out.key("code").code(row.code);
    out.key("attempts").whole(row.attempts);
    out.key("worker").whole(workers[i]);
    if (row.message.size > 0) out.key("message").text(this->text(row.message));
    if (row.signal.size > 0) out.key("signal").text(this->text(row.signal));
    if (row.saved > 0) out.key("saved").seconds(row.saved);
    out.key("needs").open('[');
    if (i < facts.need_ends.size()) {
      for (std::uint32_t k = i == 0 ? 0 : facts.need_ends[i - 1]; k < facts.need_ends[i]; ++k) {
        const std::uint32_t task = facts.needs[k];
        const std::uint32_t at = task < positions.size() ? positions[task] : kNowhere;
        if (at != kNowhere && at != i) out.whole(at);
      }
    }
    out.close(']').close('}');
  }
  out.close(']');

  out.key("fresh").open('[');
  for (const Span id : facts.fresh_tasks) out.text(this->text(id));
  out.close(']');
  out.key("notes").open('[');
  for (const Note& note : facts.notes) {
    out.open('{');
    out.key("level").text(note.level);
    out.key("text").text(note.text);
    out.close('}');
  }
  out.close(']').close('}');
  text += '\n';
  return text;
}

// Which tasks a line has room for: all, or those that took longest, in their order.
std::vector<std::uint32_t> RunRecord::in_line() const {
  std::vector<std::uint32_t> chosen;
  for (std::uint32_t i = 0; i < rows_.size(); ++i)
    if (rows_[i].status != TaskRow::Status::skipped) chosen.push_back(i);
  if (chosen.size() <= kMostInLine) return chosen;
  const auto end = chosen.begin() + kMostInLine;
  std::nth_element(chosen.begin(), end, chosen.end(), [&](std::uint32_t a, std::uint32_t b) {
    return rows_[a].duration > rows_[b].duration;
  });
  chosen.erase(end, chosen.end());
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::string RunRecord::line(const RunFacts& facts) const {
  std::string text;
  const std::vector<std::uint32_t> chosen = in_line();
  text.reserve(1024 + chosen.size() * 120);
  JsonWriter out(text);
  const Sums sums = this->sums();
  std::string command;
  for (const std::string& word : facts.command) (command += command.empty() ? "" : " ") += word;
  out.open('{');
  out.key("v").whole(1);
  out.key("id").text(facts.id);
  out.key("session").text(facts.session);
  out.key("time").text(facts.time);
  out.key("pipeline").text(facts.pipeline);
  out.key("command").text(command);
  if (facts.in_git) {
    if (!facts.commit.empty()) out.key("commit").text(facts.commit);
    out.key("dirty").flag(facts.dirty);
  }
  out.key("machine").text(facts.machine);
  out.key("jobs").whole(facts.jobs);
  out.key("code").code(facts.code);
  out.key("status").text(facts.status);
  out.key("wall").seconds(facts.wall);
  write_usage(out, sums.ran == 0 || sums.measured > 0, sums.cpu, sums.peak_memory);
  out.key("critical_path").seconds(facts.critical_path);
  write_hit_rate(out, facts.fresh + facts.restored, sums.misses);
  out.key("tasks_total").whole(facts.tasks);
  out.key("fresh").whole(facts.fresh);
  write_work(out, facts, sums.misses);
  out.key("restored").whole(facts.restored_bytes);
  if (facts.outputs_known) {
    out.key("out_bytes").whole(facts.output_bytes);
    out.key("out_files").whole(facts.output_files);
  }
  out.key("phases").open('[');
  for (const Phase& phase : facts.phases) {
    out.open('{');
    out.key("name").text(phase.name);
    out.key("duration").seconds(phase.duration);
    out.close('}');
  }
  out.close(']');
  out.key("tasks").open('[');
  for (const std::uint32_t i : chosen) {
    const TaskRow& row = rows_[i];
    out.open('{');
    out.key("id").text(this->text(row.id));
    out.key("duration").seconds(row.ran ? row.own : row.duration);
    if (row.measured) out.key("cpu").seconds(row.user + row.sys);
    if (row.peak_memory > 0) out.key("peak_memory").whole(row.peak_memory);
    out.key("cache").name(kCache[static_cast<std::size_t>(row.cache)]);
    out.key("code").code(row.code);
    out.key("retries").whole(row.attempts > 0 ? row.attempts - 1U : 0U);
    out.close('}');
  }
  out.close(']').close('}');
  text += '\n';
  return text;
}

}  // namespace ggen::state
