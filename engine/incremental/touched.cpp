// SPDX-License-Identifier: MIT
#include "incremental/touched.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "hash/file_set.h"
#include "hash/path_key.h"

namespace ggen::incremental {

namespace {

struct Hit {
  std::uint32_t path = 0;
  std::uint32_t count = 0;

  void add(std::uint32_t at) {
    if (count++ == 0) path = at;
  }
};

struct Key {
  std::string text;
  bool directory = false;
  bool output_counts = true;
};

// What is done with a set: nobody asks for it, or as what.
struct Use {
  bool input = false;
  bool output = false;
};

// The paths that each set of files has among them. A set whose base is not above a path is not
// even read.
class Sets {
 public:
  Sets(std::string_view root, const Definitions& definitions)
      : root_(root), definitions_(definitions), hits_(definitions.set_count()) {}

  void find(const std::vector<Key>& keys, const std::vector<Use>& uses) {
    std::unordered_map<std::string, std::vector<std::uint32_t>> by_base;
    for (std::uint32_t number = 0; number < uses.size(); ++number) {
      if (!uses[number].input && !uses[number].output) continue;
      by_base[hash::path_key(root_, "", definitions_.set(number).base)].push_back(number);
    }
    sets_.resize(uses.size());
    for (std::uint32_t at = 0; at < keys.size(); ++at) {
      const Key& key = keys[at];
      const auto look = [&](const std::vector<std::uint32_t>& numbers) {
        for (const std::uint32_t number : numbers) {
          if (!uses[number].input && !key.output_counts) continue;
          if (matches(number, key)) hits_[number].add(at);
        }
      };
      if (key.directory) {
        for (const auto& [base, numbers] : by_base) {
          if (hash::is_within(base, key.text) || hash::is_within(key.text, base)) look(numbers);
        }
        continue;
      }
      each_above(key.text, [&](const std::string& dir) {
        if (const auto found = by_base.find(dir); found != by_base.end()) look(found->second);
      });
    }
  }

  const Hit& operator[](std::uint32_t number) const { return hits_[number]; }

 private:
  // The path itself, since a set may begin at a file, and all directories above it.
  template <class Visit>
  static void each_above(const std::string& key, const Visit& visit) {
    std::string dir = key;
    visit(dir);
    while (true) {
      const auto [above, name] = hash::split_key(dir);
      if (name.empty()) return;
      dir = std::string(above);
      visit(dir);
    }
  }

  bool matches(std::uint32_t number, const Key& key) {
    auto& set = sets_[number];
    if (!set) {
      auto compiled = hash::FileSet::compile(root_, definitions_.set(number));
      // A task whose patterns are malformed has no key and runs in any case.
      set.emplace(compiled ? std::move(*compiled) : hash::FileSet());
    }
    if (key.directory) return hash::DirView(*set, key.text).may_enter(false);
    return set->matches(key.text, false);
  }

  std::string root_;
  const Definitions& definitions_;
  std::vector<std::optional<hash::FileSet>> sets_;
  std::vector<Hit> hits_;
};

std::vector<Use> uses_of(const Definitions& definitions, const std::vector<References>& references,
                         std::size_t tasks) {
  std::vector<Use> uses(definitions.set_count());
  for (std::size_t i = 0; i < tasks; ++i) {
    const Definition task = definitions.task(static_cast<TaskId>(i));
    if (task.inputs != kNone) uses[task.inputs].input = true;
    if (task.outputs != kNone) uses[task.outputs].output = true;
  }
  for (const References& entry : references) {
    for (const std::uint32_t set : entry.sets) uses[set].input = true;
  }
  return uses;
}

// The first of the programs that lie in the project that is among the paths.
Hit programs_among(std::string_view root, const References& references,
                   const std::unordered_map<std::string, std::uint32_t>& by_key) {
  Hit hit;
  for (const Tool& tool : references.tools) {
    if (tool.name.find('/') == std::string::npos) continue;
    const auto found =
        by_key.find(hash::path_key(root, hash::path_key(root, "", tool.dir), tool.name));
    if (found != by_key.end()) hit.add(found->second);
  }
  return hit;
}

}  // namespace

std::vector<Touched> touched_tasks(std::string_view root, const Definitions& definitions,
                                   const std::vector<TouchedPath>& paths) {
  std::vector<Key> keys;
  std::unordered_map<std::string, std::uint32_t> by_key;
  for (const TouchedPath& path : paths) {
    Key& key = keys.emplace_back();
    key.text = hash::path_key(root, "", path.path);
    key.directory = path.path.ends_with('/');
    key.output_counts = path.output_counts;
    by_key.try_emplace(key.text, static_cast<std::uint32_t>(keys.size() - 1));
  }
  std::vector<References> references;
  std::vector<Hit> programs;
  for (std::uint32_t i = 0; i < definitions.reference_count(); ++i) {
    references.push_back(definitions.references(i));
    programs.push_back(programs_among(root, references.back(), by_key));
  }
  const std::size_t tasks = definitions.size();
  const std::vector<Use> uses = uses_of(definitions, references, tasks);
  Sets sets(root, definitions);
  sets.find(keys, uses);

  std::vector<Touched> found;
  for (std::size_t i = 0; i < tasks; ++i) {
    const Definition task = definitions.task(static_cast<TaskId>(i));
    Touched touched{static_cast<TaskId>(i), Touch::reads, 0, 0};
    // What is said is the first path of the strongest kind; all of them are counted.
    const auto add = [&](const Hit& hit, Touch how) {
      if (hit.count == 0) return;
      if (touched.count == 0) touched.how = how, touched.path = hit.path;
      touched.count += hit.count;
    };
    if (task.inputs != kNone) add(sets[task.inputs], Touch::reads);
    if (task.references != kNone) {
      for (const std::uint32_t set : references[task.references].sets) {
        add(sets[set], Touch::reads);
      }
      add(programs[task.references], Touch::runs);
    }
    if (task.outputs != kNone) add(sets[task.outputs], Touch::makes);
    if (touched.count > 0) found.push_back(touched);
  }
  return found;
}

}  // namespace ggen::incremental
