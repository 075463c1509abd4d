// The ignore rules that hold in a project's root, for whoever looks at its files without a Tree.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "hash/rules.h"

namespace ggen::hash {

// Those of the repository around `root` (its exclude file, and the ignore files of the directories
// above), as Tree has them. The root's own files are not among them. `root` is absolute and without
// links.
RulesPtr rules_around(const std::string& root);

// `above` with the directory's own ignore files on top, as far as they are there; `above` itself
// where there are none.
RulesPtr rules_with_own(RulesPtr above, const std::string& root, const std::string& dir);

}  // namespace ggen::hash
