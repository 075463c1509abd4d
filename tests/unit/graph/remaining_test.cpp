// SPDX-License-Identifier: MIT
#include "graph/remaining.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <random>

using namespace ggen::graph;

namespace {

std::vector<TaskId> all_of(const Graph& graph) {
  return {graph.order().begin(), graph.order().end()};
}

}  // namespace

TEST_CASE("remaining: the longest way to the end", "[graph]") {
  Graph graph;
  const TaskId a = graph.add("a"), b = graph.add("b"), c = graph.add("c"), d = graph.add("d"),
               alone = graph.add("alone");
  graph.edge(a, b);
  graph.edge(a, c);
  graph.edge(b, d);
  graph.edge(c, d, EdgeKind::after);
  REQUIRE_FALSE(graph.freeze());
  Plan plan(graph, all_of(graph));
  const std::vector<double> durations = {1, 2, 5, 3, 4};
  CHECK(remaining(plan, durations) == std::vector<double>{9, 5, 8, 3, 4});
  CHECK(critical_path(plan, remaining(plan, durations)) == std::vector<TaskId>{a, c, d});

  // What has ended takes no time, what is not selected has none.
  Plan part(graph, std::vector<TaskId>{d});
  CHECK(remaining(part, durations) == std::vector<double>{6, 5, 0, 3, 0});
  CHECK(part.next() == a);
  part.done(a);
  CHECK(remaining(part, durations)[index_of(a)] == 5);
  CHECK(critical_path(part, remaining(part, durations)).back() == d);
  static_cast<void>(alone);
}

TEST_CASE("remaining: nothing to do has no path", "[graph]") {
  Graph graph;
  REQUIRE_FALSE(graph.freeze());
  const Plan plan(graph, {});
  CHECK(remaining(plan, {}).empty());
  CHECK(critical_path(plan, {}).empty());
}

TEST_CASE("remaining: as all ways tried one by one", "[graph][property]") {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    Graph graph;
    const unsigned size = 1 + random() % 9;
    std::vector<std::vector<unsigned>> later(size);
    std::vector<double> durations;
    for (unsigned i = 0; i < size; ++i) {
      graph.add("t" + std::to_string(i));
      durations.push_back(random() % 10);
      for (unsigned j = 0; j < i; ++j) {
        if (random() % 3 != 0) continue;
        graph.edge(static_cast<TaskId>(j), static_cast<TaskId>(i),
                   random() % 2 ? EdgeKind::need : EdgeKind::after);
        later[j].push_back(i);
      }
    }
    REQUIRE_FALSE(graph.freeze());
    const Plan plan(graph, all_of(graph));
    const std::function<double(unsigned)> longest = [&](unsigned id) {
      double rest = 0;
      for (const unsigned next : later[id]) rest = std::max(rest, longest(next));
      return durations[id] + rest;
    };
    const auto result = remaining(plan, durations);
    double most = 0;
    for (unsigned i = 0; i < size; ++i) {
      CHECK(result[i] == longest(i));
      most = std::max(most, result[i]);
    }
    double along = 0;
    for (const TaskId id : critical_path(plan, result)) along += durations[index_of(id)];
    CHECK(along == most);
  }
}
