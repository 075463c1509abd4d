// The key of a task, and what it is made of: one walk over all that decides what the task makes.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "base/pack.h"
#include "hash/sha256.h"
#include "incremental/assessor.h"
#include "incremental/situation.h"

namespace ggen::incremental {

using hash::SetId;

namespace {

// Parts are stored with results, which may be shared: a value that may be a secret only as a
// digest.
std::string shown_value(const std::string& name, const std::string& value) {
  for (const char* word : {"TOKEN", "SECRET", "PASS", "KEY", "AUTH", "CREDENTIAL"}) {
    if (name.find(word) != std::string::npos) return "sha256:" + hash::sha256(value).hex();
  }
  constexpr std::size_t kLongest = 200;
  return value.size() <= kLongest ? value : "sha256:" + hash::sha256(value).hex();
}

}  // namespace

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

}  // namespace ggen::incremental
