// What the links lead to that a task names among its inputs. A set of files has links as links
// (hash/tree.h); whoever names one means what it leads to as well.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "base/file.h"
#include "incremental/assessor.h"

namespace ggen::incremental {

using hash::SetId;
using hash::SetSpec;

namespace {

// "./a//b/" as "a/b", without the escapes; nothing for what is no plain path.
std::optional<std::string> plain_path(std::string_view pattern) {
  std::string path;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size())
      c = pattern[++i];
    else if (std::string_view("*?[{").find(c) != std::string_view::npos)
      return std::nullopt;
    const bool at_begin = path.empty() || path.back() == '/';
    if (c == '/' && at_begin) continue;
    path += c;
    if (path == "./" || path.ends_with("/./")) path.resize(path.size() - 2);
  }
  while (path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

const Assessor::Literals& Assessor::literals(std::uint32_t number) {
  const auto [found, added] = literals_.try_emplace(number);
  if (!added) return found->second;
  const SetSpec spec = definitions_.set(number);
  if (spec.outputs || spec.by_stamp) return found->second;
  for (const std::string& pattern : spec.patterns) {
    const auto path = pattern.starts_with('!') ? std::nullopt : plain_path(pattern);
    if (!path) continue;
    const bool joined = spec.base.empty() || spec.base == "/";
    found->second.paths.push_back(spec.base + (joined ? "" : "/") + *path);
  }
  std::sort(found->second.paths.begin(), found->second.paths.end());
  return found->second;
}

std::vector<Assessor::Target> Assessor::targets_of(std::uint32_t number) {
  std::vector<Target> targets;
  const Literals& named = literals(number);
  const SetId set = set_id(number);
  if (named.paths.empty() || tree_.digest(set) == named.without_links) return targets;
  bool any = false;
  tree_.each(set, [&](const hash::TreeEntry& entry) {
    if (entry.kind != hash::EntryKind::link) return;
    if (!std::binary_search(named.paths.begin(), named.paths.end(), entry.path)) return;
    any = true;
    const std::string link(entry.path);
    const std::string path = link.starts_with('/') ? link : root_ + "/" + link;
    const auto real = real_path(path);
    const auto info = real ? stat_path(*real) : Result<FileInfo>(real.error());
    if (!info || real->size() < 2) return;
    const bool directory = info->type == FileType::directory;
    // A directory that the link itself is in has more than anybody means.
    if (directory && (path + "/").starts_with(*real + "/")) return;
    if (!directory && info->type != FileType::file) return;
    SetSpec spec;
    if (real->starts_with(root_ + "/")) {
      spec.patterns = {escape_pattern(std::string_view(*real).substr(root_.size() + 1))};
    } else {
      const std::size_t slash = real->rfind('/');
      spec.base = slash == 0 ? "/" : real->substr(0, slash);
      spec.patterns = {escape_pattern(std::string_view(*real).substr(slash + 1))};
    }
    targets.push_back({link, tree_.add(spec), directory});
  });
  if (!any) literals_[number].without_links = tree_.digest(set);
  return targets;
}

void Assessor::add_targets(const Definition& definition, std::vector<SetId>& sets) {
  const auto add = [&](std::uint32_t number) {
    for (const Target& target : targets_of(number)) sets.push_back(target.set);
  };
  if (definition.inputs != kNone) add(definition.inputs);
  if (definition.references == kNone) return;
  for (const std::uint32_t number : references_of(definition.references).sets) add(number);
}

}  // namespace ggen::incremental
