// SPDX-License-Identifier: MIT
#include "trace/diff.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "trace/read_spans.h"

using namespace ggen::trace;

namespace {

constexpr std::int64_t kMs = 1'000'000;

struct Pair {
  Texts texts;
  SpanTree a, b;

  Pair(std::string_view before, std::string_view after)
      : a(read_spans(before, texts)->tree), b(read_spans(after, texts)->tree) {}
};

// One line for each span that is not the same: "+ x", "- x", "~ x sad", "e x" (explained).
std::string changes(const Pair& pair, const DiffOptions& options = {}) {
  const Diff diff = compare(pair.a, pair.b, pair.texts, options);
  std::string out;
  for (std::size_t i = 1; i < diff.nodes.size(); ++i) {
    const DiffNode& node = diff.nodes[i];
    const auto name =
        pair.texts[node.removed() ? pair.a.name[node.before] : pair.b.name[node.after]];
    const char* mark = node.added()                               ? "+ "
                       : node.removed()                           ? "- "
                       : node.modified()                          ? "~ "
                       : (node.flags & DiffNode::kExplained) != 0 ? "e "
                                                                  : nullptr;
    if (mark == nullptr) continue;
    (out += out.empty() ? "" : "; ") += mark;
    out += name;
    if ((node.flags & DiffNode::kStatus) != 0) out += " s";
    if ((node.flags & DiffNode::kAttributes) != 0) out += " a";
    if ((node.flags & DiffNode::kDuration) != 0) out += " d";
  }
  return out;
}

std::string changes(std::string_view before, std::string_view after,
                    const DiffOptions& options = {}) {
  return changes(Pair(before, after), options);
}

DiffOptions ignoring(std::string_view glob) {
  DiffOptions options;
  options.ignore.push_back(*ggen::Glob::compile(glob));
  options.unstable = options.ignore;
  return options;
}

// ---- the plain form, of any cost ----

class Oracle {
 public:
  Oracle(const SpanTree& a, const SpanTree& b) : a_(a), b_(b) {}

  // Pairs of spans; kNoSpan where there is none.
  std::vector<std::pair<SpanIndex, SpanIndex>> run() {
    level(kNoSpan, kNoSpan);
    std::sort(pairs_.begin(), pairs_.end());
    return pairs_;
  }

 private:
  bool same_name(SpanIndex x, SpanIndex y) const { return a_.name[x] == b_.name[y]; }
  bool same_own(SpanIndex x, SpanIndex y) const {
    return same_name(x, y) && std::ranges::equal(a_.attributes_of(x), b_.attributes_of(y));
  }
  bool same_whole(SpanIndex x, SpanIndex y) const {
    if (!same_own(x, y) || a_.status[x] != b_.status[y]) return false;
    const auto p = a_.children_of(x), q = b_.children_of(y);
    return std::equal(p.begin(), p.end(), q.begin(), q.end(),
                      [this](SpanIndex i, SpanIndex j) { return same_whole(i, j); });
  }

  void level(SpanIndex x, SpanIndex y) {
    std::vector<SpanIndex> as, bs;
    if (x != kNoSpan || y == kNoSpan) as.assign(a_.children_of(x).begin(), a_.children_of(x).end());
    if (y != kNoSpan || x == kNoSpan) bs.assign(b_.children_of(y).begin(), b_.children_of(y).end());
    const auto take = [&](auto same) {
      for (auto j = bs.begin(); j != bs.end();) {
        const auto i = std::find_if(as.begin(), as.end(), [&](SpanIndex s) { return same(s, *j); });
        if (i == as.end()) {
          ++j;
          continue;
        }
        pairs_.emplace_back(*i, *j);
        level(*i, *j);
        as.erase(i);
        j = bs.erase(j);
      }
    };
    take([this](SpanIndex i, SpanIndex j) { return same_whole(i, j); });
    take([this](SpanIndex i, SpanIndex j) { return same_own(i, j); });
    take([this](SpanIndex i, SpanIndex j) { return same_name(i, j); });
    for (const SpanIndex i : as) only(a_, i, true);
    for (const SpanIndex j : bs) only(b_, j, false);
  }

