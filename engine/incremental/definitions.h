// What makes the key of each task, as loading the pipeline left it: fixed parts (commands, declared
// environment, ...) with their digest, and references to what is looked up at run time (sets of
// files, variables of the caller, programs). One string of bytes that is made once, kept in the
// snapshot, and read in place: opening it touches only a few pages. Knows no file and no key.
//
//   header   magic, counts, offsets
//   tasks    one Hot a task, all that a run with nothing to do reads
//   tables   offsets of the sets, references and parts of a task
//   texts    sets, references, parts (packed, base/pack.h)
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "cache/action.h"
#include "graph/dense_map.h"
#include "hash/tree.h"

namespace ggen::incremental {

using graph::TaskId;

enum TaskFlag : std::uint32_t {
  kCached = 1,       // its result may be served instead of running it
  kKeyed = 2,        // it has a key at all (a function that cannot be digested has none)
  kHasOutputs = 4,   // it declares outputs
  kRunsNothing = 8,  // it only groups what it needs
  kService = 16,     // runs beside those that need it
  kHeld = 32,        // has hooks or a condition: it is looked at when its turn comes
  kPhase = 64,       // no task: the begin or the end of a phase
  kReadsAll = 128,   // may read what any task has made that it needs, through others too
};

inline constexpr std::uint32_t kNone = ~std::uint32_t{0};

// A program that a command names: looked up in PATH, or relative to `dir` when it has a slash.
struct Tool {
  std::string name;
  std::string dir;  // relative to the project's root
  // A later command of the task names it: below the project and ignored by git it is taken for
  // something that the task has made itself, and does not count.
  bool later = false;
  std::string path{};  // a PATH of the task's own; empty: the caller's
  auto operator<=>(const Tool&) const = default;
};

// What is looked up when a key is made; shared by the tasks that have the same.
struct References {
  std::vector<std::string> variables;
  std::vector<Tool> tools;
  std::vector<std::uint32_t> sets;  // files that a plugin or the user adds to the key
  auto operator<=>(const References&) const = default;
};

// One part of a key: ("command", "1", "cc -c a.c"), ("env", "CC", "gcc").
using cache::Part;

struct Definition {
  std::uint32_t flags = 0;
  std::uint32_t inputs = kNone;   // of sets
  std::uint32_t outputs = kNone;  // of sets
  std::uint32_t references = kNone;
  Digest fixed;  // of the fixed parts
};

class DefinitionsBuilder {
 public:
  // The number of the set; the same set has the same number.
  std::uint32_t set(const hash::SetSpec& spec);
  std::uint32_t references(const References& references);
  // The next task, in the order of ids; `fixed` is filled in.
  void add(Definition definition, const std::vector<Part>& parts);
  std::string finish();

 private:
  std::vector<Definition> tasks_;
  std::vector<std::string> sets_, references_, parts_;
  std::map<std::string, std::uint32_t, std::less<>> set_numbers_, reference_numbers_;
};

// What packed_references() gives, read.
References unpack_references(std::string_view packed);

class Definitions {
 public:
  Definitions() = default;
  // `bytes` must outlive the view. Fails with `invalid` on what finish() did not make.
  static Result<Definitions> open(std::string_view bytes);

  std::size_t size() const { return tasks_; }
  std::size_t set_count() const { return sets_; }
  std::size_t reference_count() const { return references_; }
  Definition task(TaskId id) const;
  hash::SetSpec set(std::uint32_t number) const;
  // The base of a set whose patterns do not lead out of it; nothing where that takes a closer look.
  std::optional<std::string_view> set_base(std::uint32_t number) const;
  References references(std::uint32_t number) const;
  std::string_view packed_references(std::uint32_t number) const;
  std::vector<Part> parts(TaskId id) const;

 private:
  std::string_view packed(std::size_t table, std::uint32_t number) const;

  std::string_view bytes_;
  std::uint32_t tasks_ = 0, sets_ = 0, references_ = 0;
};

}  // namespace ggen::incremental
