// SPDX-License-Identifier: MIT
#include "graph/forecast.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <random>

#include "graph/remaining.h"

using namespace ggen::graph;

namespace {

Plan plan_of(const Graph& graph) {
  const std::vector<TaskId> all(graph.order().begin(), graph.order().end());
  return Plan(graph, all);
}

Course course_of(std::vector<double> durations, std::size_t jobs) {
  Course course;
  course.jobs = jobs;
  course.durations = std::move(durations);
  return course;
}

}  // namespace

TEST_CASE("forecast: edges, slots and priorities", "[graph]") {
  Graph graph;
  const TaskId first = graph.add("first"), second = graph.add("second"), a = graph.add("a"),
               b = graph.add("b");
  graph.edge(a, b);
  REQUIRE_FALSE(graph.freeze());
  Plan plan = plan_of(graph);
  const std::vector<double> durations = {2, 2, 3, 3};
  CHECK(forecast(plan, course_of(durations, 1)) == 10);
  CHECK(forecast(plan, course_of(durations, 2)) == 8);  // in the order of declaration
  plan.set_priority(a, 1);
  CHECK(forecast(plan, course_of(durations, 2)) == 6);
  CHECK(forecast(plan, course_of(durations, 9)) == 6);

  // What has ended takes no time, what runs takes what is left of it.
  CHECK(plan.next() == a);
  Course course = course_of(durations, 2);
  course.elapsed = {0, 0, 2, 0};
  CHECK(forecast(plan, course) == 5);
  plan.done(a);
  CHECK(forecast(plan, course_of(durations, 2)) == 5);
  // Looking changes nothing.
  CHECK(plan.count(State::done) == 1);
  CHECK(plan.state(first) == State::ready);
  static_cast<void>(second);
}

TEST_CASE("forecast: a task that is late takes a little more", "[graph]") {
  Graph graph;
  const TaskId a = graph.add("a");
  REQUIRE_FALSE(graph.freeze());
  Plan plan = plan_of(graph);
  CHECK(plan.next() == a);
  Course course = course_of({10}, 1);
  course.elapsed = {9.5};
  CHECK(forecast(plan, course) == Approx(0.95));
  course.elapsed = {20};
  CHECK(forecast(plan, course) == Approx(2));
}

TEST_CASE("forecast: pools, those that are alone, and what was put aside", "[graph]") {
  Graph graph;
  const PoolId pool = graph.pool("link");
  graph.resize(pool, 1);
  for (int i = 0; i < 3; ++i) graph.add("linked", pool);
  const TaskId alone = graph.add("alone");
  REQUIRE_FALSE(graph.freeze());
  Plan plan = plan_of(graph);
  Course course = course_of({1, 1, 1, 1}, 4);
  CHECK(forecast(plan, course) == 3);
  course.alone = {false, false, false, true};
  CHECK(forecast(plan, course) == 4);
  plan.put_aside(alone);
  CHECK(forecast(plan, course) == 4);
  Plan begun = plan_of(graph);
  begun.set_priority(alone, 1);
  REQUIRE(begun.next() == alone);
  CHECK(forecast(begun, course) == 4);
  plan.stop();
  CHECK(forecast(plan, course) == 0);
}

TEST_CASE("forecast: of a plan in which some gave their places up, and others took some",
          "[graph]") {
  Graph graph;
  const PoolId one = graph.pool("one");
  graph.resize(one, 1);
  const TaskId a = graph.add("a", one), b = graph.add("b", one), c = graph.add("c");
  REQUIRE_FALSE(graph.freeze());
  Plan plan = plan_of(graph);
  REQUIRE(plan.next() == a);
  REQUIRE(plan.next() == c);
  plan.release(a);
  plan.release(c);
  const std::vector<double> durations = {2, 3, 4};
  CHECK(forecast(plan, course_of(durations, 2)) == 5);
  std::vector<double> starts;
  forecast(plan, course_of(durations, 2), &starts);
  CHECK(starts == std::vector<double>{0, 2, 0});
  // A hook that is none of the plan's tasks has the place for now.
  REQUIRE(plan.hold(b, Places::any));
  CHECK(forecast(plan, course_of(durations, 2)) == 5);
  plan.release(b);
}

TEST_CASE("forecast: those that wait have slots of their own", "[graph]") {
  Graph graph;
  std::vector<TaskId> io;
  for (int i = 0; i < 4; ++i) graph.add("computes");
  for (int i = 0; i < 4; ++i) io.push_back(graph.add("waits"));
  REQUIRE_FALSE(graph.freeze());
  Plan plan = plan_of(graph);
  const std::vector<double> durations(8, 1);
  CHECK(forecast(plan, course_of(durations, 2)) == 4);
  plan.set_io(io, 4, 2);
  CHECK(forecast(plan, course_of(durations, 6)) == 2);
}

TEST_CASE("forecast: between what no schedule beats and what one worker takes",
          "[graph][property]") {
  std::mt19937 random(GENERATE(take(20, Catch::Generators::random(0, 1 << 30))));
  Graph graph;
  const unsigned size = 1 + random() % 40;
  std::vector<double> durations;
  for (unsigned i = 0; i < size; ++i) {
    graph.add("t" + std::to_string(i));
    durations.push_back(random() % 10);
    for (unsigned j = 0; j < i; ++j)
      if (random() % 8 == 0) graph.edge(static_cast<TaskId>(j), static_cast<TaskId>(i));
  }
  REQUIRE_FALSE(graph.freeze());
  const Plan plan = plan_of(graph);
  const double sum = std::accumulate(durations.begin(), durations.end(), 0.0);
  const auto ways = remaining(plan, durations);
  const double longest = *std::max_element(ways.begin(), ways.end());
  CHECK(forecast(plan, course_of(durations, 1)) == Approx(sum));
  CHECK(forecast(plan, course_of(durations, size)) == Approx(longest));
  for (std::size_t jobs = 2; jobs < 5; ++jobs) {
    const double course = forecast(plan, course_of(durations, jobs));
    CHECK(course >= std::max(longest, sum / static_cast<double>(jobs)) - 1e-9);
    // R. L. Graham's bound for whoever never leaves a slot empty.
    CHECK(course <= sum / static_cast<double>(jobs) + longest + 1e-9);
  }
}
