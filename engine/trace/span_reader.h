// What the readers of the formats share: the tokens, the builder, and values as texts and times.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "trace/json_tokens.h"
#include "trace/span_tree.h"

namespace ggen::trace {

class SpanReader {
 public:
  SpanReader(std::string_view text, Texts& texts) : json(text), builder(texts, text) {}

  JsonTokens json;
  SpanTreeBuilder builder;

  // All of these are about the value that the last token began, and go to its end.

  // As an attribute has it: a string without quotes, all else as JSON without white space.
  TextIndex text() { return builder.texts().add(json.pass_text()); }
  // Of ids, which are compared with one another only. null is none.
  TextIndex id();
  // Whole nanoseconds, from a number of `unit` nanoseconds or the text of one; kUnknown, and no
  // problem, for what is none; 288 years for what is more.
  std::int64_t time(double unit);
  // The status as a lower-case word: "STATUS_CODE_ERROR" is "error", "UNSET" nothing.
  TextIndex status_word();
  // "SPAN_KIND_SERVER" or 2 is "server"; nothing for one that is not said.
  std::optional<TextIndex> kind();

  // Enters the value, or says what else was expected.
  bool enter_object(std::string_view what) { return enter(JsonTokens::Token::object, what); }
  bool enter_array(std::string_view what) { return enter(JsonTokens::Token::array, what); }

 private:
  bool enter(JsonTokens::Token wanted, std::string_view what);
};

// Events of a Chrome trace, nested by their times. The last token began the list.
void read_chrome_events(SpanReader& reader);

// resourceSpans of an OTLP document. The last token began the list.
void read_otlp_resources(SpanReader& reader);

// A field of a span that both OTLP and the other shapes know; false: it is none of these, and
// nothing was read. The last token is the key.
bool read_span_field(SpanReader& reader, SpanDraft& draft);

}  // namespace ggen::trace
