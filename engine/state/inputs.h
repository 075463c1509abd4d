// What loading a configuration asked of the world, with the answers: files, existence, listings,
// environment variables. As long as all answers are the same, loading gives the same result. Knows
// nothing of what is in the files.
//
// An answer is remembered with the stamps under which it was given, so that asking again is mostly
// one stat. A racy stamp (hash/stamp.h) is not kept: the answer itself is compared then.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "hash/stamp.h"

namespace ggen::state {

enum class InputKind : std::uint8_t {
  file,         // the bytes of a file
  existence,    // whether there is anything of that name
  directories,  // names of the directories in a directory that match a pattern
  files,        // paths of the files below a directory that match patterns
  variable,     // the value of an environment variable
  real_path,    // where a path leads to when all links are followed
};
constexpr std::size_t kInputKinds = 6;

struct Input {
  struct Place {
    std::string path;
    hash::Stamp stamp;  // all zero: not to be trusted
    bool operator==(const Place&) const = default;
  };

  InputKind kind = InputKind::file;
  std::string name;                   // a path, or the name of a variable
  std::vector<std::string> patterns;  // of listings
  bool present = false;
  Digest digest;              // of the answer; zero when there is none
  std::vector<Place> places;  // the file, or the directories that were listed

  bool operator==(const Input&) const = default;
};

class Inputs {
 public:
  // Each of these asks, remembers question and answer, and gives the answer.
  Result<std::string> read(const std::string& path);
  bool exists(const std::string& path);
  // Names that begin with a dot are left out.
  Result<std::vector<std::string>> directories(const std::string& dir, const std::string& pattern);
  Result<std::vector<std::string>> files(const std::string& root,
                                         const std::vector<std::string>& patterns);
  std::optional<std::string> variable(const std::string& name);
  Result<std::string> real_path(const std::string& path);

  // Says that something was asked whose answer cannot be compared later.
  void refuse(std::string reason);
  // Why the answers cannot be relied on; empty when they can.
  const std::string& refused() const { return refused_; }

  // Of all questions and answers, in no order that matters. Two equal ones: the same was asked, and
  // the same was answered.
  Digest answers() const;

  // Asks all again. Stamps that have moved under the same answer are replaced.
  struct Check {
    bool same = true;     // all answers
    bool moved = false;   // some stamp: worth writing down
    std::string changed;  // the first question with another answer: "pipeline.lua", "CC"
  };
  Check check();

  const std::vector<Input>& list() const { return list_; }

  // Whether the file at `path` (absolute) was read, looked for, or is one that a listing looks for.
  bool concerns(const std::string& path) const;

  // As bytes. decode() gives nothing for bytes that encode() did not make.
  std::string encode() const;
  static std::optional<Inputs> decode(std::string_view bytes);

 private:
  void add(Input input);

  std::vector<Input> list_;
  std::map<std::string, std::size_t> known_;  // by question
  std::string refused_;
};

}  // namespace ggen::state
