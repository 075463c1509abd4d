// SPDX-License-Identifier: MIT
#include "trace/diff.h"

#include <algorithm>
#include <cmath>

#include "trace/span_match.h"

namespace ggen::trace {

namespace {

// What the changed children of a node say of its own duration.
struct Below {
  double slower = 0, faster = 0;  // sums of changes beyond noise, in nanoseconds, both positive
};

class Comparison {
 public:
  Comparison(const SpanTree& before, const SpanTree& after, const Texts& texts,
             const DiffOptions& options)
      : before_(before),
        after_(after),
        options_(options),
        ignored_(texts, options.ignore),
        matcher_(before, after, IgnoredKeys(texts, options.unstable), texts.seed()) {}

  Diff run() {
    std::vector<DiffNode>& nodes = diff_.nodes;
    nodes.reserve(std::max(before_.size(), after_.size()) + 1);
    nodes.push_back({kNoSpan, kNoSpan, 0});
    for (std::uint32_t i = 0; i < nodes.size(); ++i) expand(i);
    for (std::uint32_t i = 1; i < nodes.size(); ++i) judge(nodes[i]);
    sum_up();
    return std::move(diff_);
  }

 private:
  void expand(std::uint32_t index) {
    const DiffNode node = diff_.nodes[index];
    const bool top = index == 0;
    const auto first = static_cast<std::uint32_t>(diff_.nodes.size());
    std::span<const SpanIndex> a, b;
    if (top || node.before != kNoSpan) a = before_.children_of(node.before);
    if (top || node.after != kNoSpan) b = after_.children_of(node.after);
    const auto add = [&](SpanIndex from, SpanIndex to) {
      diff_.nodes.push_back({from, to, index});
    };
    if (a.empty()) {
      for (const SpanIndex span : b) add(kNoSpan, span);
    } else if (b.empty()) {
      for (const SpanIndex span : a) add(span, kNoSpan);
    } else {
      // The order is that of `after`; what was removed stands before what came after it.
      const SpanMatcher::Matches matches = matcher_.match(a, b);
      std::size_t at = 0;
      const auto add_removed_before = [&](std::size_t end) {
        for (; at < end; ++at)
          if (!matches.matched[at]) add(a[at], kNoSpan);
      };
      for (std::size_t i = 0; i < b.size(); ++i) {
        const std::uint32_t mate = matches.mate[i];
        if (mate == kNoSpan) {
          add(kNoSpan, b[i]);
        } else {
          add_removed_before(mate);
          add(a[mate], b[i]);
        }
      }
      add_removed_before(a.size());
    }
    diff_.nodes[index].first_child = first;
    diff_.nodes[index].child_count = static_cast<std::uint32_t>(diff_.nodes.size()) - first;
  }

  void judge(DiffNode& node) const {
    if (node.added() || node.removed()) return;
    if (before_.status[node.before] != after_.status[node.after]) node.flags |= DiffNode::kStatus;
    if (!same_attributes(node)) node.flags |= DiffNode::kAttributes;
    if (beyond_noise(before_.duration[node.before], after_.duration[node.after]))
      node.flags |= DiffNode::kDuration;
  }

  bool same_attributes(const DiffNode& node) const {
    const auto a = before_.attributes_of(node.before), b = after_.attributes_of(node.after);
    if (std::ranges::equal(a, b)) return true;
    std::size_t i = 0, j = 0;
    for (;;) {
      while (i < a.size() && ignored_[a[i].key]) ++i;
      while (j < b.size() && ignored_[b[j].key]) ++j;
      if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
      if (a[i++] != b[j++]) return false;
    }
  }

  bool is_noise(std::int64_t change, double of) const {
    const double size = std::fabs(static_cast<double>(change));
    return size <= static_cast<double>(options_.floor) || size <= options_.noise * of;
  }

  bool beyond_noise(std::int64_t a, std::int64_t b) const {
    // Of a span that took no time there is no share: infinity times zero is none.
    if (a == kUnknown || b == kUnknown || std::isinf(options_.noise)) return false;
    return !is_noise(b - a, static_cast<double>(a));
  }

