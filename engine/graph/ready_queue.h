// Which of the tasks that could start is next: the highest priority whose pool has room, and of
// equal ones the task declared first. Knows neither states nor edges (plan.h does).
//
// Each pool has a heap of its waiting tasks, and one more heap holds the pools that have room,
// ordered by their best task. A hundred thousand tasks that wait for one full pool are thus one
// heap that nobody looks into: every call here is O(log n).
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace ggen::graph {

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

  // Higher ones start earlier; 0 until set. May be called at any time. Not a NaN.
  void set_priority(TaskId id, double priority);
  double priority(TaskId id) const { return priorities_[id]; }

  std::optional<TaskId> top() const;
  bool has_room(TaskId id) const { return lanes_[lane_of(id)].has_room(); }
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
  // A pool, or all tasks without one.
  struct Lane {
    std::uint32_t size;
    std::uint32_t used = 0;
    std::uint32_t place = PlacedHeap<LaneOrder>::kNoPlace;  // in open_
    PlacedHeap<TaskOrder> waiting;
    bool has_room() const { return used < size; }
  };

  std::uint32_t lane_of(TaskId id) const { return static_cast<std::uint32_t>(graph_.pool_of(id)); }
  bool waits(TaskId id) const { return places_[id] != PlacedHeap<TaskOrder>::kNoPlace; }
  // Brings open_ in line with a lane after its best task or its room changed.
  void refresh(std::uint32_t lane);

  const Graph& graph_;
  DenseMap<TaskId, double> priorities_;
  DenseMap<TaskId, std::uint32_t> places_;  // in the heap of the task's lane
  std::vector<Lane> lanes_;
  PlacedHeap<LaneOrder> open_;  // the lanes with room and waiting tasks
  std::size_t waiting_ = 0;
  std::size_t startable_ = 0;
};

}  // namespace ggen::graph
