// SPDX-License-Identifier: MIT
#include "trace/span_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

namespace ggen::trace {

namespace {

using Token = JsonTokens::Token;

// Nanoseconds that fit, with room for a duration.
constexpr std::int64_t kLargest = std::int64_t{9'100'000'000} * 1'000'000'000;

std::string lower(std::string_view text, std::string_view prefix) {
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
  });
  return out;
}

enum class Field : std::uint8_t {
  name,
  trace,
  id,
  parent,
  kind,
  start,
  end,
  milliseconds,
  microseconds,
  nanoseconds,
  status,
  attributes,
  events,
  ignored
};

struct FieldName {
  std::string_view name;
  Field field;
};

// Both spellings of OTLP's JSON, and what simpler writers use.
constexpr std::array kFields{
    FieldName{"name", Field::name},
    FieldName{"traceId", Field::trace},
    FieldName{"trace_id", Field::trace},
    FieldName{"spanId", Field::id},
    FieldName{"span_id", Field::id},
    FieldName{"id", Field::id},
    FieldName{"parentSpanId", Field::parent},
    FieldName{"parent_span_id", Field::parent},
    FieldName{"parent_id", Field::parent},
    FieldName{"kind", Field::kind},
    FieldName{"startTimeUnixNano", Field::start},
    FieldName{"start_time_unix_nano", Field::start},
    FieldName{"endTimeUnixNano", Field::end},
    FieldName{"end_time_unix_nano", Field::end},
    FieldName{"duration_ms", Field::milliseconds},
    FieldName{"duration_us", Field::microseconds},
    FieldName{"duration_ns", Field::nanoseconds},
    FieldName{"status", Field::status},
    FieldName{"attributes", Field::attributes},
    FieldName{"events", Field::events},
    FieldName{"links", Field::ignored},
    FieldName{"flags", Field::ignored},
    FieldName{"traceState", Field::ignored},
    FieldName{"trace_state", Field::ignored},
    FieldName{"droppedAttributesCount", Field::ignored},
    FieldName{"droppedEventsCount", Field::ignored},
    FieldName{"droppedLinksCount", Field::ignored},
    FieldName{"dropped_attributes_count", Field::ignored},
    FieldName{"dropped_events_count", Field::ignored},
    FieldName{"dropped_links_count", Field::ignored},
};

std::optional<Field> field_of(std::string_view name) {
  for (const FieldName& field : kFields)
    if (field.name == name) return field.field;
  return std::nullopt;
}

// {"key":"a","value":{"stringValue":"x"}}; the last token began it.
void read_otlp_attribute(SpanReader& reader, SpanDraft& draft) {
  JsonTokens& json = reader.json;
  Attribute attribute{Texts::kEmpty, Texts::kEmpty};
  while (json.next() == Token::key) {
    const bool is_key = json.text() == "key";
    const bool is_value = json.text() == "value";
    json.next();
    if (is_key) {
      attribute.key = reader.text();
    } else if (is_value && json.token() == Token::object) {
      while (json.next() == Token::key) {
        json.next();
        attribute.value = reader.text();
      }
    } else {
      json.pass();
    }
  }
  draft.attributes.push_back(attribute);
}

// The list of OTLP, or an object of names and values.
void read_attributes(SpanReader& reader, SpanDraft& draft) {
  JsonTokens& json = reader.json;
  if (json.token() == Token::null) return;
  if (json.token() == Token::object) {
    while (json.next() == Token::key) {
      const TextIndex key = reader.builder.texts().add(json.text());
      json.next();
      draft.attributes.push_back({key, reader.text()});
    }
    return;
  }
  if (!reader.enter_array("\"attributes\"")) return;
  while (json.next() == Token::object) read_otlp_attribute(reader, draft);
  if (json.token() != Token::array_end) json.fail("an attribute, {\"key\", \"value\"}, expected");
}

// Events become one attribute, the list of their names: their times and what they say are others
// each time.
void read_events(SpanReader& reader, SpanDraft& draft) {
  JsonTokens& json = reader.json;
  if (json.token() != Token::array) return json.pass();
  std::string names;
  while (json.next() == Token::object) {
    while (json.next() == Token::key) {
      const bool is_name = json.text() == "name";
      json.next();
      if (is_name && json.token() == Token::string)
        (names += names.empty() ? "" : ", ") += json.text();
      json.pass();
    }
  }
  if (json.token() != Token::array_end) json.fail("an event, an object, expected");
  if (!names.empty())
    draft.attributes.push_back(
        {reader.builder.texts().add("events"), reader.builder.texts().add(names)});
}

// "OK", 2, or {"code": 2, "message": "..."}
void read_status(SpanReader& reader, SpanDraft& draft) {
  JsonTokens& json = reader.json;
  if (json.token() != Token::object) {
    draft.status = reader.status_word();
    return;
  }
  while (json.next() == Token::key) {
    const bool is_code = json.text() == "code";
    const bool is_message = json.text() == "message";
    json.next();
    if (is_code) {
      draft.status = reader.status_word();
    } else if (is_message) {
      const TextIndex message = reader.text();
      if (message != Texts::kEmpty)
        draft.attributes.push_back({reader.builder.texts().add("status.message"), message});
    } else {
      json.pass();
    }
  }
}

}  // namespace

