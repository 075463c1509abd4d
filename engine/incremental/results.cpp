// SPDX-License-Identifier: MIT
#include "incremental/results.h"

#include <iterator>
#include <map>

#include "base/pack.h"
#include "hash/checksum.h"

namespace ggen::incremental {

namespace {

void pack_entry(Packer& out, std::uint64_t task, const LastResult& result) {
  out.number(task);
  out.digest(result.key);
  out.digest(result.outputs);
  out.digest(result.before);
  out.number(result.created_ms);
  out.number(result.bytes);
  out.number(result.duration_ms);
  out.number(static_cast<std::uint32_t>(result.outcome));
}

constexpr std::string_view kOutcomes[] = {"",        "failed",  "interrupted", "moved",
                                          "missing", "unknown", "altered",     "ended"};

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  const auto number = static_cast<std::size_t>(outcome);
  return number < std::size(kOutcomes) ? kOutcomes[number] : "unknown";
}

Outcome outcome_of_name(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kOutcomes); ++i) {
    if (kOutcomes[i] == name) return static_cast<Outcome>(i);
  }
  return Outcome::unknown;
}

void Results::load(std::string_view packed) {
  load_beneath(packed);
  changes_.clear();
}

void Results::load_beneath(std::string_view packed) {
  Unpacker in(packed);
  const auto count = in.number<std::uint32_t>();
  entries_ = in.can_hold(count, kEntrySize) ? in.raw(count * kEntrySize) : std::string_view();
  if (!in.at_end()) entries_ = {};
}

std::size_t Results::size() const { return entries_.size() / kEntrySize; }

std::uint64_t Results::task_at(std::size_t i) const {
  return Unpacker(entries_.substr(i * kEntrySize)).number<std::uint64_t>();
}

LastResult Results::result_at(std::size_t i) const {
  Unpacker in(entries_.substr(i * kEntrySize + 8));
  LastResult result;
  result.key = in.digest();
  result.outputs = in.digest();
  result.before = in.digest();
  result.created_ms = in.number<std::uint64_t>();
  result.bytes = in.number<std::uint64_t>();
  result.duration_ms = in.number<std::uint32_t>();
  result.outcome = static_cast<Outcome>(in.number<std::uint32_t>());
  return result;
}

std::optional<LastResult> Results::find(std::string_view task) const {
  const std::uint64_t wanted = hash::checksum(task);
  if (const auto changed = changes_.find(wanted); changed != changes_.end()) return changed->second;
  std::size_t low = 0;
  std::size_t high = size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (task_at(middle) < wanted)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == size() || task_at(low) != wanted) return std::nullopt;
  return result_at(low);
}

void Results::set(std::string_view task, const LastResult& result) {
  changes_[hash::checksum(task)] = result;
}

void Results::set_not_kept(std::string_view task, Outcome outcome, std::uint64_t now_ms) {
  LastResult result;
  if (const auto last = find(task)) {
    result.before = last->outcome == Outcome::kept ? last->key : last->before;
  }
  result.created_ms = now_ms;
  result.outcome = outcome;
  set(task, result);
}

void Results::erase(std::string_view task) {
  if (find(task)) changes_[hash::checksum(task)] = std::nullopt;
}

bool Results::replaced(std::string_view task) const {
  return changes_.contains(hash::checksum(task));
}

std::string Results::pack() const {
  const std::map<std::uint64_t, std::optional<LastResult>> sorted(changes_.begin(), changes_.end());
  Packer entries;
  std::uint32_t count = 0;
  auto change = sorted.begin();
  const auto take_changes_below = [&](std::uint64_t limit, bool all) {
    for (; change != sorted.end() && (all || change->first < limit); ++change) {
      if (!change->second) continue;
      pack_entry(entries, change->first, *change->second);
      ++count;
    }
  };
  for (std::size_t i = 0; i < size(); ++i) {
    const std::uint64_t task = task_at(i);
    take_changes_below(task, false);
    if (change != sorted.end() && change->first == task) continue;
    entries.raw(entries_.substr(i * kEntrySize, kEntrySize));
    ++count;
  }
  take_changes_below(0, true);
  Packer out;
  out.number(count);
  out.raw(entries.bytes());
  return out.take();
}

}  // namespace ggen::incremental
