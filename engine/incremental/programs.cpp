// SPDX-License-Identifier: MIT
#include "incremental/programs.h"

#include <vector>

#include "base/file.h"

namespace ggen::incremental {

const std::string& Programs::find(const Tool& tool) {
  const auto [found, added] = found_.try_emplace(tool);
  // What is missing below the project may have been made by now.
  const bool may_appear = found->second.empty() && tool.name.find('/') != std::string::npos;
  if (!added && !may_appear) return found->second;
  std::vector<std::string> places;
  if (tool.name.find('/') != std::string::npos) {
    const bool outside = tool.dir.starts_with('/');
    const std::string base = outside ? tool.dir : root_ + (tool.dir.empty() ? "" : "/" + tool.dir);
    places.push_back(tool.name.front() == '/' ? tool.name : base + "/" + tool.name);
  } else {
    const std::string path = !tool.path.empty()
                                 ? tool.path
                                 : environment_("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
    for (std::size_t at = 0; at <= path.size();) {
      const std::size_t end = std::min(path.find(':', at), path.size());
      if (end > at) places.push_back(path.substr(at, end - at) + "/" + tool.name);
      at = end + 1;
    }
  }
  for (const std::string& place : places) {
    if (!is_executable(place)) continue;
    if (auto real = real_path(place)) {
      found->second = std::move(*real);
      break;
    }
  }
  return found->second;
}

}  // namespace ggen::incremental