  void only(const SpanTree& tree, SpanIndex span, bool removed) {
    pairs_.emplace_back(removed ? span : kNoSpan, removed ? kNoSpan : span);
    for (const SpanIndex child : tree.children_of(span)) only(tree, child, removed);
  }

  const SpanTree& a_;
  const SpanTree& b_;
  std::vector<std::pair<SpanIndex, SpanIndex>> pairs_;
};

// A forest of few names, so that many siblings share one; `chance` decides on everything.
SpanTree random_tree(Texts& texts, std::mt19937& chance, std::size_t size) {
  static constexpr std::string_view kNames[] = {"a", "b", "c"};
  SpanTreeBuilder builder(texts, {});
  for (std::size_t i = 0; i < size; ++i) {
    SpanDraft draft;
    draft.name = texts.add(kNames[chance() % 3]);
    if (chance() % 4 == 0) draft.status = texts.add("error");
    draft.start = static_cast<std::int64_t>(chance() % 1000);
    draft.duration = static_cast<std::int64_t>(chance() % 4) * 20 * kMs;
    if (chance() % 2 == 0)
      draft.attributes.push_back({texts.add("k"), texts.add(kNames[chance() % 2])});
    const std::size_t parent = chance() % (i + 1);
    builder.fill(builder.reserve(parent == i ? kNoSpan : static_cast<SpanIndex>(parent)), draft);
  }
  return *builder.finish();
}

}  // namespace

TEST_CASE("the comparison is what a plain one finds", "[diff][property]") {
  const auto seed = GENERATE(take(300, random(0, 1'000'000)));
  CAPTURE(seed);
  std::mt19937 chance(static_cast<unsigned>(seed));
  Texts texts;
  const SpanTree a = random_tree(texts, chance, chance() % 25);
  const SpanTree b = random_tree(texts, chance, chance() % 25);
  const Diff diff = compare(a, b, texts, {});

  std::vector<std::pair<SpanIndex, SpanIndex>> pairs;
  std::size_t added = 0, removed = 0, modified = 0;
  for (std::size_t i = 1; i < diff.nodes.size(); ++i) {
    const DiffNode& node = diff.nodes[i];
    pairs.emplace_back(node.before, node.after);
    added += node.added() ? 1 : 0;
    removed += node.removed() ? 1 : 0;
    if (node.added() || node.removed()) continue;
    const bool status = a.status[node.before] != b.status[node.after];
    const bool attributes =
        !std::ranges::equal(a.attributes_of(node.before), b.attributes_of(node.after));
    const auto x = a.duration[node.before], y = b.duration[node.after];
    const bool duration = std::abs(x - y) > 10 * kMs && std::abs(x - y) > x / 10;
    CHECK(((node.flags & DiffNode::kStatus) != 0) == status);
    CHECK(((node.flags & DiffNode::kAttributes) != 0) == attributes);
    CHECK(((node.flags & (DiffNode::kDuration | DiffNode::kExplained)) != 0) == duration);
    modified += node.modified() ? 1 : 0;
  }
  std::sort(pairs.begin(), pairs.end());
  CHECK(pairs == Oracle(a, b).run());
  CHECK(diff.added == added);
  CHECK(diff.removed == removed);
  CHECK(diff.modified == modified);
  CHECK(diff.removed + diff.modified + diff.unchanged == a.size());
  CHECK(diff.added + diff.modified + diff.unchanged == b.size());
  CHECK(diff.nodes[0].spans + 1 == diff.nodes.size());
  CHECK(diff.nodes[0].changes == added + removed + modified);
  CHECK(compare(a, a, texts, {}).same());
}

TEST_CASE("spans are added, removed and modified", "[diff]") {
  CHECK(changes(
            R"([{"name":"r","children":[{"name":"a"},{"name":"b"}]}])",
            R"([{"name":"r","children":[{"name":"b"},{"name":"c","children":[{"name":"d"}]}]}])") ==
        "- a; + c; + d");
  CHECK(changes(R"([{"name":"a","status":"OK","attributes":{"k":1}}])",
                R"([{"name":"a","status":"ERROR","attributes":{"k":2}}])") == "~ a s a");
  CHECK(changes("[]", R"([{"name":"a"}])") == "+ a");
  CHECK(changes("[]", "[]").empty());
}

