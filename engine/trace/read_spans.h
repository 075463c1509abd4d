// Reads traces into span trees: OTLP JSON, lists of spans of several tools, Chrome traces. Says of
// a run record that it is one, and leaves it to others. docs/formats.md has the shapes.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "trace/span_tree.h"
#include "trace/texts.h"

namespace ggen::trace {

enum class TraceFormat : std::uint8_t { otlp, spans, chrome, record };

// "otlp", "spans", "chrome", "record"
std::string_view format_name(TraceFormat format);

struct ReadTrace {
  TraceFormat format = TraceFormat::spans;
  SpanTree tree;  // empty for a record
  std::vector<std::string> notes;
};

// Fails (invalid) with line and column, or with the spans that are wrong.
Result<ReadTrace> read_spans(std::string_view text, Texts& texts);

}  // namespace ggen::trace
