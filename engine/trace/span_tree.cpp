// SPDX-License-Identifier: MIT
#include "trace/span_tree.h"

#include <algorithm>
#include <unordered_map>

#include "trace/json_tokens.h"

namespace ggen::trace {

namespace {

constexpr std::size_t kNamesInCycle = 8;
constexpr std::size_t kNameInMessage = 80;

}  // namespace

std::int64_t SpanTree::wall() const {
  std::int64_t first = kUnknown, last = kUnknown, longest = kUnknown;
  for (const SpanIndex root : children_of(kNoSpan)) {
    longest = std::max(longest, duration[root]);
    if (start[root] == kUnknown || duration[root] == kUnknown) continue;
    first = first == kUnknown ? start[root] : std::min(first, start[root]);
    last = std::max(last, start[root] + duration[root]);
  }
  if (first == kUnknown) return longest;
  // Several traces in one file may be years apart.
  return static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first) <= kLongest
             ? last - first
             : longest;
}

void SpanDraft::clear() {
  std::vector<Attribute> kept = std::move(attributes);
  kept.clear();
  *this = SpanDraft();
  attributes = std::move(kept);
}

SpanIndex SpanTreeBuilder::reserve(SpanIndex parent) {
  const auto span = static_cast<SpanIndex>(tree_.size());
  tree_.name.push_back(Texts::kEmpty);
  tree_.status.push_back(Texts::kEmpty);
  tree_.parent.push_back(parent);
  tree_.start.push_back(kUnknown);
  tree_.duration.push_back(kUnknown);
  tree_.first_attribute.push_back(0);
  tree_.attribute_count.push_back(0);
  trace_.push_back(Texts::kEmpty);
  id_.push_back(Texts::kEmpty);
  parent_id_.push_back(Texts::kEmpty);
  position_.push_back(0);
  return span;
}

void SpanTreeBuilder::fill(SpanIndex span, SpanDraft& draft) {
  position_[span] = draft.position;
  trace_[span] = draft.trace;
  id_[span] = draft.id;
  parent_id_[span] = draft.parent_id;
  tree_.name[span] = draft.name;
  if (draft.name == Texts::kEmpty) note(kUnnamed, span);
  tree_.status[span] = draft.status;
  tree_.start[span] = draft.start;
  tree_.duration[span] = duration_of(span, draft);
  std::sort(draft.attributes.begin(), draft.attributes.end());
  tree_.first_attribute[span] = static_cast<std::uint32_t>(tree_.attributes.size());
  tree_.attribute_count[span] = static_cast<std::uint32_t>(draft.attributes.size());
  tree_.attributes.insert(tree_.attributes.end(), draft.attributes.begin(), draft.attributes.end());
}

std::int64_t SpanTreeBuilder::duration_of(SpanIndex span, const SpanDraft& draft) {
  std::int64_t duration = draft.duration;
  if (duration == kUnknown && draft.start != kUnknown && draft.end != kUnknown && draft.end != 0) {
    if (draft.end < draft.start) {
      note(kNegative, span);
      return kUnknown;
    }
    // Without overflow, for starts before 1970.
    const auto length =
        static_cast<std::uint64_t>(draft.end) - static_cast<std::uint64_t>(draft.start);
    duration = static_cast<std::int64_t>(std::min<std::uint64_t>(length, kLongest + 1));
  }
  if (duration == kUnknown) return kUnknown;
  if (duration < 0) note(kNegative, span);
  if (duration > kLongest) note(kAbsurd, span);
  return duration < 0 || duration > kLongest ? kUnknown : duration;
}

std::string SpanTreeBuilder::describe(SpanIndex span) const {
  std::string text(1, '"');
  text.append(texts_[tree_.name[span]].substr(0, kNameInMessage)) += '"';
  if (!text_.empty())
    text += " (line " + std::to_string(JsonTokens::line_of(text_, position_[span])) + ")";
  return text;
}

void SpanTreeBuilder::note(Problem problem, SpanIndex span) {
  Noted& noted = noted_[problem];
  if (noted.count++ == 0) noted.first = describe(span);
}

std::vector<std::string> SpanTreeBuilder::notes() const {
  struct Words {
    const char *one, *many;
  };
  static constexpr Words kWords[kProblems] = {
      {"has a parent that is not there; it counts as a root",
       "have parents that are not there; they count as roots"},
      {"has the id of an earlier span, which keeps its children",
       "have ids of earlier spans, which keep their children"},
      {"is there twice; it counts once", "are there twice; they count once"},
      {"ends before it starts; its duration is left out",
       "end before they start; their durations are left out"},
      {"takes longer than a year; its duration is left out",
       "take longer than a year; their durations are left out"},
      {"has no name", "have no name"}};
  std::vector<std::string> notes;
  for (std::size_t i = 0; i < kProblems; ++i) {
    const Noted& noted = noted_[i];
    if (noted.count == 0) continue;
    const std::size_t more = noted.count - 1;
    notes.push_back("the span " + noted.first +
                    (more > 0 ? " and " + std::to_string(more) + " more " : " ") +
                    (more > 0 ? kWords[i].many : kWords[i].one));
  }
  return notes;
}

