// OTLP's JSON: resourceSpans[].scopeSpans[].spans[]. Of the resource only service.name is compared,
// as an attribute of each of its spans: the rest is about the machine.
// SPDX-License-Identifier: MIT
#include "trace/span_reader.h"

namespace ggen::trace {

namespace {

using Token = JsonTokens::Token;

class OtlpReader {
 public:
  explicit OtlpReader(SpanReader& reader) : reader_(reader), json_(reader.json) {}

  void resources() {
    while (json_.next() == Token::object) resource_spans();
    if (json_.token() != Token::array_end) json_.fail("\"resourceSpans\": an object expected");
  }

 private:
  void resource_spans() {
    service_ = Texts::kEmpty;
    while (json_.next() == Token::key) {
      const std::string_view key = json_.text();
      if (key == "resource") {
        json_.next();
        resource();
      } else if (key == "scopeSpans" || key == "scope_spans" ||
                 key == "instrumentationLibrarySpans") {
        json_.next();
        list("\"scopeSpans\"", [this] { scope_spans(); });
      } else {
        json_.next();
        json_.pass();
      }
    }
  }

  void resource() {
    if (json_.token() != Token::object) return json_.pass();
    draft_.clear();
    while (json_.next() == Token::key) {
      if (!read_span_field(reader_, draft_)) {
        json_.next();
        json_.pass();
      }
    }
    Texts& texts = reader_.builder.texts();
    const TextIndex name = texts.add("service.name");
    for (const Attribute& attribute : draft_.attributes)
      if (attribute.key == name) service_ = attribute.value;
  }

  void scope_spans() {
    while (json_.next() == Token::key) {
      const bool spans = json_.text() == "spans";
      json_.next();
      if (spans) {
        list("\"spans\"", [this] { span(); });
      } else {
        json_.pass();
      }
    }
  }

  void span() {
    draft_.clear();
    draft_.position = json_.position();
    while (json_.next() == Token::key) {
      if (!read_span_field(reader_, draft_)) {
        json_.next();
        json_.pass();
      }
    }
    if (service_ != Texts::kEmpty)
      draft_.attributes.push_back({reader_.builder.texts().add("service.name"), service_});
    reader_.builder.fill(reader_.builder.reserve(kNoSpan), draft_);
  }

  // Calls read() for each object of the list that the last token began.
  template <class Read>
  void list(std::string_view what, Read read) {
    if (json_.token() == Token::null) return;
    if (!reader_.enter_array(what)) return;
    while (json_.next() == Token::object) read();
    if (json_.token() != Token::array_end) json_.fail(std::string(what) + ": an object expected");
  }

  SpanReader& reader_;
  JsonTokens& json_;
  SpanDraft draft_;
  TextIndex service_ = Texts::kEmpty;
};

}  // namespace

void read_otlp_resources(SpanReader& reader) { OtlpReader(reader).resources(); }

}  // namespace ggen::trace
