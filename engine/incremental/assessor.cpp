// SPDX-License-Identifier: MIT
#include "incremental/assessor.h"

#include <chrono>
#include <utility>

#include "hash/sha256.h"

namespace ggen::incremental {

using hash::SetId;
using hash::SetSpec;

namespace {

std::string_view directory_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::uint64_t now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now);
  return static_cast<std::uint64_t>(ms.count());
}

// A pattern of one file that finds it only if git does not ignore it: those without wildcards
// always do.
std::string tracked_pattern(std::string_view path) {
  const bool plain = std::string_view("]^!-\\").find(path.front()) == std::string_view::npos;
  const std::string first = plain ? "[" + std::string(1, path.front()) + "]" : "?";
  return first + escape_pattern(path.substr(1));
}

}  // namespace

std::string escape_pattern(std::string_view name) {
  std::string pattern;
  for (const char c : name) {
    if (std::string_view("*?[]{}!\\,").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

Assessor::Assessor(hash::Tree& tree, std::string root, const graph::Graph& graph,
                   Definitions definitions, Results& results, Environment environment,
                   Programs& programs)
    : tree_(tree),
      root_(std::move(root)),
      graph_(graph),
      definitions_(definitions),
      results_(results),
      environment_(std::move(environment)),
      programs_(programs),
      standings_(graph.size()),
      keys_(graph.size()),
      contributions_(graph.size()),
      known_(graph.size()),
      set_ids_(definitions.set_count()) {
  GGEN_BUG_IF(definitions.size() != graph.size(), "definitions and graph of different pipelines");
  tree_.expect_writes([this] { return all_outputs(); });
}

SetId Assessor::set_id(std::uint32_t number) {
  auto& id = set_ids_[number];
  if (!id) id = tree_.add(definitions_.set(number));
  return *id;
}

std::vector<SetSpec> Assessor::all_outputs() const {
  std::vector<SetSpec> sets;
  for (std::uint32_t task = 0; task < definitions_.size(); ++task) {
    const std::uint32_t number = definitions_.task(TaskId{task}).outputs;
    if (number != kNone) sets.push_back(definitions_.set(number));
  }
  return sets;
}

// Programs ---------------------------------------------------------------------------------------

std::optional<SetSpec> Assessor::tool_spec(const Tool& tool) const {
  const std::string& path = programs_.find(tool);
  if (path.empty()) return std::nullopt;
  SetSpec spec;
  if (path.starts_with(root_ + "/")) {
    const std::string_view inside = std::string_view(path).substr(root_.size() + 1);
    spec.patterns = {tool.later ? tracked_pattern(inside) : escape_pattern(inside)};
  } else {
    spec.base = directory_of(path);
    spec.patterns = {escape_pattern(name_of(path))};
  }
  return spec;
}

std::optional<SetId> Assessor::tool_set(const Tool& tool) {
  const std::string& path = programs_.find(tool);
  if (path.empty()) return std::nullopt;
  const auto [found, added] = tool_sets_.try_emplace({path, tool.later});
  if (added) found->second = tree_.add(*tool_spec(tool));
  return found->second;
}

bool Assessor::needs_have_ended(TaskId task, const graph::Plan* plan) const {
  const auto has_ended = [&](TaskId need) {
    return standings_[need] == Standing::fresh || standings_[need] == Standing::ended;
  };
  // The plan's graph has the order of phases as well.
  for (const graph::Link& link : (plan != nullptr ? plan->graph() : graph_).needs(task)) {
    const bool counts = link.kind() == graph::EdgeKind::need ||
                        (plan != nullptr && plan->state(link.task()) != graph::State::unselected);
    if (counts && !has_ended(link.task())) return false;
  }
  return true;
}

// One task ---------------------------------------------------------------------------------------

void Assessor::settle(TaskId task, Standing standing, const Digest& outputs) {
  standings_[task] = standing;
  const bool makes = (definitions_.task(task).flags & kHasOutputs) != 0;
  contributions_[task] = makes ? outputs : keys_[task];
}

void Assessor::judge_one(TaskId task, const Policy& policy, const graph::Plan* plan) {
  const Definition definition = definitions_.task(task);
  if (!needs_have_ended(task, plan)) return;
  const bool keyed = (definition.flags & kKeyed) != 0;
  const auto key = keyed ? make_key(task, definition) : std::nullopt;
  if (!key) {
    standings_[task] = Standing::unkeyed;
    return;
  }
  keys_[task] = *key;
  if ((definition.flags & (kRunsNothing | kService)) != 0) {
    settle(task, Standing::fresh, Digest());
    return;
  }
  standings_[task] = Standing::stale;
  if ((definition.flags & kCached) == 0) return;
  const auto last = results_.find(graph_.name(task));
  if (!last || last->key != *key) return;
  const bool in_place =
      definition.outputs == kNone || tree_.digest(set_id(definition.outputs)) == last->outputs;
  if (in_place && (!policy || policy(task, *last))) settle(task, Standing::fresh, last->outputs);
}

const Error* Assessor::problem(const std::vector<SetId>& sets) const {
  for (const SetId set : sets) {
    if (const Error* error = tree_.problem(set)) return error;
  }
  return nullptr;
}

Assessment Assessor::assess(TaskId task) {
  const Definition definition = definitions_.task(task);
  Assessment assessment;
  std::vector<SetId> sets = sets_of(definition);
  bool readable = static_cast<bool>(tree_.resolve(sets));
  if (const std::size_t own = sets.size(); readable) {
    add_targets(definition, sets);
    if (sets.size() > own) readable = static_cast<bool>(tree_.resolve(sets));
  }
  if (!readable) {
    if (const Error* error = problem(sets)) {
      standings_[task] = Standing::unkeyed;
      contributions_[task] = Digest();
      assessment.standing = Standing::unkeyed;
      assessment.problem = error->message;
      return assessment;
    }
  }
  standings_[task] = Standing::open;
  judge_one(task, nullptr, nullptr);
  assessment.standing = standings_[task];
  assessment.key = keys_[task];
  assessment.last = results_.find(graph_.name(task));
  if (assessment.standing == Standing::stale && assessment.last) {
    assessment.outputs_moved = assessment.last->key == assessment.key;
  }
  return assessment;
}

// Around a run -----------------------------------------------------------------------------------

std::optional<SetId> Assessor::output_set(TaskId task) {
  const std::uint32_t number = definitions_.task(task).outputs;
  return number == kNone ? std::nullopt : std::optional(set_id(number));
}

std::vector<std::string> Assessor::output_patterns(TaskId task) const {
  const std::uint32_t number = definitions_.task(task).outputs;
  if (number == kNone) return {};
  const SetSpec spec = definitions_.set(number);
  std::vector<std::string> patterns;
  for (const std::string& pattern : spec.patterns) {
    const bool negated = pattern.starts_with('!');
    const std::string path = negated ? pattern.substr(1) : pattern;
    const std::string base = spec.base.empty() ? "" : escape_pattern(spec.base) + "/";
    patterns.push_back((negated ? "!" : "") + base + path);
  }
  return patterns;
}

std::optional<TaskId> Assessor::altered_need(TaskId task) {
  for (const graph::Link& link : graph_.needs(task)) {
    const TaskId need = link.task();
    const auto set = link.kind() == graph::EdgeKind::need ? output_set(need) : std::nullopt;
    if (!set) continue;
    const auto found = made_.find(need);
    const Digest& then = found == made_.end() ? contributions_[need] : found->second;
    if (!then.is_zero() && tree_.digest(*set) != then) return need;
  }
  return std::nullopt;
}

Result<bool> Assessor::look_again(TaskId task) {
  const auto set = output_set(task);
  if (!set || made_.contains(task) || contributions_[task].is_zero()) return false;
  tree_.new_epoch();
  GGEN_TRY(tree_.resolve({&*set, 1}));
  const Digest before = std::exchange(contributions_[task], tree_.digest(*set));
  below_.clear();
  return contributions_[task] != before;
}

bool Assessor::is_read_quick(TaskId task) {
  const auto set = output_set(task);
  return !set || tree_.is_quick({&*set, 1});
}

Result<Outputs> Assessor::read_outputs(TaskId task) {
  Outputs outputs;
  const Definition definition = definitions_.task(task);
  if (definition.outputs == kNone) return outputs;
  const SetId set = set_id(definition.outputs);
  const SetId sets[] = {set};
  GGEN_TRY(tree_.resolve(sets));
  std::size_t found = 0;
  tree_.each(set, [&](const hash::TreeEntry& entry) {
    if (entry.kind == hash::EntryKind::missing) {
      outputs.missing.emplace_back(entry.path);
    } else {
      ++found;
      outputs.bytes += entry.kind == hash::EntryKind::file ? entry.stamp.size : 0;
    }
  });
  outputs.none = found == 0;
  outputs.digest = tree_.digest(set);
  return outputs;
}

void Assessor::ended(TaskId task, const std::optional<LastResult>& result, std::string_view how,
                     Outcome outcome) {
  const std::string_view name = graph_.name(task);
  if (result)
    results_.set(name, *result);
  else if (outcome != Outcome::kept)
    results_.set_not_kept(name, outcome, now_ms());
  else if (how != "skipped")
    results_.erase(name);
  standings_[task] = Standing::ended;
  const Definition definition = definitions_.task(task);
  Digest& contribution = contributions_[task];
  if ((definition.flags & kHasOutputs) != 0)
    contribution = result ? result->outputs : tree_.digest(set_id(definition.outputs));
  else
    contribution = keys_[task];
  made_.erase(task);
  if (how.empty() || contribution.is_zero()) return;
  if ((definition.flags & kHasOutputs) != 0) made_[task] = contribution;
  contribution = how == "unknown" ? Digest() : hash::sha256(std::string(how) + contribution.hex());
}

Result<void> Assessor::leave_out(TaskId task) {
  contributions_[task] = hash::sha256("left out");
  if (const auto set = output_set(task)) {
    GGEN_TRY(tree_.resolve({&*set, 1}));
    contributions_[task] = tree_.digest(*set);
  }
  standings_[task] = Standing::ended;
  return {};
}

}  // namespace ggen::incremental
