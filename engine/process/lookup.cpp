// SPDX-License-Identifier: MIT
#include "process/lookup.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace ggen::process {

namespace {

// What execvp uses when there is no PATH at all.
constexpr std::string_view kDefaultPath = "/bin:/usr/bin";

std::string_view find_path(const std::vector<std::string>& env) {
  constexpr std::string_view kName = "PATH=";
  for (const std::string& entry : env) {
    if (entry.starts_with(kName)) return std::string_view(entry).substr(kName.size());
  }
  return kDefaultPath;
}

}  // namespace

ProgramLookup::ProgramLookup(std::string_view program, const std::vector<std::string>& env,
                             std::string_view cwd)
    : program_(program), cwd_(cwd), path_(find_path(env)) {}

bool ProgramLookup::executable(const std::string& path) {
  std::string from_here;
  const char* name = path.c_str();
  if (path.front() != '/' && !cwd_.empty()) {
    from_here.append(cwd_).append("/").append(path);
    name = from_here.c_str();
  }
  if (access(name, X_OK) == 0) return true;
  if (errno == EACCES) saw_forbidden_ = true;
  return false;
}

std::string ProgramLookup::next() {
  if (program_.find('/') != std::string_view::npos) {
    // Named by its path: the exec itself tells best what is wrong with it.
    return std::exchange(done_, true) ? std::string() : std::string(program_);
  }
  while (!done_) {
    const std::size_t colon = path_.find(':', at_);
    std::string candidate(path_.substr(at_, colon == path_.npos ? path_.npos : colon - at_));
    if (colon == path_.npos) {
      done_ = true;
    } else {
      at_ = colon + 1;
    }
    // An empty entry means the current directory.
    if (candidate.empty()) candidate += '.';
    candidate.append("/").append(program_);
    if (executable(candidate)) return candidate;
  }
  return {};
}

}  // namespace ggen::process
