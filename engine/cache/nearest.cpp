// SPDX-License-Identifier: MIT
#include "cache/nearest.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <tuple>

#include "cache/walk.h"

namespace ggen::cache {

namespace {

bool tells(const Part& part) {
  return part.kind != "platform" && part.kind != "tool" && part.kind != "shell";
}

}  // namespace

Common common_parts(std::span<const Part> a, std::span<const Part> b) {
  using Text = std::tuple<std::string_view, std::string_view, std::string_view>;
  std::map<Text, std::size_t> counts;
  std::size_t of_a = 0;
  for (const Part& part : a) {
    if (!tells(part)) continue;
    ++of_a;
    ++counts[{part.kind, part.name, part.value}];
  }
  Common common;
  for (const Part& part : b) {
    if (!tells(part)) continue;
    ++common.of;
    const auto found = counts.find({part.kind, part.name, part.value});
    if (found == counts.end() || found->second == 0) continue;
    --found->second;
    ++common.parts;
  }
  common.of = std::max(common.of, of_a);
  return common;
}

Result<void> NearestResults::read_journal() {
  if (stored_) return {};
  GGEN_TRY_ASSIGN(const Journal::Read read, journal_.read());
  std::map<std::pair<std::uint32_t, ShortKey>, std::uint64_t> newest;
  for (const Record& record : read.records) {
    if (record.op != Op::store) continue;
    auto& time_ms = newest[{record.task, record.key}];
    time_ms = std::max(time_ms, record.time_ms);
  }
  stored_.emplace();
  stored_->reserve(newest.size());
  for (const auto& [of, time_ms] : newest) stored_->push_back({of.first, time_ms, of.second});
  std::stable_sort(stored_->begin(), stored_->end(), [](const Stored& a, const Stored& b) {
    return std::pair(a.task, b.time_ms) < std::pair(b.task, a.time_ms);
  });
  return {};
}

std::optional<Digest> NearestResults::whole_key(const ShortKey& key) {
  auto& list = keys_[key[0]];
  if (!list) {
    list.emplace();
    const auto taken = each_file_of(directory_.actions(), key[0], [&](const StoredFile& file) {
      if (file.digest) list->push_back(*file.digest);
    });
    if (!taken) return std::nullopt;
  }
  const auto found = std::find_if(list->begin(), list->end(),
                                  [&](const Digest& digest) { return short_key(digest) == key; });
  return found == list->end() ? std::nullopt : std::optional(*found);
}

Result<std::optional<Action>> NearestResults::find(std::string_view task,
                                                   std::span<const Part> parts, const Digest& but,
                                                   std::size_t limit) {
  GGEN_TRY(read_journal());
  const std::uint32_t wanted = task_hash(task);
  auto next = std::lower_bound(stored_->begin(), stored_->end(), wanted,
                               [](const Stored& a, std::uint32_t b) { return a.task < b; });
  std::optional<Action> best;
  std::size_t most = 0;
  for (std::size_t seen = 0; next != stored_->end() && next->task == wanted; ++next) {
    const auto key = whole_key(next->key);
    if (!key || *key == but) continue;
    if (++seen > limit) break;
    GGEN_TRY_ASSIGN(auto action, actions_.get(*key));
    if (!action || action->task != task) continue;  // another id may have the same hash
    const Common common = common_parts(action->parts, parts);
    if (common.parts <= most || 2 * common.parts < common.of) continue;
    most = common.parts;
    best = std::move(action);
  }
  return best;
}

}  // namespace ggen::cache
