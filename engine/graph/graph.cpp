// SPDX-License-Identifier: MIT
#include "graph/graph.h"

#include <algorithm>
#include <queue>

#include "base/bug.h"

namespace ggen::graph {

PoolId Graph::pool(std::string_view name) {
  if (const auto known = pool_names_.find(name); known != pool_names_.end()) return known->second;
  GGEN_BUG_IF(frozen_, "a pool added to a frozen graph");
  const PoolId id = pool_sizes_.push(1);
  pool_names_.emplace(name, id);
  return id;
}

void Graph::resize(PoolId pool, std::uint32_t size) {
  GGEN_BUG_IF(frozen_, "a pool of a frozen graph resized");
  GGEN_BUG_IF(pool == kNoPool || !pool_sizes_.contains(pool), "unknown pool resized");
  GGEN_BUG_IF(size == 0, "a pool without room would wait for ever");
  pool_sizes_[pool] = size;
}

TaskId Graph::add(std::string_view name, PoolId pool, RunOn run_on) {
  GGEN_BUG_IF(frozen_, "a task added to a frozen graph");
  GGEN_BUG_IF(!pool_sizes_.contains(pool), "a task added to an unknown pool");
  GGEN_BUG_IF(size() >= kMaxTasks, "more than 2^31 tasks");
  name_starts_.push(names_.size());
  names_.append(name);
  run_on_.push(run_on);
  return pools_.push(pool);
}

void Graph::edge(TaskId before, TaskId after, EdgeKind kind) {
  GGEN_BUG_IF(frozen_, "an edge added to a frozen graph");
  GGEN_BUG_IF(!contains(before) || !contains(after), "an edge to an unknown task");
  edges_.push_back({before, Link(after, kind)});
}

std::string_view Graph::name(TaskId id) const {
  const std::size_t start = name_starts_[id];
  const auto next = static_cast<TaskId>(index_of(id) + 1);
  const std::size_t end = name_starts_.contains(next) ? name_starts_[next] : names_.size();
  return std::string_view(names_).substr(start, end - start);
}

std::optional<Cycle> Graph::freeze() {
  GGEN_BUG_IF(frozen_, "a graph frozen twice");
  // Transposing lists each row in the order of the other end's ids, so that two of them sort the
  // edges both ways in linear time, with equal edges side by side.
  needs_ = transposed(rows_of_edges());
  collapse_duplicates(needs_);
  dependents_ = transposed(needs_);

  order_ = sorted();
  if (order_.size() != size()) {
    Cycle cycle = find_cycle(order_);
    needs_ = dependents_ = {};
    order_ = {};
    return cycle;
  }
  frozen_ = true;
  edges_ = {};
  return std::nullopt;
}

Graph Graph::thawed() const {
  GGEN_BUG_IF(!frozen_, "an open graph thawed");
  Graph copy = *this;
  copy.frozen_ = false;
  copy.order_ = {};
  copy.edges_.reserve(edge_count());
  for (std::size_t i = 0; i < size(); ++i) {
    const auto after = static_cast<TaskId>(i);
    for (const Link& link : needs_.row(after))
      copy.edges_.push_back({link.task(), Link(after, link.kind())});
  }
  copy.needs_ = copy.dependents_ = {};
  return copy;
}

// A row for each earlier task, its edges in the order in which they were given.
Graph::Rows Graph::rows_of_edges() const {
  GGEN_BUG_IF(edges_.size() >= kMaxTasks, "more than 2^31 edges");
  Rows rows;
  rows.offsets.assign(size() + 2, 0);
  // Counted two places up and filled one place up: when all is filled, the offsets are right.
  for (const Edge& edge : edges_) ++rows.offsets[index_of(edge.before) + 2];
  for (std::size_t i = 2; i < rows.offsets.size(); ++i) rows.offsets[i] += rows.offsets[i - 1];
  rows.links.resize(edges_.size());
  for (const Edge& edge : edges_)
    rows.links[rows.offsets[index_of(edge.before) + 1]++] = edge.after;
  rows.offsets.pop_back();
  return rows;
}

Graph::Rows Graph::transposed(const Rows& rows) {
  Rows result;
  const std::size_t count = rows.offsets.size() - 1;
  result.offsets.assign(count + 2, 0);
  for (const Link& link : rows.links) ++result.offsets[index_of(link.task()) + 2];
  for (std::size_t i = 2; i < result.offsets.size(); ++i)
    result.offsets[i] += result.offsets[i - 1];
  result.links.resize(rows.links.size());
  for (std::size_t i = 0; i < count; ++i) {
    const auto id = static_cast<TaskId>(i);
    for (const Link& link : rows.row(id))
      result.links[result.offsets[index_of(link.task()) + 1]++] = Link(id, link.kind());
  }
  result.offsets.pop_back();
  return result;
}

void Graph::collapse_duplicates(Rows& rows) {
  std::uint32_t kept = 0;
  std::uint32_t from = 0;
  for (std::size_t row = 0; row + 1 < rows.offsets.size(); ++row) {
    const std::uint32_t first = kept;
    const std::uint32_t to = rows.offsets[row + 1];
    for (; from < to; ++from) {
      const Link link = rows.links[from];
      if (kept > first && rows.links[kept - 1].task() == link.task()) {
        if (link.kind() == EdgeKind::need) rows.links[kept - 1] = link;
      } else {
        rows.links[kept++] = link;
      }
    }
    rows.offsets[row + 1] = kept;
  }
  rows.links.resize(kept);
}

// Leaves out what lies on a cycle and what waits for it.
std::vector<TaskId> Graph::sorted() const {
  std::vector<TaskId> order;
  order.reserve(size());
  // Most pipelines declare what is needed before what needs it: then nothing needs sorting.
  bool declared_in_order = true;
  for (std::size_t i = 0; i < size() && declared_in_order; ++i) {
    const auto id = static_cast<TaskId>(i);
    const auto row = needs_.row(id);
    declared_in_order = row.empty() || row.back().task() < id;
    order.push_back(id);
  }
  if (declared_in_order) return order;

  order.clear();
  std::vector<std::uint32_t> waits(size());
  std::priority_queue<TaskId, std::vector<TaskId>, std::greater<>> free;
  for (std::size_t i = 0; i < size(); ++i) {
    waits[i] = static_cast<std::uint32_t>(needs_.row(static_cast<TaskId>(i)).size());
    if (waits[i] == 0) free.push(static_cast<TaskId>(i));
  }
  while (!free.empty()) {
    const TaskId id = free.top();
    free.pop();
    order.push_back(id);
    for (const Link& link : dependents_.row(id))
      if (--waits[index_of(link.task())] == 0) free.push(link.task());
  }
  return order;
}

// Every task that sorted() left out waits for another such task, so walking from one to the next
// must come back to a place where it has been.
Cycle Graph::find_cycle(const std::vector<TaskId>& sorted) const {
  std::vector<bool> left_out(size(), true);
  for (const TaskId id : sorted) left_out[index_of(id)] = false;
  auto at =
      static_cast<TaskId>(std::find(left_out.begin(), left_out.end(), true) - left_out.begin());
  constexpr std::size_t kNotSeen = ~std::size_t{0};
  std::vector<std::size_t> seen(size(), kNotSeen);
  Cycle walk;
  while (seen[index_of(at)] == kNotSeen) {
    seen[index_of(at)] = walk.size();
    walk.push_back(at);
    const auto row = needs_.row(at);
    at = std::find_if(row.begin(), row.end(), [&](const Link& link) {
           return left_out[index_of(link.task())];
         })->task();
  }
  walk.erase(walk.begin(), walk.begin() + static_cast<std::ptrdiff_t>(seen[index_of(at)]));
  // Starts with the task declared first, so that one cycle always reads the same.
  std::rotate(walk.begin(), std::min_element(walk.begin(), walk.end()), walk.end());
  walk.push_back(walk.front());
  return walk;
}

std::string describe(const Graph& graph, const Cycle& cycle) {
  constexpr std::size_t kShown = 10;  // at each end
  std::string text;
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    if (i > 0) text += " -> ";
    if (i == kShown && cycle.size() > 2 * kShown + 1) {
      const std::size_t hidden = cycle.size() - 2 * kShown;
      text += "... (" + std::to_string(hidden) + " more) -> ";
      i += hidden;
    }
    text += graph.name(cycle[i]);
  }
  return text;
}

}  // namespace ggen::graph
