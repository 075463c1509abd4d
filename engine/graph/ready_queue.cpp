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

bool ReadyQueue::before(std::uint32_t a, std::uint32_t b) const {
  const double first = priorities_[TaskId{a}];
  const double second = priorities_[TaskId{b}];
  return first > second || (first == second && a < b);
}

bool ReadyQueue::TaskOrder::before(std::uint32_t a, std::uint32_t b) const {
  return queue.before(a, b);
}

std::uint32_t& ReadyQueue::TaskOrder::place(std::uint32_t id) const {
  return queue.places_[TaskId{id}];
}

bool ReadyQueue::LaneOrder::before(std::uint32_t a, std::uint32_t b) const {
  return queue.before(queue.lanes_[a].waiting.top(), queue.lanes_[b].waiting.top());
}

std::uint32_t& ReadyQueue::LaneOrder::place(std::uint32_t lane) const {
  return queue.lanes_[lane].place;
}

ReadyQueue::ReadyQueue(const Graph& graph)
    : graph_(graph),
      priorities_(graph.size(), 0.0),
      places_(graph.size(), PlacedHeap<TaskOrder>::kNoPlace) {
  for (const std::uint32_t size : graph.pool_sizes()) pools_.push_back({size, 0});
  lanes_.resize(pools_.size() * kLoadCount);
}

void ReadyQueue::set_io(std::span<const TaskId> ids) {
  GGEN_BUG_IF(!io_.empty(), "the kinds of load are set twice");
  std::vector<TaskId> moved;
  for (const TaskId id : ids) {
    if (!waits(id)) continue;
    erase(id);
    moved.push_back(id);
  }
  io_.resize(graph_.size(), false);
  for (const TaskId id : ids) io_[index_of(id)] = true;
  for (const TaskId id : moved) push(id);
}

void ReadyQueue::push(TaskId id) {
  GGEN_BUG_IF(waits(id), "a task waits twice");
  lanes_[lane_of(id)].waiting.push(static_cast<std::uint32_t>(id), TaskOrder{*this});
  ++waiting_;
  if (has_room(id)) ++startable_;
  refresh(lane_of(id));
}

void ReadyQueue::erase(TaskId id) {
  GGEN_BUG_IF(!waits(id), "a task that does not wait taken out of the queue");
  lanes_[lane_of(id)].waiting.erase(static_cast<std::uint32_t>(id), TaskOrder{*this});
  --waiting_;
  if (has_room(id)) --startable_;
  refresh(lane_of(id));
}

std::size_t ReadyQueue::waiting_for(std::uint32_t pool) const {
  std::size_t count = 0;
  for (std::size_t load = 0; load < kLoadCount; ++load)
    count += lanes_[pool * kLoadCount + load].waiting.size();
  return count;
}

void ReadyQueue::refresh_pool(std::uint32_t pool) {
  for (std::uint32_t load = 0; load < kLoadCount; ++load)
    refresh(static_cast<std::uint32_t>(pool * kLoadCount + load));
}

void ReadyQueue::occupy(TaskId id, bool force) {
  Room& pool = pools_[pool_of(id)];
  const bool had_room = pool.has_room();
  GGEN_BUG_IF(!had_room && !force, "a task started in a full pool");
  ++pool.used;
  ++loads_[load_of(id)].used;
  if (!had_room || pool.has_room()) return;
  startable_ -= waiting_for(pool_of(id));
  refresh_pool(pool_of(id));
}

void ReadyQueue::vacate(TaskId id) {
  Room& pool = pools_[pool_of(id)];
  GGEN_BUG_IF(pool.used == 0, "a pool gave back more than was taken");
  const bool had_room = pool.has_room();
  --pool.used;
  --loads_[load_of(id)].used;
  if (had_room || !pool.has_room()) return;
  startable_ += waiting_for(pool_of(id));
  refresh_pool(pool_of(id));
}

void ReadyQueue::recount(std::span<const TaskId> holders) {
  for (Room& room : pools_) room.used = 0;
  for (Room& room : loads_) room.used = 0;
  for (const TaskId id : holders) {
    ++pools_[pool_of(id)].used;
    ++loads_[load_of(id)].used;
  }
  startable_ = 0;
  for (std::uint32_t pool = 0; pool < pools_.size(); ++pool) {
    if (pools_[pool].has_room()) startable_ += waiting_for(pool);
    refresh_pool(pool);
  }
}

void ReadyQueue::set_priority(TaskId id, double priority) {
  GGEN_BUG_IF(priority != priority, "a priority that is not a number");
  priorities_[id] = priority;
  if (!waits(id)) return;
  lanes_[lane_of(id)].waiting.moved(static_cast<std::uint32_t>(id), TaskOrder{*this});
  refresh(lane_of(id));
}

std::optional<TaskId> ReadyQueue::top() const {
  std::optional<std::uint32_t> best;
  for (std::size_t load = 0; load < kLoadCount; ++load) {
    if (open_[load].empty() || !loads_[load].has_room()) continue;
    const std::uint32_t id = lanes_[open_[load].top()].waiting.top();
    if (!best || before(id, *best)) best = id;
  }
  if (!best) return std::nullopt;
  return TaskId{*best};
}

void ReadyQueue::refresh(std::uint32_t index) {
  const Lane& lane = lanes_[index];
  PlacedHeap<LaneOrder>& open = open_[index % kLoadCount];
  const bool is_open = lane.place != PlacedHeap<LaneOrder>::kNoPlace;
  const bool should_be = pools_[index / kLoadCount].has_room() && !lane.waiting.empty();
  const LaneOrder order{*this};
  if (is_open && should_be) open.moved(index, order);
  if (is_open && !should_be) open.erase(index, order);
  if (!is_open && should_be) open.push(index, order);
}

}  // namespace ggen::graph
