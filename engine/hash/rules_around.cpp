// SPDX-License-Identifier: MIT
#include "hash/rules_around.h"

#include <fcntl.h>

#include "base/fd.h"
#include "hash/path_key.h"
#include "hash/sha256.h"
#include "hash/walker.h"

namespace ggen::hash {

// Neither holds a descriptor of the root: as long as there is one, nobody is told that it is gone.

RulesPtr rules_around(const std::string& root) {
  const Fd root_fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const FileIndex nothing;
  NodeTable nodes(nothing);
  Pool pool(1);
  Walker walker(root, root_fd.get(), nodes, pool);
  walker.begin({2, 2, true});
  RulesPtr rules = walker.root_rules();
  rules->load_all();
  return rules;
}

RulesPtr rules_with_own(RulesPtr above, const std::string& root, const std::string& dir) {
  std::vector<Rules::Source> sources;
  for (const std::string_view name : Rules::kFiles) {
    std::string path = join_key(join_key(root, dir), name);
    if (const auto file = hash_file(AT_FDCWD, path.c_str())) {
      sources.push_back({std::move(path), file->digest});
    }
  }
  if (sources.empty()) return above;
  return std::make_shared<const Rules>(std::move(above), dir, "", AT_FDCWD, std::move(sources));
}

}  // namespace ggen::hash