TEST_CASE("of siblings of one name the right ones are matched", "[diff]") {
  // The first is gone, and the others are not taken for it.
  CHECK(changes(
            R"([{"name":"GET","attributes":{"u":"/a"}},{"name":"GET","attributes":{"u":"/b"}},
                   {"name":"GET","attributes":{"u":"/c"}}])",
            R"([{"name":"GET","attributes":{"u":"/b"}},{"name":"GET","attributes":{"u":"/c"}}])") ==
        "- GET");
  // By what is below them.
  CHECK(
      changes(R"([{"name":"x","children":[{"name":"1"}]},{"name":"x","children":[{"name":"2"}]}])",
              R"([{"name":"x","children":[{"name":"2"}]}])") == "- x; - 1");
  // By their order.
  CHECK(changes(R"([{"name":"x","attributes":{"n":1}},{"name":"x","attributes":{"n":2}}])",
                R"([{"name":"x","attributes":{"n":3}},{"name":"x","attributes":{"n":2}}])") ==
        "~ x a");
}

TEST_CASE("what is not stable is compared, but tells nobody from another", "[diff]") {
  constexpr std::string_view kBefore = R"([{"name":"x","attributes":{"a":1,"id":1}},
      {"name":"x","attributes":{"a":2,"id":2}}])";
  DiffOptions options = ignoring("id");
  options.ignore.clear();
  const Pair pair(kBefore, R"([{"name":"x","attributes":{"a":2,"id":7}}])");
  CHECK(changes(pair, options) == "- x; ~ x a");
  CHECK(compare(pair.a, pair.b, pair.texts, options).nodes[2].before == 1);
  options.unstable.clear();
  CHECK(compare(pair.a, pair.b, pair.texts, options).nodes[1].before == 0);
}

TEST_CASE("attributes that are ignored change nothing", "[diff]") {
  constexpr std::string_view kBefore = R"([{"name":"x","attributes":{"a":1,"thread.id":1,"b":2}}])";
  constexpr std::string_view kAfter = R"([{"name":"x","attributes":{"a":1,"b":2,"thread.id":7}}])";
  CHECK(changes(kBefore, kAfter) == "~ x a");
  CHECK(changes(kBefore, kAfter, ignoring("thread.*")).empty());
  CHECK(changes(kBefore, R"([{"name":"x","attributes":{"a":1,"b":2}}])", ignoring("thread.*"))
            .empty());
  CHECK(changes(kBefore, R"([{"name":"x","attributes":{"a":1}}])", ignoring("thread.*")) ==
        "~ x a");

  const Pair pair(kBefore, R"([{"name":"x","attributes":{"a":2,"c":3,"thread.id":1}}])");
  const auto list =
      attribute_changes(pair.a.attributes_of(0), pair.b.attributes_of(0), pair.texts, {});
  std::string text;
  for (const AttributeChange& change : list) {
    text += pair.texts[change.key];
    text += change.before == Texts::kNone ? "-" : pair.texts[change.before];
    text += change.after == Texts::kNone ? "-" : pair.texts[change.after];
  }
  CHECK(text == "a12b2-c-3");
}

