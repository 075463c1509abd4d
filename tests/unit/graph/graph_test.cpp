// SPDX-License-Identifier: MIT
#include "graph/graph.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

using namespace ggen::graph;

namespace {

// Tasks named 0, 1, 2, ...
Graph numbered(std::size_t count) {
  Graph graph;
  for (std::size_t i = 0; i < count; ++i) graph.add(std::to_string(i));
  return graph;
}

std::vector<std::string> names(const Graph& graph, const std::vector<TaskId>& ids) {
  std::vector<std::string> result;
  for (const TaskId id : ids) result.emplace_back(graph.name(id));
  return result;
}

std::vector<TaskId> tasks_of(std::span<const Link> links) {
  std::vector<TaskId> result;
  for (const Link& link : links) result.push_back(link.task());
  return result;
}

}  // namespace

TEST_CASE("graph: ids count up and names are kept", "[graph]") {
  Graph graph;
  const TaskId a = graph.add("a");
  const TaskId empty = graph.add("");
  const TaskId long_one = graph.add(std::string(1000, 'x'));
  CHECK(a == TaskId{0});
  CHECK(long_one == TaskId{2});
  CHECK(graph.name(a) == "a");
  CHECK(graph.name(empty).empty());
  CHECK(graph.name(long_one) == std::string(1000, 'x'));
  CHECK(graph.size() == 3);
}

TEST_CASE("graph: an empty graph freezes", "[graph]") {
  Graph graph;
  CHECK_FALSE(graph.freeze());
  CHECK(graph.frozen());
  CHECK(graph.order().empty());
}

TEST_CASE("graph: a pool has room for one task until it is resized", "[graph]") {
  Graph graph;
  const PoolId link = graph.pool("link");
  CHECK(graph.pool("link") == link);
  CHECK(graph.pool("other") != link);
  CHECK(graph.pool_sizes()[link] == 1);
  graph.resize(link, 3);
  CHECK(graph.pool_sizes()[link] == 3);
  CHECK(graph.pool_sizes()[Graph::kNoPool] == Graph::kUnlimited);
  CHECK(graph.pool_of(graph.add("a", link)) == link);
  CHECK(graph.pool_of(graph.add("b")) == Graph::kNoPool);
}

TEST_CASE("graph: duplicate edges collapse, and a need wins over an order", "[graph]") {
  Graph graph = numbered(4);
  graph.edge(TaskId{2}, TaskId{3});
  graph.edge(TaskId{0}, TaskId{3}, EdgeKind::after);
  graph.edge(TaskId{2}, TaskId{3});
  graph.edge(TaskId{0}, TaskId{3}, EdgeKind::need);
  graph.edge(TaskId{0}, TaskId{3}, EdgeKind::after);
  graph.edge(TaskId{1}, TaskId{3}, EdgeKind::after);
  REQUIRE_FALSE(graph.freeze());
  CHECK(graph.edge_count() == 3);
  const auto needs = graph.needs(TaskId{3});
  REQUIRE(needs.size() == 3);
  CHECK(needs[0] == Link(TaskId{0}, EdgeKind::need));
  CHECK(needs[1] == Link(TaskId{1}, EdgeKind::after));
  CHECK(needs[2] == Link(TaskId{2}, EdgeKind::need));
  REQUIRE(graph.dependents(TaskId{0}).size() == 1);
  CHECK(graph.dependents(TaskId{0})[0] == Link(TaskId{3}, EdgeKind::need));
}

TEST_CASE("graph: where there is a choice, the order is that of declaration", "[graph]") {
  Graph graph = numbered(5);
  graph.edge(TaskId{4}, TaskId{0});
  REQUIRE_FALSE(graph.freeze());
  CHECK(names(graph, {graph.order().begin(), graph.order().end()}) ==
        std::vector<std::string>{"1", "2", "3", "4", "0"});
}

TEST_CASE("graph: a thawed copy has all edges and takes more", "[graph]") {
  Graph graph = numbered(3);
  graph.edge(TaskId{0}, TaskId{1});
  graph.edge(TaskId{0}, TaskId{2}, EdgeKind::after);
  REQUIRE_FALSE(graph.freeze());
  Graph copy = graph.thawed();
  copy.edge(TaskId{2}, TaskId{1});
  REQUIRE_FALSE(copy.freeze());
  CHECK(tasks_of(copy.needs(TaskId{1})) == std::vector{TaskId{0}, TaskId{2}});
  CHECK(copy.needs(TaskId{2})[0].kind() == EdgeKind::after);
  CHECK(copy.order()[1] == TaskId{2});
  CHECK(copy.name(TaskId{2}) == "2");
  CHECK(graph.needs(TaskId{1}).size() == 1);
}

