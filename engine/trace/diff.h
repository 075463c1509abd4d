// Compares two traces: which spans are in one only, and which are others than they were. Linear in
// the spans of both. Says what differs, and not how that is shown.
//
// Spans are matched by their path: the roots with one another, then the children of each matched
// pair. Among siblings of one name, first those that are the same with all below them, then those
// with the same attributes, then what is left in the order of start.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "base/glob.h"
#include "trace/span_tree.h"
#include "trace/texts.h"

namespace ggen::trace {

struct DiffOptions {
  // A duration has changed when it differs by more than `noise` of the one before, and by more
  // than `floor` nanoseconds. Infinite noise: durations are not compared.
  double noise = 0.1;
  std::int64_t floor = 10'000'000;
  // Keys of attributes. Those that are not stable tell no sibling from another; that is also told
  // when they are compared.
  std::vector<Glob> ignore, unstable;
};

struct DiffNode {
  enum Flag : std::uint8_t {
    kStatus = 1,
    kAttributes = 2,
    kDuration = 4,
    // The duration has changed because those of spans below it have: no change of its own.
    kExplained = 8,
  };

  SpanIndex before, after;  // kNoSpan: not there
  std::uint32_t parent;     // node 0 stands above all roots and has no span
  std::uint32_t first_child = 0, child_count = 0;
  std::uint32_t spans = 0;    // this one and those below it
  std::uint32_t changes = 0;  // of these, how many are added, removed or modified
  std::uint8_t flags = 0;

  bool added() const { return before == kNoSpan; }
  bool removed() const { return after == kNoSpan; }
  bool modified() const { return (flags & (kStatus | kAttributes | kDuration)) != 0; }
};

struct Diff {
  std::vector<DiffNode> nodes;  // parents before their children, which stand together
  std::uint32_t added = 0, removed = 0, modified = 0, explained = 0, unchanged = 0;

  bool same() const { return added + removed + modified == 0; }
};

// Both trees have their texts in `texts`.
Diff compare(const SpanTree& before, const SpanTree& after, const Texts& texts,
             const DiffOptions& options);

// Which attributes differ, one entry for each key that does.
struct AttributeChange {
  TextIndex key, before, after;  // Texts::kNone: not there
};
std::vector<AttributeChange> attribute_changes(std::span<const Attribute> before,
                                               std::span<const Attribute> after, const Texts& texts,
                                               const DiffOptions& options);

}  // namespace ggen::trace
