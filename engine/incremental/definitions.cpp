// SPDX-License-Identifier: MIT
#include "incremental/definitions.h"

#include "base/pack.h"
#include "hash/sha256.h"

namespace ggen::incremental {

namespace {

constexpr std::uint32_t kMagic = 0x31464447;  // "GDF1"
constexpr std::size_t kHeader = 4 * 4;
constexpr std::size_t kHot = 4 * 4 + Digest::kSize;
// After the tasks: for each set, then each reference, then each task's parts, where its text
// begins, and at the end where the last one ends.
constexpr std::size_t kOffset = 8;

std::string pack(const hash::SetSpec& spec) {
  Packer out;
  out.number(static_cast<std::uint8_t>(spec.outputs ? 1 : 0));
  out.number(static_cast<std::uint8_t>(spec.by_stamp ? 1 : 0));
  out.text(spec.base);
  for (const auto* list : {&spec.patterns, &spec.exclude}) {
    out.number(static_cast<std::uint32_t>(list->size()));
    for (const std::string& pattern : *list) out.text(pattern);
  }
  return out.take();
}

std::string pack(const References& references) {
  Packer out;
  out.number(static_cast<std::uint32_t>(references.variables.size()));
  for (const std::string& name : references.variables) out.text(name);
  out.number(static_cast<std::uint32_t>(references.tools.size()));
  for (const Tool& tool : references.tools) {
    out.text(tool.name);
    out.text(tool.dir);
    out.number(static_cast<std::uint8_t>(tool.later ? 1 : 0));
    out.text(tool.path);
  }
  out.number(static_cast<std::uint32_t>(references.sets.size()));
  for (const std::uint32_t set : references.sets) out.number(set);
  return out.take();
}

std::string pack(const std::vector<Part>& parts) {
  Packer out;
  out.number(static_cast<std::uint32_t>(parts.size()));
  for (const Part& part : parts) {
    out.text(part.kind);
    out.text(part.name);
    out.text(part.value);
  }
  return out.take();
}

std::uint32_t number_of(std::map<std::string, std::uint32_t, std::less<>>& numbers,
                        std::vector<std::string>& list, std::string packed) {
  const auto [found, added] =
      numbers.try_emplace(std::move(packed), static_cast<std::uint32_t>(list.size()));
  if (added) list.push_back(found->first);
  return found->second;
}

}  // namespace

std::uint32_t DefinitionsBuilder::set(const hash::SetSpec& spec) {
  return number_of(set_numbers_, sets_, pack(spec));
}

std::uint32_t DefinitionsBuilder::references(const References& references) {
  return number_of(reference_numbers_, references_, pack(references));
}

void DefinitionsBuilder::add(Definition definition, const std::vector<Part>& parts) {
  parts_.push_back(pack(parts));
  definition.fixed = hash::sha256(parts_.back());
  tasks_.push_back(definition);
}

std::string DefinitionsBuilder::finish() {
  Packer out;
  out.number(kMagic);
  for (const auto size : {tasks_.size(), sets_.size(), references_.size()}) {
    out.number(static_cast<std::uint32_t>(size));
  }
  for (const Definition& task : tasks_) {
    for (const auto number : {task.flags, task.inputs, task.outputs, task.references}) {
      out.number(number);
    }
    out.digest(task.fixed);
  }
  const std::size_t count = sets_.size() + references_.size() + parts_.size();
  std::uint64_t at = out.size() + (count + 1) * kOffset;
  for (const auto* list : {&sets_, &references_, &parts_}) {
    for (const std::string& text : *list) {
      out.number(at);
      at += text.size();
    }
  }
  out.number(at);
  for (const auto* list : {&sets_, &references_, &parts_}) {
    for (const std::string& text : *list) out.raw(text);
  }
  return out.take();
}

Result<Definitions> Definitions::open(std::string_view bytes) {
  Unpacker in(bytes);
  Definitions view;
  view.bytes_ = bytes;
  const bool ours = in.number<std::uint32_t>() == kMagic;
  view.tasks_ = in.number<std::uint32_t>();
  view.sets_ = in.number<std::uint32_t>();
  view.references_ = in.number<std::uint32_t>();
  const std::uint64_t offsets = std::uint64_t{view.tasks_} + view.sets_ + view.references_ + 1;
  const bool fits = kHeader + view.tasks_ * kHot + offsets * kOffset <= bytes.size();
  if (!in.good() || !ours || !fits) {
    return Error{ErrorKind::invalid, "these are no definitions of tasks"};
  }
  return view;
}

Definition Definitions::task(TaskId id) const {
  GGEN_BUG_IF(graph::index_of(id) >= tasks_, "the definition of a task that there is not");
  Unpacker in(bytes_.substr(kHeader + graph::index_of(id) * kHot, kHot));
  Definition task;
  task.flags = in.number<std::uint32_t>();
  task.inputs = in.number<std::uint32_t>();
  task.outputs = in.number<std::uint32_t>();
  task.references = in.number<std::uint32_t>();
  task.fixed = in.digest();
  return task;
}

// The text of an entry of the tables: sets first, then references, then parts.
std::string_view Definitions::packed(std::size_t before, std::uint32_t number) const {
  const std::size_t at = kHeader + tasks_ * kHot + (before + number) * kOffset;
  Unpacker in(bytes_.substr(at, 2 * kOffset));
  const auto begin = in.number<std::uint64_t>();
  const auto end = in.number<std::uint64_t>();
  if (begin > end || end > bytes_.size()) return {};
  return bytes_.substr(begin, end - begin);
}

hash::SetSpec Definitions::set(std::uint32_t number) const {
  hash::SetSpec spec;
  if (number >= sets_) return spec;
  Unpacker in(packed(0, number));
  spec.outputs = in.number<std::uint8_t>() == 1;
  spec.by_stamp = in.number<std::uint8_t>() == 1;
  spec.base = in.text();
  for (auto* list : {&spec.patterns, &spec.exclude}) {
    const auto count = in.number<std::uint32_t>();
    for (std::uint32_t i = 0; i < count && in.good(); ++i) list->emplace_back(in.text());
  }
  return spec;
}

std::optional<std::string_view> Definitions::set_base(std::uint32_t number) const {
  if (number >= sets_) return std::nullopt;
  const std::string_view text = packed(0, number);
  if (text.find("..") != std::string_view::npos) return std::nullopt;
  Unpacker in(text);
  (void)in.raw(2);  // outputs, by_stamp
  return in.text();
}

References unpack_references(std::string_view packed) {
  References references;
  Unpacker in(packed);
  auto count = in.number<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && in.good(); ++i)
    references.variables.emplace_back(in.text());
  count = in.number<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && in.good(); ++i) {
    Tool tool;
    tool.name = in.text();
    tool.dir = in.text();
    tool.later = in.number<std::uint8_t>() == 1;
    tool.path = in.text();
    references.tools.push_back(std::move(tool));
  }
  count = in.number<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && in.good(); ++i)
    references.sets.push_back(in.number<std::uint32_t>());
  return references;
}

std::string_view Definitions::packed_references(std::uint32_t number) const {
  return number < references_ ? packed(sets_, number) : std::string_view();
}

References Definitions::references(std::uint32_t number) const {
  return unpack_references(packed_references(number));
}

std::vector<Part> Definitions::parts(TaskId id) const {
  Unpacker in(packed(std::size_t{sets_} + references_, static_cast<std::uint32_t>(id)));
  const auto count = in.number<std::uint32_t>();
  std::vector<Part> parts;
  for (std::uint32_t i = 0; i < count && in.good(); ++i) {
    Part part;
    part.kind = in.text();
    part.name = in.text();
    part.value = in.text();
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace ggen::incremental