bool SpanReader::enter(Token wanted, std::string_view what) {
  if (json.token() == wanted) return true;
  json.fail(std::string(what) + ": " + (wanted == Token::array ? "a list" : "an object") +
            " expected");
  return false;
}

TextIndex SpanReader::id() {
  if (json.token() == Token::null) return Texts::kEmpty;
  const std::string_view text = json.pass_text();
  // OTLP has zeros where there is none.
  if (text.find_first_not_of('0') == std::string_view::npos && text.size() != 1)
    return Texts::kEmpty;
  return builder.ids().add(text);
}

std::int64_t SpanReader::time(double unit) {
  const Token token = json.token();
  const std::string_view text = json.pass_text();
  if (token != Token::number && token != Token::string) return kUnknown;
  const char* const end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto read = std::from_chars(text.data(), end, whole);
      unit == 1 && read.ec == std::errc() && read.ptr == end)
    return std::clamp(whole, -kLargest, kLargest);
  // Its end has to be a NUL, and no number that makes sense is longer than that.
  char number[64];
  if (text.empty() || text.size() >= sizeof number ||
      text.find_first_not_of("0123456789+-.eE") != std::string_view::npos)
    return kUnknown;
  number[text.copy(number, text.size())] = '\0';
  char* read = nullptr;
  const double nanoseconds = std::strtod(number, &read) * unit;
  if (*read != '\0') return kUnknown;
  if (std::fabs(nanoseconds) < static_cast<double>(kLargest))
    return static_cast<std::int64_t>(std::llround(nanoseconds));
  return text.front() == '-' ? -kLargest : kLargest;
}

TextIndex SpanReader::status_word() {
  if (json.token() == Token::null) return Texts::kEmpty;
  std::string word = lower(json.pass_text(), "STATUS_CODE_");
  if (word == "unset" || word == "0") return Texts::kEmpty;
  if (word == "1") word = "ok";
  if (word == "2") word = "error";
  return builder.texts().add(word);
}

std::optional<TextIndex> SpanReader::kind() {
  if (json.token() == Token::null) return std::nullopt;
  static constexpr std::array<std::string_view, 6> kKinds = {"",       "internal", "server",
                                                             "client", "producer", "consumer"};
  std::string word = lower(json.pass_text(), "SPAN_KIND_");
  if (word.size() == 1 && word[0] >= '0' && word[0] <= '5')
    word = kKinds[static_cast<std::size_t>(word[0] - '0')];
  if (word.empty() || word == "unspecified") return std::nullopt;
  return builder.texts().add(word);
}

bool read_span_field(SpanReader& reader, SpanDraft& draft) {
  const std::optional<Field> field = field_of(reader.json.text());
  if (!field) return false;
  reader.json.next();
  switch (*field) {
    case Field::name: draft.name = reader.text(); break;
    case Field::trace: draft.trace = reader.id(); break;
    case Field::id: draft.id = reader.id(); break;
    case Field::parent: draft.parent_id = reader.id(); break;
    case Field::kind:
      if (const auto kind = reader.kind())
        draft.attributes.push_back({reader.builder.texts().add("kind"), *kind});
      break;
    case Field::start: draft.start = reader.time(1); break;
    case Field::end: draft.end = reader.time(1); break;
    case Field::milliseconds: draft.duration = reader.time(1e6); break;
    case Field::microseconds: draft.duration = reader.time(1e3); break;
    case Field::nanoseconds: draft.duration = reader.time(1); break;
    case Field::status: read_status(reader, draft); break;
    case Field::attributes: read_attributes(reader, draft); break;
    case Field::events: read_events(reader, draft); break;
    case Field::ignored: reader.json.pass(); break;
  }
  return true;
}

}  // namespace ggen::trace
