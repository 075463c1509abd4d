// SPDX-License-Identifier: MIT
#include "incremental/assessor.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/pack.h"
#include "hash/sha256.h"
#include "incremental/situation.h"

namespace ggen::incremental {

using hash::SetId;
using hash::SetSpec;

namespace {

std::string_view directory_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Parts are stored with results, which may be shared: a value that may be a secret only as a
// digest.
std::string shown_value(const std::string& name, const std::string& value) {
  for (const char* word : {"TOKEN", "SECRET", "PASS", "KEY", "AUTH", "CREDENTIAL"}) {
    if (name.find(word) != std::string::npos) return "sha256:" + hash::sha256(value).hex();
  }
  constexpr std::size_t kLongest = 200;
  return value.size() <= kLongest ? value : "sha256:" + hash::sha256(value).hex();
}

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

// Keys -------------------------------------------------------------------------------------------

std::vector<SetId> Assessor::sets_of(const Definition& definition) {
  std::vector<SetId> sets;
  if (definition.inputs != kNone) sets.push_back(set_id(definition.inputs));
  if (definition.outputs != kNone) sets.push_back(set_id(definition.outputs));
  if (definition.references != kNone) {
    const References references = definitions_.references(definition.references);
    for (const std::uint32_t number : references.sets) sets.push_back(set_id(number));
    for (const Tool& tool : references.tools) {
      if (const auto set = tool_set(tool)) sets.push_back(*set);
    }
  }
  return sets;
}

const References& Assessor::references_of(std::uint32_t number) {
  const auto [found, added] = references_.try_emplace(number);
  if (added) found->second = definitions_.references(number);
  return found->second;
}

std::optional<Program> Assessor::program(const Tool& tool) {
  std::optional<Program> program;
  // One that has appeared since the files were looked at is still missing.
  const auto set = tool_set(tool);
  if (set && tree_.count(*set) > 0) {
    tree_.each(*set, [&](const hash::TreeEntry& entry) {
      program = {hash::kind_letter(entry.kind, entry.executable), entry.digest};
    });
  }
  return program;
}

// The one walk over all that makes a key. A visitor that digests and one that writes down cannot
// differ in what they see.
template <class Visitor>
void Assessor::visit(TaskId task, const Definition& definition, Visitor& visitor) {
  visitor.fixed(task, definition);
  if (definition.references != kNone) {
    const References& references = references_of(definition.references);
    for (const std::string& name : references.variables) visitor.variable(name, environment_(name));
    for (const Tool& tool : references.tools) visitor.tool(tool.name, program(tool));
    for (const std::uint32_t set : references.sets) visit_files(set, visitor);
  }
  if (definition.inputs != kNone) visit_files(definition.inputs, visitor);
  sorted_needs(task, needs_);
  for (const TaskId need : needs_) visitor.need(graph_.name(need), contributions_[need]);
  if ((definition.flags & kReadsAll) == 0) return;
  for (const TaskId need : needs_) {
    const auto made = made_below(need);
    if (!made || !made->is_zero()) visitor.below(graph_.name(need), made);
  }
}

template <class Visitor>
void Assessor::visit_files(std::uint32_t number, Visitor& visitor) {
  visitor.files(set_id(number));
  for (const Target& target : targets_of(number)) {
    if (target.directory)
      visitor.files(target.set);
    else
      visitor.target(target);
  }
}

// Without recursion: a chain of needs may be as long as the graph.
std::optional<Digest> Assessor::made_below(TaskId task) {
  std::vector<TaskId> path = {task};
  std::vector<TaskId> needs;
  while (!path.empty()) {
    const TaskId at = path.back();
    const std::size_t depth = path.size();
    sorted_needs(at, needs);
    if (!below_.contains(graph::index_of(at))) {
      for (const TaskId need : needs) {
        if (!below_.contains(graph::index_of(need))) path.push_back(need);
      }
    }
    if (path.size() > depth) continue;
    path.pop_back();
    Packer out;
    bool known = true;
    for (const TaskId need : needs) {
      const bool makes = (definitions_.task(need).flags & kHasOutputs) != 0;
      const auto& below = below_[graph::index_of(need)];
      known = known && below && !(makes && contributions_[need].is_zero());
      if (!known) break;
      if (makes) {
        out.text(graph_.name(need));
        out.digest(contributions_[need]);
      }
      if (!below->is_zero()) out.digest(*below);
    }
    const bool any = !out.bytes().empty();
    below_[graph::index_of(at)] =
        !known ? std::nullopt : std::optional(any ? hash::sha256(out.bytes()) : Digest());
  }
  return below_[graph::index_of(task)];
}

void Assessor::sorted_needs(TaskId task, std::vector<TaskId>& needs) const {
  needs.clear();
  for (const graph::Link& link : graph_.needs(task)) {
    if (link.kind() == graph::EdgeKind::need) needs.push_back(link.task());
  }
  std::sort(needs.begin(), needs.end(),
            [&](TaskId a, TaskId b) { return graph_.name(a) < graph_.name(b); });
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

std::optional<Digest> Assessor::make_key(TaskId task, const Definition& definition) {
  struct Digester {
    const hash::Tree& tree;
    Packer out{};
    bool complete = true;

    void fixed(TaskId, const Definition& of) {
      out.raw(kKeyFormat);
      out.digest(of.fixed);
    }
    void variable(const std::string& name, const std::optional<std::string>& value) {
      out.text(name);
      out.number(static_cast<std::uint8_t>(value ? 1 : 0));
      out.text(value.value_or(""));
    }
    // Where a program lies may differ between machines, what it is may not.
    void tool(const std::string& name, const std::optional<Program>& program) {
      out.text(name);
      out.number(static_cast<std::uint8_t>(program ? program->letter : 0));
      out.digest(program ? program->digest : Digest());
    }
    void files(SetId set) { out.digest(tree.digest(set)); }
    // Where it lies may differ between checkouts.
    void target(const Target& of) {
      out.text(of.link);
      tree.each(of.set, [&](const hash::TreeEntry& entry) {
        out.number(static_cast<std::uint8_t>(hash::kind_letter(entry.kind, entry.executable)));
        out.digest(entry.digest);
      });
    }
    void below(std::string_view name, const std::optional<Digest>& made) {
      complete = complete && made;
      out.text(name);
      out.digest(made.value_or(Digest()));
    }
    void need(std::string_view name, const Digest& contribution) {
      complete = complete && !contribution.is_zero();
      out.text(name);
      out.digest(contribution);
    }
  };
  Digester digester{tree_};
  visit(task, definition, digester);
  if (!digester.complete) return std::nullopt;
  return hash::sha256(digester.out.bytes());
}

Result<std::vector<Part>> Assessor::parts(TaskId task) {
  // Of a task that is known nobody has looked at the files.
  const std::vector<SetId> sets = sets_of(definitions_.task(task));
  const bool resolved =
      std::all_of(sets.begin(), sets.end(), [&](SetId set) { return tree_.resolved(set); });
  if (!resolved) GGEN_TRY(tree_.resolve(sets));
  struct Writer {
    const Definitions& definitions;
    const hash::Tree& tree;
    std::vector<Part> parts{};

    void fixed(TaskId of, const Definition&) { parts = definitions.parts(of); }
    void variable(const std::string& name, const std::optional<std::string>& value) {
      parts.push_back({"key_env", name, value ? "=" + shown_value(name, *value) : ""});
    }
    void tool(const std::string& name, const std::optional<Program>& program) {
      parts.push_back({"tool", name, program ? program->letter + program->digest.hex() : ""});
    }
    void files(SetId set) {
      tree.each(set, [&](const hash::TreeEntry& entry) {
        parts.push_back({"input", std::string(entry.path),
                         hash::kind_letter(entry.kind, entry.executable) + entry.digest.hex()});
      });
    }
    void target(const Target& of) {
      tree.each(of.set, [&](const hash::TreeEntry& entry) {
        parts.push_back({"input", of.link + " (what it leads to)",
                         hash::kind_letter(entry.kind, entry.executable) + entry.digest.hex()});
      });
    }
    void need(std::string_view name, const Digest& contribution) {
      parts.push_back({"need", std::string(name), contribution.hex()});
    }
    void below(std::string_view name, const std::optional<Digest>& made) {
      parts.push_back({"below", std::string(name), made.value_or(Digest()).hex()});
    }
  };
  Writer writer{definitions_, tree_};
  visit(task, definitions_.task(task), writer);
  return std::move(writer.parts);
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
