// Where a program may be, as execvp would look for it, for a child with a PATH and a directory of
// its own. Asks the file system; starts nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ggen::process {

class ProgramLookup {
 public:
  // `cwd` empty: ours.
  ProgramLookup(std::string_view program, const std::vector<std::string>& env,
                std::string_view cwd);

  // The next path worth an exec in the child; empty when there is none left.
  std::string next();
  // A file was found that may not be executed.
  bool saw_forbidden() const { return saw_forbidden_; }
  void set_forbidden() { saw_forbidden_ = true; }
  // The PATH that was used.
  std::string_view path() const { return path_; }

 private:
  bool executable(const std::string& path);

  std::string_view program_;
  std::string_view cwd_;
  std::string_view path_;
  std::size_t at_ = 0;
  bool done_ = false;
  bool saw_forbidden_ = false;
};

}  // namespace ggen::process
