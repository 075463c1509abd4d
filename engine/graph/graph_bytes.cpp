// A frozen graph as bytes, so that it need not be built again:
//
//   u64 number of tasks, of pools, of links, of bytes of names; u64 bytes of pool names
//   u64 start of each task's name, u32 pool, u8 run-on: for each task
//   u32 size of each pool
//   u32 offsets of the rows of needs (tasks + 1), u32 links
//   u32 order of the tasks
//   names, end to end; names of pools, each with u32 id, u32 length before it
//
// Each array begins at an offset that 8 divides.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/bug.h"
#include "graph/graph.h"

namespace ggen::graph {

namespace {

constexpr std::size_t kAlignment = 8;

template <class Items>
void put(std::string& out, const Items& items) {
  out.append((kAlignment - out.size() % kAlignment) % kAlignment, '\0');
  using Item = std::remove_cvref_t<decltype(*items.begin())>;
  if (items.begin() == items.end()) return;
  const auto count = static_cast<std::size_t>(items.end() - items.begin());
  out.append(reinterpret_cast<const char*>(&*items.begin()), count * sizeof(Item));
}

// Takes arrays from the front of bytes. Counts are checked against what is left before anything is
// allocated.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  bool take(std::vector<T>& items, std::uint64_t count) {
    at_ += (kAlignment - at_ % kAlignment) % kAlignment;
    if (at_ > bytes_.size() || count > (bytes_.size() - at_) / sizeof(T)) return false;
    items.resize(count);
    if (count > 0) std::memcpy(items.data(), bytes_.data() + at_, count * sizeof(T));
    at_ += count * sizeof(T);
    return true;
  }
  bool at_end() const { return at_ == bytes_.size(); }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

template <class T>
bool rises(const std::vector<T>& offsets, std::uint64_t last) {
  return std::is_sorted(offsets.begin(), offsets.end()) &&
         (offsets.empty() || (offsets.front() == 0 && offsets.back() <= last));
}

}  // namespace

std::string Graph::save() const {
  GGEN_BUG_IF(!frozen_, "an open graph saved");
  std::string pools;
  for (const auto& [name, id] : pool_names_) {
    const std::array<std::uint32_t, 2> head{static_cast<std::uint32_t>(id),
                                            static_cast<std::uint32_t>(name.size())};
    pools.append(reinterpret_cast<const char*>(head.data()), sizeof head);
    pools += name;
  }
  const std::array<std::uint64_t, 5> counts{size(), pool_sizes_.size(), needs_.links.size(),
                                            names_.size(), pools.size()};
  std::string out;
  put(out, counts);
  put(out, name_starts_);
  put(out, pools_);
  put(out, run_on_);
  put(out, pool_sizes_);
  put(out, needs_.offsets);
  put(out, needs_.links);
  put(out, order_);
  put(out, names_);
  put(out, pools);
  return out;
}

std::optional<Graph> Graph::load(std::string_view bytes) {
  Reader reader(bytes);
  std::vector<std::uint64_t> counts;
  if (!reader.take(counts, 5)) return std::nullopt;
  const auto [tasks, pools, links] = std::array{counts[0], counts[1], counts[2]};
  if (tasks >= kMaxTasks) return std::nullopt;
  std::vector<std::size_t> name_starts;
  std::vector<PoolId> pool_of;
  std::vector<RunOn> run_on;
  std::vector<std::uint32_t> pool_sizes;
  std::vector<char> names;
  std::vector<char> pool_names;
  Graph graph;
  const bool complete = reader.take(name_starts, tasks) && reader.take(pool_of, tasks) &&
                        reader.take(run_on, tasks) && reader.take(pool_sizes, pools) &&
                        reader.take(graph.needs_.offsets, tasks + 1) &&
                        reader.take(graph.needs_.links, links) &&
                        reader.take(graph.order_, tasks) && reader.take(names, counts[3]) &&
                        reader.take(pool_names, counts[4]) && reader.at_end();
  if (!complete || !rises(name_starts, names.size())) return std::nullopt;

  graph.names_.assign(names.begin(), names.end());
  graph.name_starts_ = DenseMap<TaskId, std::size_t>(std::move(name_starts));
  graph.pools_ = DenseMap<TaskId, PoolId>(std::move(pool_of));
  graph.run_on_ = DenseMap<TaskId, RunOn>(std::move(run_on));
  graph.pool_sizes_ = DenseMap<PoolId, std::uint32_t>(std::move(pool_sizes));
  std::string_view rest(pool_names.data(), pool_names.size());
  while (!rest.empty()) {
    std::array<std::uint32_t, 2> head{};
    if (rest.size() < sizeof head) return std::nullopt;
    std::memcpy(head.data(), rest.data(), sizeof head);
    rest.remove_prefix(sizeof head);
    if (head[1] > rest.size()) return std::nullopt;
    graph.pool_names_.emplace(rest.substr(0, head[1]), static_cast<PoolId>(head[0]));
    rest.remove_prefix(head[1]);
  }
  if (!graph.is_sound()) return std::nullopt;
  // The other direction takes no longer to make than to check.
  graph.dependents_ = transposed(graph.needs_);
  graph.frozen_ = true;
  return graph;
}

// Whether all numbers name something, and the order is one: each task once, after what it needs.
bool Graph::is_sound() const {
  if (!rises(needs_.offsets, needs_.links.size()) || needs_.offsets.back() != needs_.links.size() ||
      pool_sizes_.size() == 0 || pool_sizes_[kNoPool] != kUnlimited)
    return false;
  for (const std::uint32_t size : pool_sizes_)
    if (size == 0) return false;
  for (const auto& [name, id] : pool_names_)
    if (id == kNoPool || !pool_sizes_.contains(id)) return false;
  for (const PoolId pool : pools_)
    if (!pool_sizes_.contains(pool)) return false;
  for (const RunOn run_on : run_on_)
    if (run_on > RunOn::always) return false;
  std::vector<bool> done(size(), false);
  for (const TaskId id : order_) {
    if (!contains(id) || done[index_of(id)]) return false;
    for (std::size_t i = 0; i < needs(id).size(); ++i) {
      const TaskId need = needs(id)[i].task();
      if (!contains(need) || !done[index_of(need)]) return false;
      if (i > 0 && need <= needs(id)[i - 1].task()) return false;
    }
    done[index_of(id)] = true;
  }
  return true;
}

}  // namespace ggen::graph
