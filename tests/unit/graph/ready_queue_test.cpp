// SPDX-License-Identifier: MIT
#include "graph/ready_queue.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>

using namespace ggen::graph;

namespace {

std::vector<unsigned> drain(ReadyQueue& queue) {
  std::vector<unsigned> order;
  while (const auto id = queue.top()) {
    order.push_back(static_cast<unsigned>(*id));
    queue.erase(*id);
  }
  return order;
}

}  // namespace

TEST_CASE("ready queue: higher priority first, then the order of declaration", "[graph]") {
  Graph graph;
  for (int i = 0; i < 5; ++i) graph.add("t");
  ReadyQueue queue(graph);
  CHECK_FALSE(queue.top());
  queue.set_priority(TaskId{3}, 2);
  for (unsigned i = 5; i-- > 0;) queue.push(TaskId{i});
  queue.set_priority(TaskId{4}, 1);
  queue.set_priority(TaskId{0}, -1);
  CHECK(drain(queue) == std::vector<unsigned>{3, 4, 1, 2, 0});
}

TEST_CASE("ready queue: tasks of a full pool are parked", "[graph]") {
  Graph graph;
  const PoolId pool = graph.pool("link");
  const TaskId a = graph.add("a", pool);
  const TaskId b = graph.add("b", pool);
  const TaskId free = graph.add("free");
  ReadyQueue queue(graph);
  for (const TaskId id : {a, b, free}) queue.push(id);
  CHECK(queue.startable() == 3);

  queue.erase(a);
  queue.occupy(a);
  CHECK(queue.top() == free);
  CHECK(queue.startable() == 1);
  CHECK(queue.parked() == 1);
  CHECK_FALSE(queue.has_room(b));
  queue.set_priority(b, 100);
  CHECK(queue.top() == free);

  queue.vacate(a);
  CHECK(queue.top() == b);
  CHECK(queue.startable() == 2);
  CHECK(queue.parked() == 0);
}

TEST_CASE("ready queue: agrees with a list that is searched", "[graph][property]") {
  const auto seed = GENERATE(take(100, random(1u, 1'000'000'000u)));
  CAPTURE(seed);
  std::mt19937 random(seed);
  Graph graph;
  const unsigned pools = random() % 4;
  for (unsigned i = 0; i < pools; ++i)
    graph.resize(graph.pool(std::to_string(i)), 1 + random() % 3);
  const unsigned count = 1 + random() % 40;
  for (unsigned i = 0; i < count; ++i)
    graph.add("t", PoolId{static_cast<unsigned>(random() % (pools + 1))});

  ReadyQueue queue(graph);
  std::set<TaskId> waiting, running;
  std::vector<double> priorities(count, 0.0);
  const auto has_room = [&](TaskId id) {
    unsigned used = 0;
    for (const TaskId other : running) used += graph.pool_of(other) == graph.pool_of(id);
    return used < graph.pool_sizes()[graph.pool_of(id)];
  };

  for (int step = 0; step < 300; ++step) {
    const TaskId id{static_cast<unsigned>(random() % count)};
    switch (random() % 5) {
      case 0:
      case 1:
        if (running.count(id) == 0 && waiting.insert(id).second) queue.push(id);
        break;
      case 2:
        if (waiting.erase(id) == 1) queue.erase(id);
        break;
      case 3:
        priorities[index_of(id)] = static_cast<double>(random() % 5);
        queue.set_priority(id, priorities[index_of(id)]);
        break;
      default:
        if (running.erase(id) == 1) {
          queue.vacate(id);
        } else if (const auto top = queue.top()) {
          queue.erase(*top);
          queue.occupy(*top);
          waiting.erase(*top);
          running.insert(*top);
        }
    }
    std::optional<TaskId> best;
    std::size_t startable = 0;
    for (const TaskId task : waiting) {
      CHECK(queue.has_room(task) == has_room(task));
      if (!has_room(task)) continue;
      ++startable;
      if (!best || priorities[index_of(task)] > priorities[index_of(*best)]) best = task;
    }
    REQUIRE(queue.top() == best);
    REQUIRE(queue.startable() == startable);
    REQUIRE(queue.parked() == waiting.size() - startable);
  }
}

TEST_CASE("ready queue: the kinds of load have limits of their own", "[graph]") {
  Graph graph;
  const PoolId pool = graph.pool("net");
  graph.resize(pool, 2);
  const TaskId a = graph.add("a"), b = graph.add("b"), io = graph.add("io", pool),
               more = graph.add("more", pool), last = graph.add("last", pool);
  ReadyQueue queue(graph);
  for (const TaskId id : {a, b, io, more, last}) queue.push(id);
  queue.set_io(std::vector<TaskId>{io, more});
  queue.limit(Load::cpu, 1);
  queue.limit(Load::io, 1);
  CHECK(queue.top() == a);

  const auto start = [&](TaskId id) {
    queue.erase(id);
    queue.occupy(id);
  };
  start(a);
  CHECK(queue.top() == io);
  CHECK_FALSE(queue.may_start(b));
  CHECK(queue.has_room(b));
  CHECK(queue.startable() == 4);  // a limit of the run is no reason to call a task queued
  start(io);
  CHECK_FALSE(queue.top());
  queue.vacate(a);
  CHECK(queue.top() == b);
  start(b);
  queue.vacate(io);
  CHECK(queue.top() == more);
  start(more);
  queue.vacate(b);
  // `last` computes and shares the pool with one that waits.
  CHECK(queue.top() == last);
  start(last);
  queue.vacate(more);
  queue.vacate(last);
  CHECK(queue.startable() == 0);
}
