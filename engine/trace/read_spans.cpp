// A file is one document or several: objects with "resourceSpans", "traceEvents" or "spans", or
// spans themselves, also in a list. Spans of the plain shapes may have "children".
// SPDX-License-Identifier: MIT
#include "trace/read_spans.h"

#include "trace/span_reader.h"

namespace ggen::trace {

namespace {

using Token = JsonTokens::Token;

constexpr std::string_view kUnknownShape =
    "neither a run record nor a trace: \"resourceSpans\", \"traceEvents\", \"spans\" or a span "
    "with a \"name\" expected";

class Reader {
 public:
  Reader(std::string_view text, Texts& texts) : reader_(text, texts), json_(reader_.json) {}

  Result<ReadTrace> read() {
    while (json_.next() != Token::end && !record_) document();
    if (!json_.problem().empty()) return Error{ErrorKind::invalid, json_.problem()};
    ReadTrace trace;
    if (record_) {
      trace.format = TraceFormat::record;
      return trace;
    }
    if (!found_) return Error{ErrorKind::invalid, "the file is empty"};
    trace.format = format_;
    GGEN_TRY_ASSIGN(trace.tree, reader_.builder.finish());
    trace.notes = reader_.builder.notes();
    return trace;
  }

 private:
  struct Frame {
    SpanDraft draft;
    SpanIndex span = kNoSpan;
  };

  void document() {
    if (json_.token() == Token::object) return object();
    if (json_.token() != Token::array) {
      json_.fail(kUnknownShape);
      return;
    }
    found_ = true;
    if (holds_events()) {
      format_ = TraceFormat::chrome;
      return read_chrome_events(reader_);
    }
    while (json_.next() == Token::object && !record_) object();
    if (json_.token() != Token::array_end && !record_) json_.fail(kUnknownShape);
  }

  // Whether the first element of the list that the last token began has a "ph".
  bool holds_events() const {
    JsonTokens ahead = json_;
    if (ahead.next() != Token::object) return false;
    while (ahead.next() == Token::key) {
      if (ahead.text() == "ph") return true;
      ahead.next();
      ahead.pass();
    }
    return false;
  }

  // An object outside of all spans: a document, or a span that stands for itself.
  void object() {
    bool known = false;
    push(kNoSpan, json_.position());
    while (!record_ && json_.next() == Token::key) {
      const std::string_view key = json_.text();
      if (key == "resourceSpans" || key == "resource_spans") {
        known = true;
        format_ = TraceFormat::otlp;
        json_.next();
        if (reader_.enter_array("\"resourceSpans\"")) read_otlp_resources(reader_);
      } else if (key == "traceEvents") {
        known = true;
        format_ = TraceFormat::chrome;
        json_.next();
        if (reader_.enter_array("\"traceEvents\"")) read_chrome_events(reader_);
      } else if (key == "spans") {
        known = true;
        json_.next();
        if (reader_.enter_array("\"spans\"")) spans(kNoSpan);
      } else if (key == "resourceMetrics" || key == "resourceLogs") {
        known = true;  // what a collector writes into the same file
        json_.next();
        json_.pass();
      } else if (key == "schema") {
        json_.next();
        record_ = json_.token() == Token::string && json_.text() == "ggen-run";
        json_.pass();
      } else {
        field(frames_[0]);
      }
    }
    if (!known && !record_ && json_.problem().empty()) {
      const SpanDraft& draft = frames_[0].draft;
      if (draft.name == Texts::kEmpty && draft.id == Texts::kEmpty) {
        json_.fail(kUnknownShape);
      } else {
        fill(frames_[0]);
      }
    }
    found_ = true;
    --open_;
  }

  // The list that the last token began; its spans may hold lists of children.
  void spans(SpanIndex parent) {
    const std::size_t outside = open_;
    bool in_list = true;
    while (json_.problem().empty()) {
      const Token token = json_.next();
      if (in_list && token == Token::object) {
        push(open_ > outside ? span_of(frames_[open_ - 1]) : parent, json_.position());
        in_list = false;
      } else if (in_list && token == Token::array_end) {
        if (open_ == outside) return;
        in_list = false;
      } else if (in_list) {
        json_.fail("a span, an object, expected");
      } else if (token == Token::key && json_.text() == "children") {
        json_.next();
        in_list = json_.token() != Token::null && reader_.enter_array("\"children\"");
      } else if (token == Token::key) {
        field(frames_[open_ - 1]);
      } else if (token == Token::object_end) {
        fill(frames_[--open_]);
        in_list = true;
      }
    }
  }

  void push(SpanIndex parent, std::size_t position) {
    if (open_ == frames_.size()) frames_.emplace_back();
    Frame& frame = frames_[open_++];
    frame.draft.clear();
    frame.draft.position = position;
    frame.span = kNoSpan;
    parents_.resize(open_);
    parents_[open_ - 1] = parent;
  }

  // The place of the span is taken when its first child is there, or at its end.
  SpanIndex span_of(Frame& frame) {
    const auto at = static_cast<std::size_t>(&frame - frames_.data());
    if (frame.span == kNoSpan) frame.span = reader_.builder.reserve(parents_[at]);
    return frame.span;
  }

  void fill(Frame& frame) { reader_.builder.fill(span_of(frame), frame.draft); }

  // The last token is a key. What no field is called is an attribute, where it is a plain value.
  void field(Frame& frame) {
    if (json_.text() == "children" && open_ == 1) {
      json_.next();
      if (json_.token() == Token::null || !reader_.enter_array("\"children\"")) return;
      return spans(span_of(frame));
    }
    if (read_span_field(reader_, frame.draft)) return;
    const TextIndex key = reader_.builder.texts().add(json_.text());
    const Token token = json_.next();
    if (token == Token::string || token == Token::number || token == Token::yes ||
        token == Token::no) {
      frame.draft.attributes.push_back({key, reader_.text()});
    } else {
      json_.pass();
    }
  }

  SpanReader reader_;
  JsonTokens& json_;
  std::vector<Frame> frames_;  // the first open_ ones are open, the others kept for their memory
  std::vector<SpanIndex> parents_;
  std::size_t open_ = 0;
  TraceFormat format_ = TraceFormat::spans;
  bool record_ = false, found_ = false;
};

}  // namespace

std::string_view format_name(TraceFormat format) {
  switch (format) {
    case TraceFormat::otlp: return "otlp";
    case TraceFormat::spans: return "spans";
    case TraceFormat::chrome: return "chrome";
    case TraceFormat::record: return "record";
  }
  return "";
}

Result<ReadTrace> read_spans(std::string_view text, Texts& texts) {
  return Reader(text, texts).read();
}

}  // namespace ggen::trace
