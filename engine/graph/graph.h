// The tasks of a pipeline and what each of them waits for: built by add() and edge(), then frozen
// into compact arrays that never change again. Knows names, pools and order; knows neither what a
// task does nor how far a run has come (that is plan.h). No algorithm here recurses, so a chain of
// a million tasks is as good as any other graph.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/dense_map.h"

namespace ggen::graph {

// When a task may start.
enum class RunOn : std::uint8_t {
  success,  // all that it needs is done
  always,   // all that it needs has ended, however (a `finally` task)
};

enum class EdgeKind : std::uint8_t {
  need,   // selecting the later task selects the earlier one, whose failure skips the later one
  after,  // orders the two only if both are selected; the earlier one may fail
};

// One end of an edge, as the arrays keep it: a task and the kind of the edge, in 32 bits.
class Link {
 public:
  Link() = default;
  Link(TaskId task, EdgeKind kind)
      : bits_(static_cast<std::uint32_t>(task) << 1 | static_cast<std::uint32_t>(kind)) {}
  TaskId task() const { return static_cast<TaskId>(bits_ >> 1); }
  EdgeKind kind() const { return static_cast<EdgeKind>(bits_ & 1); }
  bool operator==(const Link&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

// Each task waits for the one that follows it; the first is repeated at the end.
using Cycle = std::vector<TaskId>;

class Graph {
 public:
  static constexpr PoolId kNoPool{0};
  static constexpr std::uint32_t kUnlimited = ~std::uint32_t{0};
  static constexpr std::size_t kMaxTasks = std::size_t{1} << 31;

  Graph() { pool_sizes_.push(kUnlimited); }

  // The pool of that name; a new one has room for one task until resize() says otherwise.
  PoolId pool(std::string_view name);
  // At most `size` (>= 1) tasks of the pool run at once.
  void resize(PoolId pool, std::uint32_t size);

  TaskId add(std::string_view name, PoolId pool = kNoPool, RunOn run_on = RunOn::success);
  // The same edge may be given many times; of two kinds the need wins.
  void edge(TaskId before, TaskId after, EdgeKind kind = EdgeKind::need);

  // Ends the building. With a cycle the graph stays unfrozen and is good only for its names.
  [[nodiscard]] std::optional<Cycle> freeze();
  bool frozen() const { return frozen_; }
  // A copy of a frozen graph that takes more edges.
  Graph thawed() const;
  // A frozen graph as bytes, in the order of the machine (graph_bytes.cpp). load() gives nothing
  // for bytes that save() cannot have made: what it gives is a good graph, whoever wrote the bytes.
  std::string save() const;
  static std::optional<Graph> load(std::string_view bytes);

  std::size_t size() const { return pools_.size(); }
  std::size_t edge_count() const { return needs_.links.size(); }
  bool contains(TaskId id) const { return pools_.contains(id); }
  std::string_view name(TaskId id) const;
  RunOn run_on(TaskId id) const { return run_on_[id]; }
  PoolId pool_of(TaskId id) const { return pools_[id]; }
  const DenseMap<PoolId, std::uint32_t>& pool_sizes() const { return pool_sizes_; }

  // Of a frozen graph: what the task waits for, and what waits for it; both ordered by id.
  std::span<const Link> needs(TaskId id) const { return needs_.row(id); }
  std::span<const Link> dependents(TaskId id) const { return dependents_.row(id); }
  // All tasks so that each comes after what it waits for; where there is a choice, in the order of
  // declaration. It is the order in which a run with one slot and no priorities starts them.
  std::span<const TaskId> order() const { return order_; }

 private:
  // Rows of links, end to end; row i is links[offsets[i]] .. links[offsets[i + 1]].
  struct Rows {
    std::vector<std::uint32_t> offsets;
    std::vector<Link> links;
    std::span<const Link> row(TaskId id) const {
      const std::size_t i = index_of(id);
      return {links.data() + offsets[i], links.data() + offsets[i + 1]};
    }
  };
  struct Edge {
    TaskId before;
    Link after;
  };

  Rows rows_of_edges() const;
  static Rows transposed(const Rows& rows);
  static void collapse_duplicates(Rows& rows);
  std::vector<TaskId> sorted() const;
  Cycle find_cycle(const std::vector<TaskId>& sorted) const;
  bool is_sound() const;

  std::string names_;  // end to end; a name ends where the next one starts
  DenseMap<TaskId, std::size_t> name_starts_;
  DenseMap<TaskId, PoolId> pools_;
  DenseMap<TaskId, RunOn> run_on_;
  DenseMap<PoolId, std::uint32_t> pool_sizes_;
  std::map<std::string, PoolId, std::less<>> pool_names_;
  std::vector<Edge> edges_;  // empty once frozen
  Rows needs_, dependents_;
  std::vector<TaskId> order_;
  bool frozen_ = false;
};

// "a -> b -> a", with the middle of a long cycle left out.
std::string describe(const Graph& graph, const Cycle& cycle);

}  // namespace ggen::graph
