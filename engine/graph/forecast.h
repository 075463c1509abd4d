// How long what is left of a plan will take: the plan is played to its end with expected durations,
// each time starting what its priorities say. Pools, kinds of load and tasks that want to be alone
// count as they do in a run. Knows durations as numbers, no clock and no scheduler.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "graph/plan.h"

namespace ggen::graph {

struct Course {
  std::size_t jobs = 1;           // tasks at once
  std::vector<double> durations;  // by task; zero or more, in any unit
  std::vector<double> elapsed;    // of those that run, since their start; may be empty
  std::vector<bool> alone;        // nothing runs beside these; may be empty
};

// A task that takes longer than expected is taken to need this share of its time so far again:
// what is late is rarely about to end.
constexpr double kLate = 0.1;

// In the unit of the durations. O((tasks + edges) log tasks) and a copy of the plan. `starts` gets,
// by task, when it will start: of tasks that run or have ended, and of those that never will, 0.
double forecast(const Plan& plan, const Course& course, std::vector<double>* starts = nullptr);

}  // namespace ggen::graph
