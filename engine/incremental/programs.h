// Where the programs that commands name are: looked up once a run. Knows nothing of what is in
// them.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "incremental/definitions.h"

namespace ggen::incremental {

// Variables of the caller, by name.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

class Programs {
 public:
  // `root` is the directory of the project, absolute.
  Programs(std::string root, Environment environment)
      : root_(std::move(root)), environment_(std::move(environment)) {}

  // The file, with links followed; empty when there is none. A name with a slash is relative to the
  // tool's directory, another one is looked up in PATH.
  const std::string& find(const Tool& tool);

 private:
  std::string root_;
  Environment environment_;
  std::map<Tool, std::string> found_;
};

}  // namespace ggen::incremental
