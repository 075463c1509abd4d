// How much is still to come after each task: what the critical path is found by. Knows durations as
// numbers, not where they come from.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "graph/plan.h"

namespace ggen::graph {

// For each task of the graph: the longest way from its start to the end of the plan, in the unit of
// `durations` (by id; not negative). Tasks that have ended take no time; tasks outside of the plan
// are 0. Both kinds of edges count, because both make a task wait.
// One pass in reverse topological order: O(tasks + edges).
std::vector<double> remaining(const Plan& plan, const std::vector<double>& durations);

// The tasks on the longest way through the plan, in order. Of equal ways the one that begins with
// the task declared first.
std::vector<TaskId> critical_path(const Plan& plan, const std::vector<double>& remaining);

}  // namespace ggen::graph
