// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "graph/graph.h"
#include "graph/name_index.h"
#include "graph/plan.h"

using namespace ggen::graph;

namespace {

Graph random_graph(std::mt19937& random, std::size_t count) {
  Graph graph;
  graph.resize(graph.pool("link"), 3);
  graph.pool("other");
  for (std::size_t i = 0; i < count; ++i) {
    const PoolId pool = random() % 3 == 0 ? graph.pool("link") : Graph::kNoPool;
    graph.add("task " + std::to_string(i), pool, random() % 9 ? RunOn::success : RunOn::always);
  }
  for (std::size_t i = 0; count > 1 && i < 2 * count; ++i) {
    const auto a = static_cast<TaskId>(random() % count);
    const auto b = static_cast<TaskId>(random() % count);
    if (a < b) graph.edge(a, b, random() % 3 ? EdgeKind::need : EdgeKind::after);
  }
  REQUIRE_FALSE(graph.freeze());
  return graph;
}

void check_equal(const Graph& a, const Graph& b) {
  REQUIRE(a.size() == b.size());
  CHECK(a.edge_count() == b.edge_count());
  CHECK(std::equal(a.order().begin(), a.order().end(), b.order().begin(), b.order().end()));
  CHECK(std::vector(a.pool_sizes().begin(), a.pool_sizes().end()) ==
        std::vector(b.pool_sizes().begin(), b.pool_sizes().end()));
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto id = static_cast<TaskId>(i);
    CHECK(a.name(id) == b.name(id));
    CHECK(a.pool_of(id) == b.pool_of(id));
    CHECK(a.run_on(id) == b.run_on(id));
    CHECK(std::vector(a.needs(id).begin(), a.needs(id).end()) ==
          std::vector(b.needs(id).begin(), b.needs(id).end()));
    CHECK(std::vector(a.dependents(id).begin(), a.dependents(id).end()) ==
          std::vector(b.dependents(id).begin(), b.dependents(id).end()));
  }
}

}  // namespace

TEST_CASE("graph: what was saved is loaded", "[graph][property]") {
  std::mt19937 random(3);
  for (const std::size_t count : {0, 1, 2, 17, 300}) {
    const Graph graph = random_graph(random, count);
    auto loaded = Graph::load(graph.save());
    REQUIRE(loaded);
    check_equal(graph, *loaded);
    // It takes more edges like any other.
    CHECK(loaded->thawed().pool("link") == PoolId{1});
  }
}

TEST_CASE("graph: bytes that are none are refused", "[graph]") {
  std::mt19937 random(4);
  const std::string bytes = random_graph(random, 20).save();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(Graph::load(std::string_view(bytes).substr(0, size)));
  CHECK_FALSE(Graph::load(bytes + '\0'));
}

TEST_CASE("graph: whatever loads is a graph that can be run", "[graph][property]") {
  std::mt19937 random(5);
  const std::string bytes = random_graph(random, 20).save();
  int loaded = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string broken = bytes;
    const std::size_t at = random() % (broken.size() / 4) * 4;
    const std::uint32_t value = random() % 2 ? static_cast<std::uint32_t>(random()) : random() % 40;
    std::memcpy(broken.data() + at, &value, sizeof value);
    const auto graph = Graph::load(broken);
    if (!graph) continue;
    ++loaded;
    Plan plan(*graph, graph->order());
    std::size_t done = 0;
    while (const auto id = plan.next()) {
      plan.done(*id);
      ++done;
    }
    CHECK(done == graph->size());
  }
  CHECK(loaded > 0);
}

TEST_CASE("name index: finds every task, and the first of a name", "[graph]") {
  Graph graph;
  CHECK_FALSE(NameIndex(graph).find("a"));
  for (int i = 0; i < 1000; ++i) graph.add(std::to_string(i % 900));
  const NameIndex index(graph);
  for (int i = 0; i < 900; ++i) CHECK(index.find(std::to_string(i)) == static_cast<TaskId>(i));
  CHECK_FALSE(index.find("900"));
  CHECK_FALSE(index.find(""));
}