TEST_CASE("graph: a cycle is reported with its whole path", "[graph]") {
  Graph graph = numbered(8);
  const auto needs = [&](unsigned task, unsigned need) { graph.edge(TaskId{need}, TaskId{task}); };
  SECTION("of one task") {
    needs(3, 3);
    const auto cycle = graph.freeze();
    REQUIRE(cycle);
    CHECK(names(graph, *cycle) == std::vector<std::string>{"3", "3"});
  }
  SECTION("with tasks before and behind it") {
    needs(5, 6);  // 5 -> 6 -> 2 -> 5
    needs(6, 2);
    needs(2, 5);
    needs(2, 0);  // a need of the cycle
    needs(1, 5);  // waits for the cycle, declared before it
    needs(7, 1);
    const auto cycle = graph.freeze();
    REQUIRE(cycle);
    CHECK(names(graph, *cycle) == std::vector<std::string>{"2", "5", "6", "2"});
    CHECK(describe(graph, *cycle) == "2 -> 5 -> 6 -> 2");
    CHECK_FALSE(graph.frozen());
    CHECK(graph.freeze());
  }
  SECTION("through an edge that only orders") {
    needs(1, 0);
    graph.edge(TaskId{1}, TaskId{0}, EdgeKind::after);
    const auto cycle = graph.freeze();
    REQUIRE(cycle);
    CHECK(names(graph, *cycle) == std::vector<std::string>{"0", "1", "0"});
  }
}

TEST_CASE("graph: a long cycle is described by its ends", "[graph]") {
  Graph graph = numbered(1000);
  for (unsigned i = 0; i < 1000; ++i) graph.edge(TaskId{(i + 1) % 1000}, TaskId{i});
  const auto cycle = graph.freeze();
  REQUIRE(cycle);
  CHECK(cycle->size() == 1001);
  CHECK(describe(graph, *cycle) ==
        "0 -> 1 -> 2 -> 3 -> 4 -> 5 -> 6 -> 7 -> 8 -> 9 -> ... (981 more) -> "
        "991 -> 992 -> 993 -> 994 -> 995 -> 996 -> 997 -> 998 -> 999 -> 0");
}

TEST_CASE("graph: a chain of a million tasks", "[graph]") {
  constexpr unsigned kCount = 1'000'000;
  Graph graph;
  for (unsigned i = 0; i < kCount; ++i) graph.add("t");
  // Declared the wrong way round: each task needs the next one.
  for (unsigned i = 0; i + 1 < kCount; ++i) graph.edge(TaskId{i + 1}, TaskId{i});
  SECTION("freezes") {
    REQUIRE_FALSE(graph.freeze());
    CHECK(graph.order().front() == TaskId{kCount - 1});
    CHECK(graph.order().back() == TaskId{0});
  }
  SECTION("that is closed reports its cycle") {
    graph.edge(TaskId{0}, TaskId{kCount - 1});
    const auto cycle = graph.freeze();
    REQUIRE(cycle);
    CHECK(cycle->size() == kCount + 1);
  }
}

TEST_CASE("graph: laws of a random graph", "[graph][property]") {
  const auto seed = GENERATE(take(200, random(1u, 1'000'000'000u)));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const unsigned count = 1 + random() % 30;
  const unsigned edge_count = random() % (2 * count);
  const bool acyclic = random() % 2 == 0;

  Graph graph = numbered(count);
  std::vector<unsigned> rank(count);  // a hidden order that acyclic graphs obey
  for (unsigned i = 0; i < count; ++i) rank[i] = i;
  std::shuffle(rank.begin(), rank.end(), random);
  std::set<std::pair<unsigned, unsigned>> edges;  // (after, before)
  for (unsigned i = 0; i < edge_count; ++i) {
    unsigned before = random() % count;
    unsigned after = random() % count;
    if (acyclic && before == after) continue;
    if (acyclic && rank[before] > rank[after]) std::swap(before, after);
    edges.emplace(after, before);
    graph.edge(TaskId{before}, TaskId{after});
  }

  const auto cycle = graph.freeze();
  if (cycle) {
    CHECK_FALSE(acyclic);
    REQUIRE(cycle->size() >= 2);
    CHECK(cycle->front() == cycle->back());
    for (std::size_t i = 0; i + 1 < cycle->size(); ++i)
      CHECK(edges.count({index_of((*cycle)[i]), index_of((*cycle)[i + 1])}) == 1);
    CHECK(std::set<TaskId>(cycle->begin(), cycle->end()).size() == cycle->size() - 1);
    return;
  }

  REQUIRE(graph.order().size() == count);
  std::vector<std::size_t> place(count);
  for (std::size_t i = 0; i < count; ++i) place[index_of(graph.order()[i])] = i;
  CHECK(std::set<std::size_t>(place.begin(), place.end()).size() == count);
  for (const auto& [after, before] : edges) CHECK(place[before] < place[after]);

  CHECK(graph.edge_count() == edges.size());
  for (unsigned i = 0; i < count; ++i) {
    std::vector<TaskId> needs, dependents;
    for (const auto& [after, before] : edges) {
      if (after == i) needs.push_back(TaskId{before});
      if (before == i) dependents.push_back(TaskId{after});
    }
    CHECK(tasks_of(graph.needs(TaskId{i})) == needs);
    CHECK(tasks_of(graph.dependents(TaskId{i})) == dependents);
  }
}
