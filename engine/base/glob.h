// Glob patterns over paths, compiled once and matched in time linear in the path: no pattern,
// however hostile, makes it blow up. Works on bytes and knows neither files nor directories nor
// UTF-8.
//
//   *        any bytes but "/"               **       as a whole component: any number of
//   components ?        one byte but "/"                         (none too); elsewhere the same as
//   * [a-z]    one byte of the set             {a,b}    either; may be nested and may be empty
//   [!a-z]   one byte outside of it          \x       the byte x itself
//
// A set never matches "/". "a/**" matches what is below "a", not "a" itself; "**/a" matches "a".
// A dot at the start of a name is a byte like any other.
// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ggen {

class Glob {
 public:
  // Fails (invalid, or limit for a pattern over kMaxPattern bytes) with the pattern, the place in
  // it and what is wrong.
  static Result<Glob> compile(std::string_view pattern);

  bool match(std::string_view path) const;

  // Whether any path below the directory `dir` could match: what a walk asks before it reads `dir`.
  bool may_match_below(std::string_view dir) const;

  // Whether every path below `dir` matches because of a trailing **: "build/**" in an exclusion.
  // May say no where the answer is yes.
  bool matches_all_below(std::string_view dir) const;

  static constexpr std::size_t kMaxPattern = 16384;
  static constexpr std::size_t kMaxBraceDepth = 64;

 private:
  friend class GlobCompiler;
  friend class GlobThreads;

  enum class Op : std::uint8_t {
    byte,      // arg: the byte
    slash,     // "/"; nothing, right after a ** that stood for no component
    any,       // ?
    set,       // arg: index into sets_
    star,      // * : loops here, or goes on
    globstar,  // ** : see GlobThreads::follow
    deep,      // inside of a ** that spans components: takes any byte
    split,     // goes on at next and at arg
    jump,      // goes on at arg
    accept,
  };
  struct Instruction {
    Op op;
    std::uint32_t arg = 0;
  };

  std::vector<Instruction> program_;
  std::vector<std::bitset<256>> sets_;
  // Bytes that every match starts with; all of the pattern where it has no special characters.
  std::string literal_;
  bool only_literal_ = false;
};

// The patterns of a field such as `inputs`, in order: "!x" takes out again what patterns before it
// took in. A leading "./" means nothing; a trailing "/" means everything below.
class GlobSet {
 public:
  static Result<GlobSet> compile(const std::vector<std::string>& patterns);

  bool match(std::string_view path) const;
  bool may_match_below(std::string_view dir) const;

 private:
  struct Entry {
    Glob glob;
    bool include;
  };
  std::vector<Entry> entries_;
};

}  // namespace ggen