  // The time in which a span does something itself: without that in which a child is at work.
  // Children may be at work at the same time, and longer than the span.
  static std::int64_t own_time(const SpanTree& tree, SpanIndex span) {
    const std::int64_t duration = tree.duration[span], start = tree.start[span];
    std::int64_t busy = 0, sum = 0;
    std::int64_t reached = start;
    bool placed = start != kUnknown;
    for (const SpanIndex child : tree.children_of(span)) {
      const std::int64_t length = tree.duration[child];
      if (length == kUnknown) continue;
      sum = std::min(sum + length, duration);
      if (!placed || tree.start[child] == kUnknown) {
        placed = false;
        continue;
      }
      const std::int64_t from = std::max(tree.start[child], reached);
      const std::int64_t to = std::min(tree.start[child] + length, start + duration);
      if (to <= from) continue;
      busy += to - from;
      reached = to;
    }
    return duration - (placed ? busy : sum);
  }

  // A change comes from below when the span's own time is what it was, and the changes that are
  // shown below account for at least half of it: many small ones would be seen nowhere else.
  bool is_explained(const DiffNode& node, const Below& below) const {
    const std::int64_t change = after_.duration[node.after] - before_.duration[node.before];
    const std::int64_t size = std::abs(change);
    const double shown = change > 0 ? below.slower : below.faster;
    if (shown < static_cast<double>(size) / 2) return false;
    const std::int64_t own = own_time(before_, node.before);
    const auto of = static_cast<double>(std::max(own, size));
    return is_noise(own_time(after_, node.after) - own, of);
  }

  // What a node adds to the changes of the one above it.
  std::int64_t shown_change(const DiffNode& node) const {
    const auto known = [](std::int64_t time) { return time == kUnknown ? 0 : time; };
    if (node.added()) return known(after_.duration[node.after]);
    if (node.removed()) return -known(before_.duration[node.before]);
    if ((node.flags & (DiffNode::kDuration | DiffNode::kExplained)) == 0) return 0;
    return after_.duration[node.after] - before_.duration[node.before];
  }

  // From the leaves up.
  void sum_up() {
    std::vector<DiffNode>& nodes = diff_.nodes;
    std::vector<Below> below(nodes.size());
    for (std::size_t i = nodes.size() - 1; i > 0; --i) {
      DiffNode& node = nodes[i];
      if ((node.flags & DiffNode::kDuration) != 0 && is_explained(node, below[i])) {
        node.flags = static_cast<std::uint8_t>(node.flags & ~DiffNode::kDuration);
        node.flags |= DiffNode::kExplained;
        ++diff_.explained;
      }
      ++node.spans;
      if (node.added()) {
        ++diff_.added;
      } else if (node.removed()) {
        ++diff_.removed;
      } else if (node.modified()) {
        ++diff_.modified;
      } else {
        ++diff_.unchanged;
      }
      if (node.added() || node.removed() || node.modified()) ++node.changes;
      DiffNode& parent = nodes[node.parent];
      parent.spans += node.spans;
      parent.changes += node.changes;
      const std::int64_t change = shown_change(node);
      Below& above = below[node.parent];
      (change > 0 ? above.slower : above.faster) += static_cast<double>(std::abs(change));
    }
  }

  const SpanTree& before_;
  const SpanTree& after_;
  const DiffOptions& options_;
  IgnoredKeys ignored_;
  SpanMatcher matcher_;
  Diff diff_;
};

}  // namespace

Diff compare(const SpanTree& before, const SpanTree& after, const Texts& texts,
             const DiffOptions& options) {
  return Comparison(before, after, texts, options).run();
}

std::vector<AttributeChange> attribute_changes(std::span<const Attribute> before,
                                               std::span<const Attribute> after, const Texts& texts,
                                               const DiffOptions& options) {
  const IgnoredKeys ignored(texts, options.ignore);
  std::vector<AttributeChange> changes;
  std::size_t i = 0, j = 0;
  while (i < before.size() || j < after.size()) {
    AttributeChange change{0, Texts::kNone, Texts::kNone};
    const bool from_before =
        j == after.size() || (i < before.size() && before[i].key <= after[j].key);
    const bool from_after =
        i == before.size() || (j < after.size() && after[j].key <= before[i].key);
    change.key = from_before ? before[i].key : after[j].key;
    if (from_before) change.before = before[i++].value;
    if (from_after) change.after = after[j++].value;
    if (change.before != change.after && !ignored[change.key]) changes.push_back(change);
  }
  return changes;
}

}  // namespace ggen::trace
