// SPDX-License-Identifier: MIT
#include "graph/ready_queue.h"

#include "base/bug.h"

namespace ggen::graph {

template <class Order>
void PlacedHeap<Order>::push(std::uint32_t id, const Order& order) {
  items_.push_back(id);
  order.place(id) = static_cast<std::uint32_t>(items_.size() - 1);
  rise(order.place(id), order);
}

template <class Order>
void PlacedHeap<Order>::erase(std::uint32_t id, const Order& order) {
  const std::uint32_t at = order.place(id);
  order.place(id) = kNoPlace;
  const std::uint32_t last = items_.back();
  items_.pop_back();
  if (last == id) return;
  items_[at] = last;
  order.place(last) = at;
  moved(last, order);
}

template <class Order>
void PlacedHeap<Order>::moved(std::uint32_t id, const Order& order) {
  rise(order.place(id), order);
  sink(order.place(id), order);
}

template <class Order>
void PlacedHeap<Order>::rise(std::uint32_t at, const Order& order) {
  const std::uint32_t id = items_[at];
  while (at > 0) {
    const std::uint32_t parent = (at - 1) / 2;
    if (!order.before(id, items_[parent])) break;
    items_[at] = items_[parent];
    order.place(items_[at]) = at;
    at = parent;
  }
  items_[at] = id;
  order.place(id) = at;
}

template <class Order>
void PlacedHeap<Order>::sink(std::uint32_t at, const Order& order) {
  const std::uint32_t id = items_[at];
  const auto count = static_cast<std::uint32_t>(items_.size());
  for (std::uint32_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
    if (child + 1 < count && order.before(items_[child + 1], items_[child])) ++child;
    if (!order.before(items_[child], id)) break;
    items_[at] = items_[child];
    order.place(items_[at]) = at;
    at = child;
  }
  items_[at] = id;
  order.place(id) = at;
}

bool ReadyQueue::TaskOrder::before(std::uint32_t a, std::uint32_t b) const {
  const double first = queue.priorities_[TaskId{a}];
  const double second = queue.priorities_[TaskId{b}];
  return first > second || (first == second && a < b);
}

std::uint32_t& ReadyQueue::TaskOrder::place(std::uint32_t id) const {
  return queue.places_[TaskId{id}];
}

bool ReadyQueue::LaneOrder::before(std::uint32_t a, std::uint32_t b) const {
  return TaskOrder{queue}.before(queue.lanes_[a].waiting.top(), queue.lanes_[b].waiting.top());
}

std::uint32_t& ReadyQueue::LaneOrder::place(std::uint32_t lane) const {
  return queue.lanes_[lane].place;
}

ReadyQueue::ReadyQueue(const Graph& graph)
    : graph_(graph),
      priorities_(graph.size(), 0.0),
      places_(graph.size(), PlacedHeap<TaskOrder>::kNoPlace) {
  for (const std::uint32_t size : graph.pool_sizes()) {
    Lane lane;
    lane.size = size;
    lanes_.push_back(std::move(lane));
  }
}

void ReadyQueue::push(TaskId id) {
  GGEN_BUG_IF(waits(id), "a task waits twice");
  Lane& lane = lanes_[lane_of(id)];
  lane.waiting.push(static_cast<std::uint32_t>(id), TaskOrder{*this});
  ++waiting_;
  if (lane.has_room()) ++startable_;
  refresh(lane_of(id));
}

void ReadyQueue::erase(TaskId id) {
  GGEN_BUG_IF(!waits(id), "a task that does not wait taken out of the queue");
  Lane& lane = lanes_[lane_of(id)];
  lane.waiting.erase(static_cast<std::uint32_t>(id), TaskOrder{*this});
  --waiting_;
  if (lane.has_room()) --startable_;
  refresh(lane_of(id));
}

void ReadyQueue::occupy(TaskId id, bool force) {
  Lane& lane = lanes_[lane_of(id)];
  const bool had_room = lane.has_room();
  GGEN_BUG_IF(!had_room && !force, "a task started in a full pool");
  ++lane.used;
  if (had_room && !lane.has_room()) startable_ -= lane.waiting.size();
  refresh(lane_of(id));
}

void ReadyQueue::vacate(TaskId id) {
  Lane& lane = lanes_[lane_of(id)];
  GGEN_BUG_IF(lane.used == 0, "a pool gave back more than was taken");
  const bool had_room = lane.has_room();
  --lane.used;
  if (!had_room && lane.has_room()) startable_ += lane.waiting.size();
  refresh(lane_of(id));
}

void ReadyQueue::set_priority(TaskId id, double priority) {
  GGEN_BUG_IF(priority != priority, "a priority that is not a number");
  priorities_[id] = priority;
  if (!waits(id)) return;
  lanes_[lane_of(id)].waiting.moved(static_cast<std::uint32_t>(id), TaskOrder{*this});
  refresh(lane_of(id));
}

std::optional<TaskId> ReadyQueue::top() const {
  if (open_.empty()) return std::nullopt;
  return TaskId{lanes_[open_.top()].waiting.top()};
}

void ReadyQueue::refresh(std::uint32_t index) {
  const Lane& lane = lanes_[index];
  const bool is_open = lane.place != PlacedHeap<LaneOrder>::kNoPlace;
  const bool should_be = lane.has_room() && !lane.waiting.empty();
  const LaneOrder order{*this};
  if (is_open && should_be) open_.moved(index, order);
  if (is_open && !should_be) open_.erase(index, order);
  if (!is_open && should_be) open_.push(index, order);
}

}  // namespace ggen::graph
