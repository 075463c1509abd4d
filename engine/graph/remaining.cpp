// SPDX-License-Identifier: MIT
#include "graph/remaining.h"

#include <algorithm>

namespace ggen::graph {

std::vector<double> remaining(const Plan& plan, const std::vector<double>& durations) {
  const Graph& graph = plan.graph();
  std::vector<double> result(graph.size(), 0);
  const auto order = graph.order();
  for (auto id = order.rbegin(); id != order.rend(); ++id) {
    const State state = plan.state(*id);
    if (state == State::unselected) continue;
    double longest = 0;
    for (const Link& link : graph.dependents(*id))
      longest = std::max(longest, result[index_of(link.task())]);
    const bool ended = has_ended(state);
    result[index_of(*id)] = longest + (ended ? 0 : durations[index_of(*id)]);
  }
  return result;
}

std::vector<TaskId> critical_path(const Plan& plan, const std::vector<double>& remaining) {
  const Graph& graph = plan.graph();
  std::vector<TaskId> path;
  const auto longest = [&](auto begin, auto end, auto id_of) {
    return std::max_element(begin, end, [&](const auto& a, const auto& b) {
      return remaining[index_of(id_of(a))] < remaining[index_of(id_of(b))];
    });
  };
  const auto order = graph.order();
  const auto first = longest(order.begin(), order.end(), [](TaskId id) { return id; });
  if (first == order.end() || remaining[index_of(*first)] <= 0) return path;
  for (TaskId id = *first;;) {
    path.push_back(id);
    const auto links = graph.dependents(id);
    const auto next =
        longest(links.begin(), links.end(), [](const Link& link) { return link.task(); });
    if (next == links.end() || remaining[index_of(next->task())] <= 0) return path;
    id = next->task();
  }
}

}  // namespace ggen::graph
