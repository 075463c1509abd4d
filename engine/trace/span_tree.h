// The spans of a trace as columns: a span is a number, and what it has is found at that place of
// each column. Knows no file format (read_spans.h).
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "trace/texts.h"

namespace ggen::trace {

using SpanIndex = std::uint32_t;
inline constexpr SpanIndex kNoSpan = ~SpanIndex{0};
// Of a time that is not known.
inline constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();
// A span that takes longer than this is a mistake: 366 days.
inline constexpr std::int64_t kLongest = std::int64_t{366} * 86'400 * 1'000'000'000;

struct Attribute {
  TextIndex key, value;
  bool operator==(const Attribute&) const = default;
  auto operator<=>(const Attribute&) const = default;
};

struct SpanTree {
  std::vector<TextIndex> name;
  std::vector<TextIndex> status;              // "ok", "error", empty: not said
  std::vector<SpanIndex> parent;              // kNoSpan: a root
  std::vector<std::int64_t> start, duration;  // nanoseconds, or kUnknown
  std::vector<std::uint32_t> first_attribute, attribute_count;
  std::vector<Attribute> attributes;  // of each span sorted
  // Children of all spans, one group after the other, each in the order of start. The group of
  // span s begins at first_child[s + 1], the roots at first_child[0].
  std::vector<SpanIndex> children;
  std::vector<std::uint32_t> first_child = {0, 0};

  std::size_t size() const { return name.size(); }
  std::span<const Attribute> attributes_of(SpanIndex span) const {
    return {attributes.data() + first_attribute[span], attribute_count[span]};
  }
  // The roots, for kNoSpan.
  std::span<const SpanIndex> children_of(SpanIndex span) const {
    const SpanIndex group = span + 1;  // kNoSpan + 1 is 0
    return {children.data() + first_child[group], first_child[group + 1] - first_child[group]};
  }
  // From the first start to the last end of the roots, or the longest of them when there are no
  // starts.
  std::int64_t wall() const;
};

// What a reader has found out about one span.
struct SpanDraft {
  TextIndex name = Texts::kEmpty, status = Texts::kEmpty;
  TextIndex trace = Texts::kEmpty, id = Texts::kEmpty, parent_id = Texts::kEmpty;  // of ids()
  std::int64_t start = kUnknown, end = kUnknown, duration = kUnknown;
  std::vector<Attribute> attributes;
  std::size_t position = 0;  // in the text

  void clear();
};

// Takes spans in any order and makes the tree. What is wrong with single spans is noted, and they
// are taken as far as they make sense.
class SpanTreeBuilder {
 public:
  // `text` is where the positions of drafts lead; it may be empty, and is not kept by the tree.
  SpanTreeBuilder(Texts& texts, std::string_view text) : texts_(texts), text_(text) {}

  Texts& texts() { return texts_; }
  Texts& ids() { return ids_; }
  std::size_t size() const { return tree_.size(); }

  // A new span, whose parent is known by its place or will be by its id. fill() says the rest.
  SpanIndex reserve(SpanIndex parent);
  void fill(SpanIndex span, SpanDraft& draft);
  void set_parent(SpanIndex span, SpanIndex parent) { tree_.parent[span] = parent; }
  void set_duration(SpanIndex span, std::int64_t duration) { tree_.duration[span] = duration; }
  const SpanTree& so_far() const { return tree_; }

  // Fails (invalid) with the spans of a cycle.
  Result<SpanTree> finish();
  // One line for each kind of problem and its first spans. After finish().
  std::vector<std::string> notes() const;

 private:
  // The order is that of the notes.
  enum Problem { kMissingParent, kDuplicate, kTwice, kNegative, kAbsurd, kUnnamed, kProblems };
  struct Noted {
    std::size_t count = 0;
    std::string first;
  };

  void note(Problem problem, SpanIndex span);
  std::string describe(SpanIndex span) const;
  std::int64_t duration_of(SpanIndex span, const SpanDraft& draft);
  void link();
  bool is_copy(SpanIndex span, SpanIndex other) const;
  void drop_copies();
  Result<void> refuse_cycles() const;
  void group_children();

  Texts& texts_;
  Texts ids_;
  std::string_view text_;
  SpanTree tree_;
  std::vector<TextIndex> trace_, id_, parent_id_;
  std::vector<std::size_t> position_;
  std::vector<bool> copy_;  // the same span once more
  bool any_copy_ = false;
  Noted noted_[kProblems];
};

}  // namespace ggen::trace
