// SPDX-License-Identifier: MIT
#include "trace/span_match.h"

#include <algorithm>

namespace ggen::trace {

namespace {

constexpr std::uint32_t kLast = ~std::uint32_t{0};

// The finalizer of splitmix64.
std::uint64_t mixed(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
  bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
  return bits ^ (bits >> 31U);
}

std::uint64_t join(std::uint64_t digest, std::uint64_t value) {
  return mixed(digest * 0x9e3779b97f4a7c15U + value);
}

// Each span before its children.
std::vector<SpanIndex> order_of(const SpanTree& tree) {
  const auto roots = tree.children_of(kNoSpan);
  std::vector<SpanIndex> order(roots.begin(), roots.end());
  order.reserve(tree.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto children = tree.children_of(order[i]);
    order.insert(order.end(), children.begin(), children.end());
  }
  return order;
}

}  // namespace

bool IgnoredKeys::find(TextIndex key) const {
  std::uint8_t& known = known_[key];
  if (known == 0) {
    const std::string_view text = texts_[key];
    known = std::any_of(globs_.begin(), globs_.end(),
                        [text](const Glob& glob) { return glob.match(text); })
                ? 2
                : 1;
  }
  return known == 2;
}

SpanMatcher::SpanMatcher(const SpanTree& a, const SpanTree& b, const IgnoredKeys& ignored,
                         std::uint64_t seed)
    : a_(a), b_(b), of_a_(digests_of(a, ignored, seed)), of_b_(digests_of(b, ignored, seed)) {}

SpanMatcher::Digests SpanMatcher::digests_of(const SpanTree& tree, const IgnoredKeys& ignored,
                                             std::uint64_t seed) {
  Digests digests{std::vector<std::uint64_t>(tree.size()), std::vector<std::uint64_t>(tree.size())};
  for (SpanIndex span = 0; span < tree.size(); ++span) {
    std::uint64_t digest = join(seed, tree.name[span]);
    for (const Attribute& attribute : tree.attributes_of(span))
      if (!ignored[attribute.key])
        digest = join(digest, static_cast<std::uint64_t>(attribute.key) << 32U | attribute.value);
    digests.own[span] = digest;
  }
  const std::vector<SpanIndex> order = order_of(tree);
  for (auto span = order.rbegin(); span != order.rend(); ++span) {
    std::uint64_t digest = join(digests.own[*span], tree.status[*span]);
    for (const SpanIndex child : tree.children_of(*span))
      digest = join(digest, digests.whole[child]);
    digests.whole[*span] = digest;
  }
  return digests;
}

SpanMatcher::Slot& SpanMatcher::slot_of(std::uint64_t key) {
  std::size_t at = mixed(key) & mask_;
  while (slots_[at].round == round_ && slots_[at].key != key) at = (at + 1) & mask_;
  return slots_[at];
}

template <class KeyA, class KeyB>
void SpanMatcher::pair(std::span<const SpanIndex> a, std::span<const SpanIndex> b, KeyA key_a,
                       KeyB key_b) {
  if (open_ == 0) return;
  std::size_t size = 4;
  while (size < open_ * 2) size *= 2;
  if (slots_.size() < size) slots_.resize(size);
  mask_ = size - 1;
  if (++round_ == 0) {
    std::fill(slots_.begin(), slots_.end(), Slot{});
    round_ = 1;
  }
  for (std::uint32_t i = 0; i < a.size(); ++i) {
    if (matched_[i]) continue;
    const std::uint64_t key = key_a(a[i]);
    Slot& slot = slot_of(key);
    next_[i] = kLast;
    if (slot.round == round_ && slot.first != kLast) {
      next_[slot.last] = i;
      slot.last = i;
    } else {
      slot = {key, round_, i, i};
    }
  }
  for (std::size_t i = 0; i < b.size() && open_ > 0; ++i) {
    if (mate_[i] != kNoSpan) continue;
    Slot& slot = slot_of(key_b(b[i]));
    if (slot.round != round_ || slot.first == kLast) continue;
    const std::uint32_t found = slot.first;
    // Two digests may be the same by chance.
    if (a_.name[a[found]] != b_.name[b[i]]) continue;
    slot.first = next_[found];
    matched_[found] = true;
    mate_[i] = found;
    --open_;
  }
}

SpanMatcher::Matches SpanMatcher::match(std::span<const SpanIndex> a,
                                        std::span<const SpanIndex> b) {
  mate_.assign(b.size(), kNoSpan);
  matched_.assign(a.size(), false);
  open_ = a.size();
  if (next_.size() < a.size()) next_.resize(a.size());

  // Mostly nothing has changed: what is the same from the start on needs no table.
  for (std::uint32_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (of_a_.whole[a[i]] != of_b_.whole[b[i]] || a_.name[a[i]] != b_.name[b[i]]) break;
    mate_[i] = i;
    matched_[i] = true;
    --open_;
  }
  if (open_ == 0) return {mate_, matched_};
  if (a.size() == 1 && b.size() == 1) {
    if (a_.name[a[0]] == b_.name[b[0]]) mate_[0] = 0, matched_[0] = true;
    return {mate_, matched_};
  }
  pair(
      a, b, [this](SpanIndex span) { return of_a_.whole[span]; },
      [this](SpanIndex span) { return of_b_.whole[span]; });
  pair(
      a, b, [this](SpanIndex span) { return of_a_.own[span]; },
      [this](SpanIndex span) { return of_b_.own[span]; });
  pair(
      a, b, [this](SpanIndex span) { return static_cast<std::uint64_t>(a_.name[span]); },
      [this](SpanIndex span) { return static_cast<std::uint64_t>(b_.name[span]); });
  return {mate_, matched_};
}

}  // namespace ggen::trace
