// The judgement of a whole plan, before anything runs and once more at the end: of the tasks whose
// files did not move, what was found then is what would be found now.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "base/pack.h"
#include "hash/checksum.h"
#include "hash/sha256.h"
#include "incremental/assessor.h"

namespace ggen::incremental {

using hash::SetId;

namespace {

// How often conclude() starts anew because files move while it looks.
constexpr int kMostLooks = 3;

}  // namespace

// Beside files: the situation, and who needs whom.
void Assessor::know(std::string_view note, const Digest& situation) {
  if (!situation_.is_zero()) return;
  Packer out;
  out.digest(situation);
  std::uint64_t edges = 0;
  for (std::uint32_t i = 0; i < graph_.size(); ++i) {
    const auto links = graph_.needs(TaskId{i});
    const std::string_view bytes(reinterpret_cast<const char*>(links.data()), links.size_bytes());
    edges = hash::checksum(bytes, edges + links.size());
  }
  out.number(edges);
  situation_ = hash::sha256(out.bytes());
  known_ = Known::load(note, situation_, graph_.size());
  // What is known is known of what was made, and kept.
  for (std::uint32_t i = 0; i < graph_.size(); ++i) {
    if (!known_.has(TaskId{i})) continue;
    const auto last = results_.find(graph_.name(TaskId{i}));
    if (!last || last->outcome != Outcome::kept) known_.remove(TaskId{i});
  }
}

// By the places where its files are, without a look at any.
bool Assessor::has_moved(const Definition& definition) {
  const auto set_moved = [&](std::uint32_t number) {
    if (number == kNone) return false;
    auto& moved = set_moved_[number];
    if (moved == Answer::unknown) {
      const auto base = definitions_.set_base(number);
      const bool stays =
          (base && tree_.unmoved_below(*base)) || tree_.unmoved(definitions_.set(number));
      moved = stays ? Answer::no : Answer::yes;
    }
    return moved == Answer::yes;
  };
  if (set_moved(definition.inputs) || set_moved(definition.outputs)) return true;
  if (definition.references == kNone) return false;
  auto& moved = references_moved_[definition.references];
  if (moved == Answer::unknown) {
    const References& references = references_of(definition.references);
    bool any = std::any_of(references.sets.begin(), references.sets.end(), set_moved);
    for (const Tool& tool : references.tools) {
      const auto spec = tool_spec(tool);
      any = any || (spec && !tree_.unmoved(*spec));
    }
    moved = any ? Answer::yes : Answer::no;
  }
  return moved == Answer::yes;
}

// Whether a link is among what it names: that what it leads to moved cannot be told by the places
// of its sets. Only of a definition whose sets are resolved.
bool Assessor::leads_on(const Definition& definition) {
  const auto has_links = [&](std::uint32_t number) {
    const auto& named = literals(number);
    return !named.paths.empty() && tree_.digest(set_id(number)) != named.without_links;
  };
  if (definition.inputs != kNone && has_links(definition.inputs)) return true;
  if (definition.references == kNone) return false;
  const std::vector<std::uint32_t>& sets = references_of(definition.references).sets;
  return std::any_of(sets.begin(), sets.end(), has_links);
}

// The same of one whose sets need not be: false when it cannot name any.
bool Assessor::may_lead_on(const Definition& definition) {
  if (definition.inputs != kNone && !literals(definition.inputs).paths.empty()) return true;
  if (definition.references == kNone) return false;
  const std::vector<std::uint32_t>& sets = references_of(definition.references).sets;
  return std::any_of(sets.begin(), sets.end(),
                     [&](std::uint32_t number) { return !literals(number).paths.empty(); });
}

void Assessor::judge(const graph::Plan& plan, const std::vector<bool>& asked,
                     const Policy& policy) {
  const std::vector<TaskId> order = plan.wanted();
  judged_by_ = tree_.moved();
  set_moved_.assign(definitions_.set_count(), Answer::unknown);
  references_moved_.assign(definitions_.reference_count(), Answer::unknown);
  leads_on_.assign(graph_.size(), false);
  made_.clear();
  below_.clear();
  std::vector<bool> is_known(graph_.size(), false);
  Same same(graph_.size());
  std::vector<SetId> sets;
  for (const TaskId task : order) {
    standings_[task] = Standing::open;
    contributions_[task] = Digest();
    const Definition definition = definitions_.task(task);
    is_known[graph::index_of(task)] = is_as_before(task, definition, same);
    if (is_known[graph::index_of(task)]) continue;
    const std::vector<SetId> own = sets_of(definition);
    sets.insert(sets.end(), own.begin(), own.end());
  }
  std::sort(sets.begin(), sets.end());
  sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
  // A task whose files cannot be read has no key (see judge_one); the others do.
  bool readable = static_cast<bool>(tree_.resolve(sets));
  std::vector<SetId> targets;
  for (const TaskId task : order) {
    if (is_known[graph::index_of(task)]) continue;
    const Definition definition = definitions_.task(task);
    add_targets(definition, targets);
    leads_on_[graph::index_of(task)] = leads_on(definition);
  }
  if (!targets.empty()) readable = static_cast<bool>(tree_.resolve(targets)) && readable;
  for (const TaskId task : order) {
    if (is_known[graph::index_of(task)]) {
      judge_known(task, policy, plan);
      continue;
    }
    if (!readable) {
      std::vector<SetId> own = sets_of(definitions_.task(task));
      add_targets(definitions_.task(task), own);
      if (problem(own) != nullptr) {
        standings_[task] = Standing::unkeyed;
        continue;
      }
    }
    if ((definitions_.task(task).flags & kHeld) == 0) judge_one(task, policy, &plan);
  }
  start_services(plan, order, asked);
}

// As judge_one() would, had it looked.
void Assessor::judge_known(TaskId task, const Policy& policy, const graph::Plan& plan) {
  if (!needs_have_ended(task, &plan)) return;
  const auto last = results_.find(graph_.name(task));
  standings_[task] = Standing::stale;
  keys_[task] = last->key;
  if (!policy || policy(task, *last)) settle(task, Standing::fresh, last->outputs);
}

Assessor::Conclusion Assessor::conclude(const graph::Plan& plan, bool looked) {
  Conclusion conclusion;
  const std::vector<bool> nobody(graph_.size(), false);
  // What moves while it looks may concern a task that it did not look at.
  bool again = looked || judged_by_ != tree_.moved();
  for (int look = 0; again; ++look) {
    if (look == kMostLooks) return conclusion;
    tree_.new_epoch();
    judge(plan, nobody, nullptr);
    again = judged_by_ != tree_.moved();
  }
  conclusion.note = known_now(plan).pack(situation_);
  const std::vector<TaskId> order = plan.wanted();
  // Links on the way to what a link leads to are in no set.
  conclusion.all_fresh = std::all_of(order.begin(), order.end(), [&](TaskId task) {
    return standings_[task] == Standing::fresh && !leads_on_[graph::index_of(task)];
  });
  return conclusion;
}

// Whether the task is known, and neither its files moved nor what its needs give to its key: then
// it is up to date if they are. `same`: what still gives what it gave when the note was written, of
// the tasks before it; this one is added.
bool Assessor::is_as_before(TaskId task, const Definition& definition, Same& same) {
  bool needs_same = true;
  bool below_same = true;  // what the needs of its needs give
  for (const graph::Link& link : graph_.needs(task)) {
    if (link.kind() != graph::EdgeKind::need) continue;
    const std::size_t need = graph::index_of(link.task());
    needs_same = needs_same && same.given[need];
    below_same = below_same && same.below[need];
  }
  same.below[graph::index_of(task)] = needs_same && below_same;
  if ((definition.flags & kReadsAll) != 0) needs_same = needs_same && below_same;
  if ((definition.flags & kHeld) != 0) return false;
  if ((definition.flags & kCached) == 0) {
    // Its key, when it only groups others or is a service; what always runs, nobody knows.
    const bool has_key = (definition.flags & (kRunsNothing | kService)) != 0;
    same.given[graph::index_of(task)] =
        has_key && needs_same && !may_lead_on(definition) && !has_moved(definition);
    return false;
  }
  // What was made of it last.
  const bool replaced = results_.replaced(graph_.name(task));
  same.given[graph::index_of(task)] = !replaced;
  return known_.has(task) && needs_same && !replaced && !has_moved(definition);
}

// What the judgement has found of the tasks of the plan, and of the others what still holds.
Known Assessor::known_now(const graph::Plan& plan) {
  Known known(graph_.size());
  Same same(graph_.size());
  for (const TaskId task : graph_.order()) {
    const Definition definition = definitions_.task(task);
    const bool as_before = is_as_before(task, definition, same);
    if ((definition.flags & kCached) == 0) continue;
    if (plan.state(task) == graph::State::unselected) {
      if (as_before) known.add(task);
      continue;
    }
    if (standings_[task] == Standing::fresh && !leads_on_[graph::index_of(task)]) known.add(task);
  }
  return known;
}

// A service is started when somebody has to run who needs it, through other services and groups
// too.
void Assessor::start_services(const graph::Plan& plan, std::span<const TaskId> order,
                              const std::vector<bool>& asked) {
  std::vector<bool> used(graph_.size(), false);
  for (std::size_t i = order.size(); i-- > 0;) {
    const TaskId task = order[i];
    if (standings_[task] != Standing::fresh) {
      used[graph::index_of(task)] = true;
      continue;
    }
    const auto flags = definitions_.task(task).flags;
    if ((flags & (kService | kRunsNothing)) == 0) continue;
    bool is_used = (flags & kService) != 0 && asked[graph::index_of(task)];
    for (const graph::Link& link : graph_.dependents(task)) {
      if (link.kind() != graph::EdgeKind::need) continue;
      if (plan.state(link.task()) == graph::State::unselected) continue;
      is_used = is_used || used[graph::index_of(link.task())];
    }
    used[graph::index_of(task)] = is_used;
    if (is_used && (flags & kService) != 0) standings_[task] = Standing::stale;
  }
}

void Assessor::trust(std::span<const TaskId> order) {
  for (const TaskId task : order) standings_[task] = Standing::fresh;
}

}  // namespace ggen::incremental