bool SpanTreeBuilder::is_copy(SpanIndex span, SpanIndex other) const {
  return tree_.name[span] == tree_.name[other] && tree_.start[span] == tree_.start[other] &&
         tree_.duration[span] == tree_.duration[other] && parent_id_[span] == parent_id_[other] &&
         tree_.parent[span] == tree_.parent[other];
}

// Gives the spans whose parents are known by their ids the places of these.
void SpanTreeBuilder::link() {
  const auto key = [this](SpanIndex span, TextIndex id) {
    return static_cast<std::uint64_t>(trace_[span]) << 32U | id;
  };
  std::unordered_map<std::uint64_t, SpanIndex> places;
  places.reserve(size());
  std::vector<bool> has_children(size(), false);  // by their place
  for (const SpanIndex parent : tree_.parent)
    if (parent != kNoSpan) has_children[parent] = true;
  copy_.assign(size(), false);
  for (SpanIndex span = 0; span < size(); ++span) {
    if (id_[span] == Texts::kEmpty) continue;
    const auto [place, is_new] = places.emplace(key(span, id_[span]), span);
    if (is_new) continue;
    // What was sent again, because the answer was lost, is the same span.
    copy_[span] = !has_children[span] && is_copy(span, place->second);
    any_copy_ = any_copy_ || copy_[span];
    note(copy_[span] ? kTwice : kDuplicate, span);
  }
  for (SpanIndex span = 0; span < size(); ++span) {
    if (tree_.parent[span] != kNoSpan || parent_id_[span] == Texts::kEmpty) continue;
    const auto place = places.find(key(span, parent_id_[span]));
    if (place != places.end()) {
      tree_.parent[span] = place->second;
    } else if (!copy_[span]) {
      note(kMissingParent, span);
    }
  }
}

// Takes the copies out of the columns. None of them is a parent.
void SpanTreeBuilder::drop_copies() {
  if (!any_copy_) return;
  std::vector<SpanIndex> moved(size());
  SpanIndex kept = 0;
  for (SpanIndex span = 0; span < size(); ++span) moved[span] = copy_[span] ? kNoSpan : kept++;
  for (SpanIndex span = 0; span < size(); ++span) {
    const SpanIndex to = moved[span];
    if (to == kNoSpan) continue;
    const SpanIndex parent = tree_.parent[span];
    tree_.name[to] = tree_.name[span];
    tree_.status[to] = tree_.status[span];
    tree_.parent[to] = parent == kNoSpan ? kNoSpan : moved[parent];
    tree_.start[to] = tree_.start[span];
    tree_.duration[to] = tree_.duration[span];
    tree_.first_attribute[to] = tree_.first_attribute[span];
    tree_.attribute_count[to] = tree_.attribute_count[span];
    position_[to] = position_[span];
  }
  tree_.name.resize(kept);
  tree_.status.resize(kept);
  tree_.parent.resize(kept);
  tree_.start.resize(kept);
  tree_.duration.resize(kept);
  tree_.first_attribute.resize(kept);
  tree_.attribute_count.resize(kept);
}

Result<void> SpanTreeBuilder::refuse_cycles() const {
  std::vector<SpanIndex> seen(size(), kNoSpan);  // from which span it was walked over
  for (SpanIndex first = 0; first < size(); ++first) {
    SpanIndex span = first;
    for (; span != kNoSpan && seen[span] == kNoSpan; span = tree_.parent[span]) seen[span] = first;
    if (span == kNoSpan || seen[span] != first) continue;
    std::string names = describe(span);
    SpanIndex next = tree_.parent[span];
    for (std::size_t i = 1; next != span; next = tree_.parent[next], ++i) {
      if (i < kNamesInCycle) names += " in " + describe(next);
      if (i == kNamesInCycle) names += " in ...";
    }
    return Error{ErrorKind::invalid,
                 "spans that are inside of each other: " + names + " in " + describe(span)};
  }
  return {};
}

void SpanTreeBuilder::group_children() {
  std::vector<std::uint32_t>& first = tree_.first_child;
  first.assign(size() + 2, 0);
  for (const SpanIndex parent : tree_.parent) ++first[static_cast<SpanIndex>(parent + 1) + 1];
  for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  tree_.children.resize(size());
  std::vector<std::uint32_t> at(first.begin(), first.end() - 1);
  for (SpanIndex span = 0; span < size(); ++span)
    tree_.children[at[static_cast<SpanIndex>(tree_.parent[span] + 1)]++] = span;

  const auto earlier = [this](SpanIndex a, SpanIndex b) { return tree_.start[a] < tree_.start[b]; };
  const auto unknown = [this](SpanIndex span) { return tree_.start[span] == kUnknown; };
  for (std::size_t group = 0; group + 1 < first.size(); ++group) {
    const auto begin = tree_.children.begin() + first[group];
    const auto end = tree_.children.begin() + first[group + 1];
    if (end - begin < 2 || std::is_sorted(begin, end, earlier)) continue;
    // Without all of the starts the order of the file says more.
    if (std::none_of(begin, end, unknown)) std::stable_sort(begin, end, earlier);
  }
}

Result<SpanTree> SpanTreeBuilder::finish() {
  link();
  GGEN_TRY(refuse_cycles());
  drop_copies();
  group_children();
  return std::move(tree_);
}

}  // namespace ggen::trace
