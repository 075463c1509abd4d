// Which of the tasks that could start is next: the highest priority whose pool has room, and of
// equal ones the task declared first. Knows neither states nor edges (plan.h does).
//
// Each pool has a heap of its waiting tasks for each kind of load, and one more heap of each kind
// holds the pools that have room, ordered by their best task. A hundred thousand tasks that wait
// for one full pool are thus one heap that nobody looks into: every call here is O(log n).
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "graph/graph.h"

namespace ggen::graph {

// What a task mostly does: it computes, or it waits for a disk or a network. How many run at once
// is limited for each kind by itself.
enum class Load : std::uint8_t { cpu, io };
constexpr std::size_t kLoadCount = 2;

// A binary heap of ids that knows where each id sits, so that one can be moved or taken out from
// the middle. `Order` has before(a, b): a comes out first, and place(id): a slot to keep the place.
template <class Order>
class PlacedHeap {
 public:
  static constexpr std::uint32_t kNoPlace = ~std::uint32_t{0};

  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  std::uint32_t top() const { return items_.front(); }
  void push(std::uint32_t id, const Order& order);
  void erase(std::uint32_t id, const Order& order);
  // To be called after the id's rank changed.
  void moved(std::uint32_t id, const Order& order);

 private:
  void rise(std::uint32_t at, const Order& order);
  void sink(std::uint32_t at, const Order& order);
  std::vector<std::uint32_t> items_;
};

class ReadyQueue {
 public:
  explicit ReadyQueue(const Graph& graph);

  // A task waits for its turn; it no longer does.
  void push(TaskId id);
  void erase(TaskId id);
  // One place in the task's pool is taken, and given back.
  // Only `force` may take more than there are.
  void occupy(TaskId id, bool force = false);
  void vacate(TaskId id);
  // From here on these have a place each, and nobody else has.
  void recount(std::span<const TaskId> holders);

  // Higher ones start earlier; 0 until set. May be called at any time. Not a NaN.
  void set_priority(TaskId id, double priority);
  double priority(TaskId id) const { return priorities_[id]; }

  // All tasks are of the kind cpu until this is called, at most once and before anything starts.
  void set_io(std::span<const TaskId> ids);
  void limit(Load load, std::uint32_t size) { loads_[static_cast<std::size_t>(load)].size = size; }

  std::optional<TaskId> top() const;
  // In the task's pool; among those of its kind as well.
  bool has_room(TaskId id) const { return pools_[pool_of(id)].has_room(); }
  bool may_start(TaskId id) const { return has_room(id) && loads_[load_of(id)].has_room(); }
  // Waiting tasks whose pool has room, and whose pool has none.
  std::size_t startable() const { return startable_; }
  std::size_t parked() const { return waiting_ - startable_; }

 private:
  struct TaskOrder {
    ReadyQueue& queue;
    bool before(std::uint32_t a, std::uint32_t b) const;
    std::uint32_t& place(std::uint32_t id) const;
  };
  struct LaneOrder {
    ReadyQueue& queue;
    bool before(std::uint32_t a, std::uint32_t b) const;
    std::uint32_t& place(std::uint32_t lane) const;
  };
  struct Room {
    std::uint32_t size = Graph::kUnlimited;
    std::uint32_t used = 0;
    bool has_room() const { return used < size; }
  };
  // The tasks of one kind that wait for a pool, or of all without one. Its number is that of the
  // pool times the number of kinds, and the kind.
  struct Lane {
    std::uint32_t place = PlacedHeap<LaneOrder>::kNoPlace;  // in open_
    PlacedHeap<TaskOrder> waiting;
  };

  bool before(std::uint32_t a, std::uint32_t b) const;
  std::uint32_t pool_of(TaskId id) const { return static_cast<std::uint32_t>(graph_.pool_of(id)); }
  std::size_t load_of(TaskId id) const {
    return static_cast<std::size_t>(io_.empty() || !io_[index_of(id)] ? Load::cpu : Load::io);
  }
  std::uint32_t lane_of(TaskId id) const {
    return static_cast<std::uint32_t>(pool_of(id) * kLoadCount + load_of(id));
  }
  std::size_t waiting_for(std::uint32_t pool) const;
  void refresh_pool(std::uint32_t pool);
  bool waits(TaskId id) const { return places_[id] != PlacedHeap<TaskOrder>::kNoPlace; }
  // Brings open_ in line with a lane after its best task or its room changed.
  void refresh(std::uint32_t lane);

  const Graph& graph_;
  DenseMap<TaskId, double> priorities_;
  DenseMap<TaskId, std::uint32_t> places_;  // in the heap of the task's lane
  std::vector<Room> pools_;
  std::array<Room, kLoadCount> loads_;
  std::vector<bool> io_;  // by task; empty when there is none
  std::vector<Lane> lanes_;
  // The lanes with waiting tasks whose pool has room, by kind.
  std::array<PlacedHeap<LaneOrder>, kLoadCount> open_;
  std::size_t waiting_ = 0;
  std::size_t startable_ = 0;
};

}  // namespace ggen::graph
