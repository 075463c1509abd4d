// SPDX-License-Identifier: MIT
#include "cache/nearest.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "cache/walk.h"

namespace ggen::cache {

namespace {

bool tells(const Part& part) {
  return part.kind != "task" && part.kind != "platform" && part.kind != "tool" &&
         part.kind != "shell";
}

bool is_place(const Part& part) {
  return part.kind == "input" || part.kind == "outputs" || part.kind == "need";
}

// More keys than that for each result that is looked at are not looked up: their results are gone.
constexpr std::size_t kGone = 4;

}  // namespace

Common common_parts(std::span<const Part> a, std::span<const Part> b) {
  using Text = std::tuple<std::string_view, std::string_view, std::string_view>;
  std::map<Text, std::size_t> counts;
  std::set<std::pair<std::string_view, std::string_view>> places;
  std::size_t of_a = 0, commands_of_a = 0, commands_of_b = 0, commands = 0;
  for (const Part& part : a) {
    if (!tells(part)) continue;
    ++of_a;
    ++counts[{part.kind, part.name, part.value}];
    commands_of_a += part.kind == "command";
    if (is_place(part)) places.emplace(part.kind, part.name);
  }
  Common common;
  for (const Part& part : b) {
    if (!tells(part)) continue;
    ++common.of;
    commands_of_b += part.kind == "command";
    common.place = common.place || (is_place(part) && places.contains({part.kind, part.name}));
    const auto found = counts.find({part.kind, part.name, part.value});
    if (found == counts.end() || found->second == 0) continue;
    --found->second;
    ++common.parts;
    commands += part.kind == "command";
  }
  common.of = std::max(common.of, of_a);
  common.command = commands == commands_of_a && commands == commands_of_b;
  return common;
}

Result<void> NearestResults::read_journal() {
  if (read_) return {};
  read_ = true;
  // Unchecked: a key that was never one names no action.
  return journal_.look_back([this](const RawRecord& raw) {
    if (raw.op() != Op::store) return true;
    tasks_.push_back(raw.task());
    stored_.push_back(raw.key());
    return true;
  });
}

bool NearestResults::has_none(std::string_view task) const {
  return read_ && std::find(tasks_.begin(), tasks_.end(), task_hash(task)) == tasks_.end();
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
  std::set<ShortKey> seen;
  std::optional<Action> best;
  std::size_t most = 0, looked = 0;
  for (auto next = tasks_.begin();; ++next) {
    next = std::find(next, tasks_.end(), wanted);
    if (next == tasks_.end() || seen.size() == kGone * limit) break;
    const ShortKey& stored = stored_[static_cast<std::size_t>(next - tasks_.begin())];
    if (!seen.insert(stored).second) continue;
    const auto key = whole_key(stored);
    if (!key || *key == but) continue;
    if (++looked > limit) break;
    GGEN_TRY_ASSIGN(auto action, actions_.get(*key));
    if (!action || action->task != task) continue;  // another id may have the same hash
    const Common common = common_parts(action->parts, parts);
    if (common.parts <= most || !common.alike()) continue;
    most = common.parts;
    best = std::move(action);
    if (common.parts + 1 >= common.of) break;
  }
  return best;
}

}  // namespace ggen::cache
