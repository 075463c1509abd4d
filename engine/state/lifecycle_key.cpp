// SPDX-License-Identifier: MIT
#include "state/lifecycle_key.h"

#include "base/file.h"
#include "hash/sha256.h"

namespace ggen::state {

Digest lifecycle_key(std::string_view phase, const std::vector<std::string>& commands,
                     const std::vector<std::pair<std::string, std::string>>& variables,
                     const std::vector<std::string>& inputs) {
  hash::Sha256 sha;
  sha.update(phase);
  for (const std::string& command : commands) {
    sha.update("\n");
    sha.update(command);
  }
  for (const auto& [name, value] : variables) sha.update("\n" + name + "=" + value);
  for (const std::string& path : inputs) {
    sha.update("\n");
    sha.update(path);
    if (const auto bytes = read_file(path)) sha.update(*bytes);
  }
  return sha.finish();
}

}  // namespace ggen::state
