// How long the graph itself takes for a large pipeline: add, freeze, plan, dispatch. Prints the
// best of some rounds in milliseconds, and the peak memory of the process.
// Usage: graph_perf [tasks] [edges] [rounds]
// SPDX-License-Identifier: MIT
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "graph/plan.h"

namespace {

using namespace ggen::graph;

struct Case {
  const char* name;
  bool shuffled;  // declared in an order that says nothing about who waits for whom
  bool one_pool;  // all tasks in one pool with two places
};

constexpr std::array kCases = {Case{"declared in order", false, false},
                               Case{"declared in any order", true, false},
                               Case{"one pool of two", false, true}};
constexpr std::array kSteps = {"add", "freeze", "plan", "dispatch"};
using Times = std::array<double, kSteps.size()>;

double now() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(time).count();
}

Times run(const Case& which, std::size_t tasks, std::size_t edges) {
  std::mt19937 random(1);
  std::vector<TaskId> ids(tasks);
  for (std::size_t i = 0; i < tasks; ++i) ids[i] = static_cast<TaskId>(i);
  if (which.shuffled) std::shuffle(ids.begin(), ids.end(), random);
  std::vector<std::pair<TaskId, TaskId>> pairs(edges);
  for (auto& [before, after] : pairs) {
    const std::size_t later = 1 + random() % (tasks - 1);
    before = ids[random() % later];
    after = ids[later];
  }

  Times times{};
  double last = now();
  const auto lap = [&](std::size_t step) {
    const double time = now();
    times[step] = time - last;
    last = time;
  };
  Graph graph;
  const PoolId pool = which.one_pool ? graph.pool("link") : Graph::kNoPool;
  if (which.one_pool) graph.resize(pool, 2);
  for (std::size_t i = 0; i < tasks; ++i) graph.add("task" + std::to_string(i), pool);
  for (const auto& [before, after] : pairs) graph.edge(before, after);
  lap(0);
  if (graph.freeze()) std::abort();
  lap(1);
  Plan plan(graph, ids);
  lap(2);
  while (const auto id = plan.next()) plan.done(*id);
  lap(3);
  if (!plan.finished()) std::abort();
  return times;
}

}  // namespace

int main(int count, char** words) {
  const std::size_t tasks = count > 1 ? std::strtoul(words[1], nullptr, 10) : 100'000;
  const std::size_t edges = count > 2 ? std::strtoul(words[2], nullptr, 10) : 2 * tasks;
  const int rounds = count > 3 ? std::atoi(words[3]) : 5;
  if (tasks < 2 || rounds < 1) return 2;
  std::printf("%zu tasks, %zu edges, best of %d, ms\n%-24s", tasks, edges, rounds, "");
  for (const char* step : kSteps) std::printf("%10s", step);
  std::printf("%10s\n", "all");
  for (const Case& which : kCases) {
    Times best = run(which, tasks, edges);
    for (int i = 1; i < rounds; ++i) {
      const Times times = run(which, tasks, edges);
      for (std::size_t step = 0; step < best.size(); ++step)
        best[step] = std::min(best[step], times[step]);
    }
    double all = 0;
    std::printf("%-24s", which.name);
    for (const double time : best) {
      std::printf("%10.2f", time);
      all += time;
    }
    std::printf("%10.2f\n", all);
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("peak memory %.1f MB\n", static_cast<double>(usage.ru_maxrss) / 1024);
}
