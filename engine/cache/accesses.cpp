// SPDX-License-Identifier: MIT
#include "cache/accesses.h"

#include <algorithm>

namespace ggen::cache {

namespace {

// The hits of each group, as ranges of the records: the newest group of an id up to now.
class Groups {
 public:
  explicit Groups(std::span<const Record> records) : records_(records) {}

  void add(std::size_t at) {
    std::size_t count = std::min<std::uint64_t>(records_[at].bytes, records_.size() - at - 1);
    // Damage may have taken some of them.
    for (std::size_t i = 0; i < count; ++i)
      if (records_[at + 1 + i].op != Op::hit) count = i;
    by_id_[records_[at].key] = records_.subspan(at + 1, count);
  }
  std::span<const Record> find(const ShortKey& id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? std::span<const Record>() : found->second;
  }

 private:
  std::span<const Record> records_;
  std::unordered_map<ShortKey, std::span<const Record>, ShortKeyHash> by_id_;
};

// Calls visit(record, time) for each store and each hit, those of repeats included.
template <class Visit>
void each_access(std::span<const Record> records, const Visit& visit) {
  Groups groups(records);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i];
    if (record.op == Op::group) groups.add(i);
    if (record.op == Op::store || record.op == Op::hit) visit(record, record.time_ms);
    if (record.op == Op::repeat)
      for (const Record& hit : groups.find(record.key)) visit(hit, record.time_ms);
  }
}

}  // namespace

Accesses accesses_of(std::span<const Record> records) {
  Accesses result;
  std::unordered_map<ShortKey, std::uint32_t, ShortKeyHash> numbers;
  each_access(records, [&](const Record& record, std::uint64_t time_ms) {
    const auto next = static_cast<std::uint32_t>(result.keys.size());
    const auto [at, is_new] = numbers.emplace(record.key, next);
    if (is_new) result.keys.push_back(record.key);
    result.key.push_back(at->second);
    result.time_ms.push_back(time_ms);
    result.bytes.push_back(record.bytes);
    result.cost_ms.push_back(record.cost_ms);
    result.task.push_back(record.task);
  });
  return result;
}

UsageByKey usage_by_key(std::span<const Record> records) {
  UsageByKey result;
  each_access(records, [&](const Record& record, std::uint64_t time_ms) {
    Usage& usage = result[record.key];
    usage.last_access_ms = std::max(usage.last_access_ms, time_ms);
    ++(record.op == Op::store ? usage.stores : usage.hits);
  });
  return result;
}

TotalsByTask totals_of(std::span<const Record> records) {
  TotalsByTask result;
  const auto add = [&](std::uint32_t task, const auto& change) {
    change(result.all);
    change(result.by_task[task]);
  };
  Groups groups(records);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i];
    switch (record.op) {
      case Op::store:
        add(record.task, [&](Totals& totals) {
          ++totals.stores;
          ++totals.misses;
          totals.spent_ms += record.cost_ms;
        });
        break;
      case Op::miss:
        add(record.task, [&](Totals& totals) {
          ++totals.misses;
          totals.spent_ms += record.cost_ms;
        });
        break;
      case Op::hit:
        add(record.task, [&](Totals& totals) {
          ++totals.hits;
          totals.saved_ms += record.cost_ms;
        });
        break;
      case Op::repeat:
        result.all.hits += record.bytes;
        result.all.saved_ms += record.cost_ms;
        for (const Record& hit : groups.find(record.key)) {
          Totals& totals = result.by_task[hit.task];
          ++totals.hits;
          totals.saved_ms += hit.cost_ms;
        }
        break;
      case Op::total:
        result.all.hits += record.bytes;
        result.all.saved_ms += record.cost_ms;
        break;
      case Op::evict:
        add(record.task, [&](Totals& totals) {
          ++totals.evictions;
          totals.evicted_bytes += record.bytes;
        });
        break;
      case Op::group: groups.add(i); break;
      case Op::clear: break;
    }
  }
  return result;
}

}  // namespace ggen::cache
