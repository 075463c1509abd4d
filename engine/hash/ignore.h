// What git ignores: the rules of one .gitignore file (or .ggenignore, or .git/info/exclude: one
// syntax), with git's exact semantics. Which files apply to a path, and that nothing below an
// ignored directory can be taken back, is the caller's business. Knows no file system.
// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ggen::hash {

class IgnoreFile {
 public:
  enum class Verdict { silent, ignore, keep };

  IgnoreFile() = default;
  // Any bytes are a valid file; a malformed pattern matches nothing, as in git.
  static IgnoreFile parse(std::string_view text);

  // What the last pattern that matches says. `path` is relative to the file's directory.
  Verdict check(std::string_view path, bool is_directory) const;
  bool empty() const { return patterns_.empty(); }

 private:
  enum class Op : std::uint8_t { byte, any, set, star, deep, skip };
  struct Step {
    Op op;
    std::uint32_t arg = 0;  // the byte; index into sets_
  };
  struct Pattern {
    std::string prefix;       // up to the first special character, taken as it is
    std::vector<Step> steps;  // the rest
    bool keep = false;        // "!"
    bool directory_only = false;
    bool base_name = false;  // no "/" inside: looks at the last component alone
    bool suffix = false;  // "*" and no other special character: the prefix is compared at the end
  };

  static bool compile(std::string_view text, Pattern& pattern, std::vector<std::bitset<256>>& sets);
  void add(std::string_view line);
  bool matches(const Pattern& pattern, std::string_view text) const;
  bool run(const std::vector<Step>& steps, std::string_view text) const;

  std::vector<Pattern> patterns_;
  std::vector<std::bitset<256>> sets_;
};

}  // namespace ggen::hash
