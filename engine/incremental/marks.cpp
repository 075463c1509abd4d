// The part of incremental/assessor.h around the run of a task: did its inputs stay what they were?
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <set>

#include "incremental/assessor.h"

namespace ggen::incremental {

using hash::SetId;

std::vector<SetId> Assessor::marked_sets(TaskId task, const Definition& definition) {
  std::vector<SetId> sets = sets_of(definition);
  if (definition.outputs != kNone) std::erase(sets, set_id(definition.outputs));
  for (const graph::Link& link : graph_.needs(task)) {
    if (link.kind() != graph::EdgeKind::need) continue;
    if (const auto made = output_set(link.task())) sets.push_back(*made);
  }
  return sets;
}

bool Assessor::is_mark_quick(TaskId task) {
  const std::vector<SetId> sets = marked_sets(task, definitions_.task(task));
  return tree_.is_quick(sets) &&
         std::none_of(sets.begin(), sets.end(), [&](SetId set) { return tree_.racy(set); });
}

Result<std::optional<InputMarks>> Assessor::mark(TaskId task) {
  const Definition definition = definitions_.task(task);
  std::vector<SetId> sets = marked_sets(task, definition);
  GGEN_TRY(tree_.resolve(sets));
  add_targets(definition, sets);
  GGEN_TRY(tree_.resolve(sets));
  GGEN_TRY(tree_.settle(sets));
  const auto key = make_key(task, definition);
  if (key && *key != keys_[task]) return std::optional<InputMarks>();
  InputMarks marks;
  marks.exact = (definition.flags & kReadsAll) == 0;
  if (const auto need = altered_need(task)) {
    marks.moved = "what " + std::string(graph_.name(*need)) + " made";
  }
  for (const SetId set : sets) {
    auto& mark = marks.sets.emplace_back();
    mark.set = set;
    mark.mark = tree_.mark(set);
    tree_.each(set, [&](const hash::TreeEntry& entry) {
      mark.entries.emplace_back(entry.path, entry.stamp);
    });
  }
  return std::optional(std::move(marks));
}

Result<std::vector<SetId>> Assessor::visible(TaskId task) {
  const Definition definition = definitions_.task(task);
  std::vector<SetId> sets = sets_of(definition);
  if (definition.outputs != kNone) std::erase(sets, set_id(definition.outputs));
  std::vector<TaskId> path = {task};
  std::set<TaskId> seen = {task};
  while (!path.empty()) {
    const TaskId at = path.back();
    path.pop_back();
    for (const graph::Link& link : graph_.needs(at)) {
      if (link.kind() != graph::EdgeKind::need || !seen.insert(link.task()).second) continue;
      if (const auto made = output_set(link.task()))
        sets.push_back(*made);
      else
        path.push_back(link.task());
    }
  }
  GGEN_TRY(tree_.resolve(sets));
  add_targets(definition, sets);
  GGEN_TRY(tree_.resolve(sets));
  return sets;
}

std::optional<std::string> Assessor::moved(const InputMarks& marks) {
  if (marks.moved) return marks.moved;
  for (const InputMarks::Set& before : marks.sets) {
    if (tree_.recheck(before.set, before.mark)) {
      const auto stirred = marks.exact ? tree_.stirred(before.set, before.mark) : std::nullopt;
      if (stirred) return "a file that came and went in " + *stirred;
      continue;
    }
    // Both lists are sorted by path: the first difference tells.
    auto old = before.entries.begin();
    std::optional<std::string> path;
    tree_.each(before.set, [&](const hash::TreeEntry& entry) {
      if (path) return;
      if (old == before.entries.end() || entry.path < old->first)
        path = entry.path;  // it came
      else if (entry.path != old->first || entry.stamp != old->second)
        path = old->first;  // it went, or it moved
      else
        ++old;
    });
    if (!path && old != before.entries.end()) path = old->first;
    return path.value_or("a file");
  }
  return std::nullopt;
}

}  // namespace ggen::incremental