TEST_CASE("durations within the noise are the same", "[diff]") {
  const auto one = [](int ms) {
    return R"([{"name":"x","duration_ms":)" + std::to_string(ms) + "}]";
  };
  CHECK(changes(one(1000), one(1099)).empty());
  CHECK(changes(one(1000), one(1101)) == "~ x d");
  CHECK(changes(one(1000), one(899)) == "~ x d");
  CHECK(changes(one(1), one(11)).empty());
  CHECK(changes(one(1), one(12)) == "~ x d");
  CHECK(changes(one(0), one(12)) == "~ x d");
  CHECK(changes(one(1), R"([{"name":"x"}])").empty());
  DiffOptions options;
  options.noise = HUGE_VAL;
  CHECK(changes(one(1), one(10'000), options).empty());
  CHECK(changes(one(0), one(10'000), options).empty());
  options = {};
  options.noise = 0;
  options.floor = 0;
  CHECK(changes(one(1000), one(1001), options) == "~ x d");
}

TEST_CASE("a change is not told again of every span around it", "[diff]") {
  const auto nested = [](int outer, int middle, int inner) {
    return R"([{"name":"o","duration_ms":)" + std::to_string(outer) +
           R"(,"children":[{"name":"m","duration_ms":)" + std::to_string(middle) +
           R"(,"children":[{"name":"i","duration_ms":)" + std::to_string(inner) + "}]}]}]";
  };
  CHECK(changes(nested(1000, 900, 800), nested(1500, 1400, 1300)) == "e o; e m; ~ i d");
  // Time of its own.
  CHECK(changes(nested(1000, 900, 800), nested(2000, 1400, 1300)) == "~ o d; e m; ~ i d");
  CHECK(changes(nested(1000, 900, 800), nested(1500, 900, 800)) == "~ o d");
  // What is new below it.
  CHECK(
      changes(R"([{"name":"o","duration_ms":100}])",
              R"([{"name":"o","duration_ms":200,"children":[{"name":"n","duration_ms":100}]}])") ==
      "e o; + n");

  // At the same time: the sum of both would be more than there is.
  const auto parallel = [](int outer, int inner) {
    const std::string child =
        R"({"name":"c","start_time_unix_nano":0,"duration_ms":)" + std::to_string(inner) + "}";
    return R"([{"name":"o","start_time_unix_nano":0,"duration_ms":)" + std::to_string(outer) +
           R"(,"children":[)" + child + "," + child + "]}]";
  };
  CHECK(changes(parallel(500, 400), parallel(900, 800)) == "e o; ~ c d; ~ c d");
  CHECK(changes(parallel(500, 400), parallel(1300, 800)) == "~ o d; ~ c d; ~ c d");

  // Many changes that are noise, each for itself, are not: somebody has to say it.
  std::string before =
      R"([{"name":"o","duration_ms":1000,"children":[{"name":"c","duration_ms":1})";
  std::string after =
      R"([{"name":"o","duration_ms":2000,"children":[{"name":"c","duration_ms":20})";
  for (int i = 0; i < 99; ++i) {
    before += R"(,{"name":"c","duration_ms":1})";
    after += R"(,{"name":"c","duration_ms":10})";
  }
  CHECK(changes(before + "]}]", after + "]}]") == "~ o d; ~ c d");
}

TEST_CASE("100,000 levels are compared without a stack", "[diff]") {
  Texts texts;
  const auto deep = [&texts](bool failed) {
    SpanTreeBuilder builder(texts, {});
    SpanDraft draft;
    draft.name = texts.add("x");
    for (SpanIndex i = 0; i < 100'000; ++i) {
      if (failed && i == 99'999) draft.status = texts.add("error");
      builder.fill(builder.reserve(i == 0 ? kNoSpan : i - 1), draft);
    }
    return *builder.finish();
  };
  const Diff diff = compare(deep(false), deep(true), texts, {});
  CHECK(diff.modified == 1);
  CHECK(diff.unchanged == 99'999);
  CHECK(diff.nodes[1].changes == 1);
}

TEST_CASE("absurd times do not overflow", "[diff]") {
  constexpr std::string_view kSpans =
      R"([{"name":"a","start_time_unix_nano":"9100000000000000000","duration_ms":31600000000,
       "children":[{"name":"b","start_time_unix_nano":"-9100000000000000000","duration_ms":1}]},
      {"name":"c","start_time_unix_nano":"-9100000000000000000","duration_ms":31600000000}])";
  CHECK(
      changes(kSpans, R"([{"name":"a","start_time_unix_nano":"9100000000000000000","duration_ms":1,
       "children":[{"name":"b","duration_ms":31600000000}]},{"name":"c","duration_ms":0}])") ==
      "~ a d; ~ c d; ~ b d");
  CHECK(Pair(kSpans, kSpans).a.wall() == 31'600'000'000 * kMs);
}
