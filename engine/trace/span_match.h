// Finds for spans of one trace those of another one that they are. Knows the children of two spans
// at a time, and nothing of what has changed in them.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/glob.h"
#include "trace/span_tree.h"
#include "trace/texts.h"

namespace ggen::trace {

// Keys of attributes that match a glob; each key is looked at once.
class IgnoredKeys {
 public:
  IgnoredKeys(const Texts& texts, const std::vector<Glob>& globs)
      : texts_(texts), globs_(globs), known_(globs.empty() ? 0 : texts.size(), 0) {}
  bool operator[](TextIndex key) const { return !known_.empty() && find(key); }

 private:
  bool find(TextIndex key) const;

  const Texts& texts_;
  const std::vector<Glob>& globs_;
  mutable std::vector<std::uint8_t> known_;  // 0: not looked at yet, 1: compared, 2: ignored
};

class SpanMatcher {
 public:
  SpanMatcher(const SpanTree& a, const SpanTree& b, const IgnoredKeys& ignored, std::uint64_t seed);

  struct Matches {
    const std::vector<std::uint32_t>& mate;  // for each of b its place in a, or kNoSpan
    const std::vector<bool>& matched;        // of a
  };
  // Until the next call.
  Matches match(std::span<const SpanIndex> a, std::span<const SpanIndex> b);

 private:
  // Digests of a span: of itself, and with all below it.
  struct Digests {
    std::vector<std::uint64_t> own, whole;
  };
  static Digests digests_of(const SpanTree& tree, const IgnoredKeys& ignored, std::uint64_t seed);

  // First in, first out: the places of a with one key.
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t round = 0;  // of another one: free
    std::uint32_t first = 0, last = 0;
  };
  Slot& slot_of(std::uint64_t key);
  // Pairs what has the same key, in order. `key_a` and `key_b` give those of places.
  template <class KeyA, class KeyB>
  void pair(std::span<const SpanIndex> a, std::span<const SpanIndex> b, KeyA key_a, KeyB key_b);

  const SpanTree& a_;
  const SpanTree& b_;
  Digests of_a_, of_b_;
  std::vector<Slot> slots_;  // a power of two
  std::size_t mask_ = 0;     // as many of them as a call needs
  std::uint32_t round_ = 0;
  std::size_t open_ = 0;  // of a, not matched yet
  std::vector<std::uint32_t> next_, mate_;
  std::vector<bool> matched_;
};

}  // namespace ggen::trace
