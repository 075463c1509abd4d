// Which tasks have to do with some files, by what the definitions say: asks no file and no index,
// so that files that are gone count like those that are there.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "incremental/definitions.h"

namespace ggen::incremental {

// A path may be spelled relative to the root (with "../" in front when it leads out of it), or
// absolute. One that ends with "/" stands for all that is below.
struct TouchedPath {
  std::string path;
  bool output_counts = true;  // as something that a task makes
};

enum class Touch : std::uint8_t {
  reads,  // it is among the inputs
  runs,   // it is a program that a command names by its place
  makes,  // it is a declared output
};

struct Touched {
  TaskId task{};
  Touch how = Touch::reads;
  std::uint32_t path = 0;   // the first of them, by its position
  std::uint32_t count = 0;  // how many of them
};

// Sorted by task. `root` is the directory of the project, absolute. What git ignores is not asked:
// a file that a glob does not see for that reason counts all the same.
std::vector<Touched> touched_tasks(std::string_view root, const Definitions& definitions,
                                   const std::vector<TouchedPath>& paths);

}  // namespace ggen::incremental
