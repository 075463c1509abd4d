// Finds the files below a directory that match globs. Reads only directories that can hold one.
// Knows nothing of .gitignore.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/glob.h"
#include "base/result.h"

namespace ggen {

// Paths relative to `root`, sorted by bytes, of everything but directories. Links are listed and
// never followed; .git and .ggen are left out. A directory that vanishes meanwhile is no error.
// `before_reading` is told each directory right before it is read.
Result<std::vector<std::string>> find_files(
    const std::string& root, const GlobSet& globs,
    const std::function<void(const std::string& dir)>& before_reading = {});

}  // namespace ggen
