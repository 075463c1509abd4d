// Chrome's trace events: complete ones ("X") and pairs of begin and end ("B", "E"). A row is a
// process and a thread; in a row spans nest by their times. Rows are told apart for nesting only,
// because a task is on another one each time. Instants, counters and names are no spans.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <unordered_map>

#include "trace/span_reader.h"

namespace ggen::trace {

namespace {

using Token = JsonTokens::Token;

constexpr double kMicrosecond = 1e3;

class ChromeReader {
 public:
  explicit ChromeReader(SpanReader& reader) : reader_(reader), json_(reader.json) {}

  void events() {
    while (json_.next() == Token::object) event();
    if (json_.token() != Token::array_end) json_.fail("an event, an object, expected");
    nest();
  }

 private:
  struct Placed {
    std::uint64_t row;
    std::int64_t start, end;
    SpanIndex span;
  };

  void event() {
    draft_.clear();
    draft_.position = json_.position();
    char phase = '\0';
    TextIndex process = Texts::kEmpty, thread = Texts::kEmpty;
    while (json_.next() == Token::key) {
      const std::string_view key = json_.text();
      if (key == "ph") {
        json_.next();
        phase = json_.token() == Token::string && json_.text().size() == 1 ? json_.text()[0] : '\0';
        json_.pass();
      } else if (key == "name") {
        json_.next();
        draft_.name = reader_.text();
      } else if (key == "ts") {
        json_.next();
        draft_.start = reader_.time(kMicrosecond);
      } else if (key == "dur") {
        json_.next();
        draft_.duration = reader_.time(kMicrosecond);
      } else if (key == "pid") {
        json_.next();
        process = reader_.id();
      } else if (key == "tid") {
        json_.next();
        thread = reader_.id();
      } else if (key == "cat") {
        json_.next();
        draft_.attributes.push_back({reader_.builder.texts().add("category"), reader_.text()});
      } else if (key == "args") {
        json_.next();
        arguments();
      } else {
        json_.next();
        json_.pass();
      }
    }
    place(phase, static_cast<std::uint64_t>(process) << 32U | thread);
  }

  void arguments() {
    if (json_.token() != Token::object) return json_.pass();
    while (json_.next() == Token::key) {
      const bool status = json_.text() == "status";
      const TextIndex key = reader_.builder.texts().add(json_.text());
      json_.next();
      if (status && json_.token() == Token::string) {
        draft_.status = reader_.status_word();
      } else {
        draft_.attributes.push_back({key, reader_.text()});
      }
    }
  }

  void place(char phase, std::uint64_t row) {
    SpanTreeBuilder& builder = reader_.builder;
    if (phase == 'X' || phase == 'B') {
      if (phase == 'B') draft_.duration = kUnknown;
      const SpanIndex span = builder.reserve(kNoSpan);
      builder.fill(span, draft_);
      if (phase == 'B') open_[row].push_back(span);
      placed_.push_back({row, draft_.start, kUnknown, span});
    } else if (phase == 'E') {
      std::vector<SpanIndex>& open = open_[row];
      if (open.empty()) return;
      const std::int64_t start = builder.so_far().start[open.back()];
      if (start != kUnknown && draft_.start != kUnknown && draft_.start >= start &&
          draft_.start - start <= kLongest)
        builder.set_duration(open.back(), draft_.start - start);
      open.pop_back();
    }
  }

  // The outer of two spans is the one that starts first, or of equal starts the longer one.
  void nest() {
    const SpanTree& tree = reader_.builder.so_far();
    for (Placed& placed : placed_) {
      const std::int64_t duration = tree.duration[placed.span];
      if (placed.start != kUnknown && duration != kUnknown) placed.end = placed.start + duration;
    }
    std::erase_if(placed_, [](const Placed& placed) { return placed.end == kUnknown; });
    std::stable_sort(placed_.begin(), placed_.end(), [](const Placed& a, const Placed& b) {
      if (a.row != b.row) return a.row < b.row;
      return a.start != b.start ? a.start < b.start : a.end > b.end;
    });
    std::vector<const Placed*> around;
    for (const Placed& placed : placed_) {
      while (!around.empty() &&
             (around.back()->row != placed.row || around.back()->end < placed.end ||
              around.back()->end <= placed.start))
        around.pop_back();
      if (!around.empty()) reader_.builder.set_parent(placed.span, around.back()->span);
      around.push_back(&placed);
    }
  }

  SpanReader& reader_;
  JsonTokens& json_;
  SpanDraft draft_;
  std::vector<Placed> placed_;
  std::unordered_map<std::uint64_t, std::vector<SpanIndex>> open_;  // "B" without its "E", by row
};

}  // namespace

void read_chrome_events(SpanReader& reader) { ChromeReader(reader).events(); }

}  // namespace ggen::trace
