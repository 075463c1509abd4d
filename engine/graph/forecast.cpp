// SPDX-License-Identifier: MIT
#include "graph/forecast.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <queue>

namespace ggen::graph {

namespace {

// Of tasks that end at the same time the one that started first.
struct End {
  double time;
  std::size_t order;
  TaskId id;
  bool operator>(const End& other) const {
    return time > other.time || (time == other.time && order > other.order);
  }
};

double left_of(TaskId id, const Course& course) {
  const std::size_t i = index_of(id);
  const double elapsed = i < course.elapsed.size() ? course.elapsed[i] : 0;
  return std::max(course.durations[i] - elapsed, elapsed * kLate);
}

}  // namespace

double forecast(const Plan& of, const Course& course, std::vector<double>* starts) {
  Plan plan = of;
  plan.bring_back();
  plan.retake_places();
  if (starts) starts->assign(of.graph().size(), 0);
  std::priority_queue<End, std::vector<End>, std::greater<>> running;
  std::size_t started = 0;
  const auto is_alone = [&](TaskId id) {
    return index_of(id) < course.alone.size() && course.alone[index_of(id)];
  };
  bool held = false;  // by `alone`, which waits until nothing runs, or is all that does
  TaskId alone{};
  for (const TaskId id : plan.wanted()) {
    if (plan.state(id) != State::running) continue;
    running.push({left_of(id, course), started++, id});
    if (!is_alone(id)) continue;
    held = true;
    alone = id;
  }
  double now = 0;
  const auto start = [&](TaskId id) {
    running.push({now + course.durations[index_of(id)], started++, id});
    if (starts) (*starts)[index_of(id)] = now;
  };
  const auto start_all = [&] {
    while (!held && running.size() < course.jobs) {
      const std::optional<TaskId> id = plan.next();
      if (!id) return;
      held = is_alone(*id);
      if (held)
        alone = *id;
      else
        start(*id);
    }
    if (held && running.empty()) start(alone);
  };
  for (start_all(); !running.empty(); start_all()) {
    const TaskId id = running.top().id;
    now = running.top().time;
    running.pop();
    if (held && alone == id) held = false;
    plan.done(id);
  }
  return now;
}

}  // namespace ggen::graph
