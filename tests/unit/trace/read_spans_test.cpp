// SPDX-License-Identifier: MIT
#include "trace/read_spans.h"

#include <catch2/catch.hpp>

using namespace ggen::trace;

namespace {

// "name(status,duration)[attribute=value]{children}", one after the other.
std::string shape(const SpanTree& tree, const Texts& texts, SpanIndex above = kNoSpan) {
  std::string out;
  for (const SpanIndex span : tree.children_of(above)) {
    out += out.empty() ? "" : " ";
    out += texts[tree.name[span]];
    if (tree.status[span] != Texts::kEmpty) (out += ':') += texts[tree.status[span]];
    if (tree.duration[span] != kUnknown) (out += '/') += std::to_string(tree.duration[span]);
    for (const Attribute& attribute : tree.attributes_of(span)) {
      (out += '[') += texts[attribute.key];
      ((out += '=') += texts[attribute.value]) += ']';
    }
    if (const std::string below = shape(tree, texts, span); !below.empty())
      out += "{" + below + "}";
  }
  return out;
}

struct Read {
  std::string shape;  // or the message
  std::string notes;
  TraceFormat format = TraceFormat::spans;
};

Read read(std::string_view text) {
  Texts texts;
  const auto trace = read_spans(text, texts);
  if (!trace) return {trace.error().message, ""};
  std::string notes;
  for (const std::string& note : trace->notes) (notes += notes.empty() ? "" : "\n") += note;
  return {shape(trace->tree, texts), notes, trace->format};
}

}  // namespace

TEST_CASE("OTLP is read, in both spellings", "[read_spans]") {
  const auto camel = read(R"({"resourceSpans":[{"resource":{"attributes":[
    {"key":"service.name","value":{"stringValue":"shop"}},
    {"key":"host.name","value":{"stringValue":"h"}}]},
   "scopeSpans":[{"scope":{"name":"s"},"spans":[
    {"traceId":"aa","spanId":"02","parentSpanId":"01","name":"child","kind":3,
     "startTimeUnixNano":"1500","endTimeUnixNano":"1800","status":{"code":2,"message":"no"},
     "attributes":[{"key":"n","value":{"intValue":"3"}},
                   {"value":{"arrayValue":{"values":[{"boolValue":true}]}},"key":"l"}],
     "events":[{"timeUnixNano":"1","name":"retry"},{"name":"exception"}],"links":[{"traceId":"x"}]},
    {"traceId":"aa","spanId":"01","parentSpanId":"","name":"root","flags":1,
     "startTimeUnixNano":1000,"endTimeUnixNano":2000,"status":{}}]}]}]})");
  CHECK(camel.format == TraceFormat::otlp);
  CHECK(camel.notes.empty());
  CHECK(camel.shape ==
        R"(root/1000[service.name=shop]{child:error/300[service.name=shop][kind=client])"
        R"([status.message=no][n=3][l={"values":[{"boolValue":true}]}][events=retry, exception]})");

  const auto snake = read(R"({"resource_spans":[{"scope_spans":[{"spans":[
    {"trace_id":"aa","span_id":"01","parent_span_id":"0000000000000000","name":"root",
     "kind":"SPAN_KIND_SERVER","status":{"code":"STATUS_CODE_OK"}}]}]}]})");
  CHECK(snake.shape == "root:ok[kind=server]");
  CHECK(snake.notes.empty());
}

TEST_CASE("several documents, lines and lists are one trace", "[read_spans]") {
  const std::string one = R"({"resourceSpans":[{"scopeSpans":[{"spans":[
    {"traceId":"aa","spanId":"1","name":"root"}]}]}]})";
  const std::string two = R"({"resourceSpans":[{"scopeSpans":[{"spans":[
    {"traceId":"aa","spanId":"2","parentSpanId":"1","name":"child"}]}]}]})";
  CHECK(read(one + "\n" + two).shape == "root{child}");
  CHECK(read(two + one).shape == "root{child}");
  CHECK(read("[" + one + "," + two + "]").shape == "root{child}");
  CHECK(read(one + R"({"resourceMetrics":[{}]} {"resourceLogs":[]})").shape == "root");
  CHECK(read("{\"name\":\"a\",\"span_id\":\"1\"}\n{\"name\":\"b\",\"parent_span_id\":\"1\"}\n")
            .shape == "a{b}");
}

TEST_CASE("plain spans with parents, and with children", "[read_spans]") {
  CHECK(read(R"({"spans":[
    {"name":"clnrm.run","span_id":"s1","parent_span_id":null,"trace_id":"t","kind":"internal"},
    {"name":"clnrm.step","span_id":"s2","parent_span_id":"s1","trace_id":"t","kind":"client"}]})")
            .shape == "clnrm.run[kind=internal]{clnrm.step[kind=client]}");
  CHECK(read(R"({"test_name":"t","version":"1","recorded_at":"x","metadata":{"a":[1]},"spans":[
    {"name":"a","span_id":"1","attributes":{"k":"v","n":2},"children":[
      {"name":"b","span_id":"2","parent_span_id":"1","attributes":{},"children":[]},
      {"name":"c","children":[{"name":"d","duration_ms":1.5}],"level":"info"}],
     "status":"ERROR"}]})")
            .shape == "a:error[k=v][n=2]{b c[level=info]{d/1500000}}");
  CHECK(read(R"({"name":"a","children":[{"name":"b"}]})").shape == "a{b}");
  CHECK(read(R"([{"name":"a","children":null},{"name":"b","children":[{"name":"c"}]}])").shape ==
        "a b{c}");
  CHECK(read("[]").shape.empty());
  CHECK(read(R"([{"name":"a","status":"UNSET"},{"name":"b","status":{"code":0}},
                 {"name":"c","status":{"code":"STATUS_CODE_UNSET"}},{"name":"d","status":1}])")
            .shape == "a b c d:ok");
}

TEST_CASE("siblings are in the order of start", "[read_spans]") {
  CHECK(read(R"([{"name":"b","start_time_unix_nano":2},{"name":"a","start_time_unix_nano":1}])")
            .shape == "a b");
  CHECK(read(R"([{"name":"b","start_time_unix_nano":2},{"name":"a"}])").shape == "b a");
}

TEST_CASE("Chrome traces nest by their times, row by row", "[read_spans]") {
  const auto trace = read(R"({"traceEvents":[
    {"ph":"M","pid":1,"tid":1,"name":"thread_name","args":{"name":"main"}},
    {"ph":"X","pid":1,"tid":1,"ts":0,"dur":100,"cat":"host","name":"run"},
    {"ph":"X","pid":1,"tid":1,"ts":10,"dur":20.5,"name":"in","args":{"status":"ok","n":1}},
    {"ph":"X","pid":1,"tid":2,"ts":10,"dur":20,"name":"other row"},
    {"ph":"B","pid":1,"tid":1,"ts":40,"name":"pair"},{"ph":"i","pid":1,"tid":1,"ts":41,"s":"t"},
    {"ph":"E","pid":1,"tid":1,"ts":50},
    {"ph":"X","pid":1,"tid":1,"ts":100,"dur":1,"name":"next"}],"displayTimeUnit":"ms"})");
  CHECK(trace.format == TraceFormat::chrome);
  CHECK(trace.shape ==
        "run/100000[category=host]{in:ok/20500[n=1] pair/10000} other row/20000 next/1000");
  CHECK(read(R"([{"name":"x","ph":"X","ts":0,"dur":1}])").shape == "x/1000");
}

TEST_CASE("a run record is left to others", "[read_spans]") {
  CHECK(read(R"({"schema":"ggen-run","version":1,"tasks":[)").format == TraceFormat::record);
  CHECK(read(R"({"pipeline":"x","totals":{},"schema":"ggen-run"})").format == TraceFormat::record);
}

TEST_CASE("what is wrong with single spans is noted", "[read_spans]") {
  const auto orphan = read(
      "[{\"name\":\"a\",\"span_id\":\"1\"},\n"
      "{\"name\":\"b\",\"parent_span_id\":\"7\"},\n"
      "{\"name\":\"c\",\"parent_span_id\":\"8\"}]");
  CHECK(orphan.shape == "a b c");
  CHECK(orphan.notes ==
        "the span \"b\" (line 2) and 1 more have parents that are not there; they count as roots");

  const auto doubled = read(
      "[{\"name\":\"a\",\"span_id\":\"1\"},{\"name\":\"b\",\"span_id\":\"1\"},\n"
      "{\"name\":\"c\",\"span_id\":\"1\"},{\"name\":\"d\",\"parent_id\":\"1\"}]");
  CHECK(doubled.shape == "a{d} b c");
  CHECK(doubled.notes ==
        "the span \"b\" (line 1) and 1 more have ids of earlier spans, which keep "
        "their children");

  const std::string again = R"({"name":"a","span_id":"1","start_time_unix_nano":5})";
  const auto twice = read("[" + again + "," + again + R"(,{"name":"b","parent_span_id":"1"}])");
  CHECK(twice.shape == "a{b}");
  CHECK(twice.notes == "the span \"a\" (line 1) is there twice; it counts once");

  const auto nested = read(R"([{"name":"a","span_id":"1","children":[{"name":"b"}]},
                               {"name":"a","span_id":"1","children":[{"name":"c"}]}])");
  CHECK(nested.shape == "a{b} a{c}");
  CHECK(nested.notes ==
        "the span \"a\" (line 2) has the id of an earlier span, which keeps its children");

  // Equal ids in two traces are two spans.
  CHECK(
      read(
          R"([{"name":"a","span_id":"1","trace_id":"x"},{"name":"a","span_id":"1","trace_id":"y"}])")
          .notes.empty());

  CHECK(read(R"([{"name":"a","start_time_unix_nano":9,"end_time_unix_nano":8}])").notes ==
        "the span \"a\" (line 1) ends before it starts; its duration is left out");
  CHECK(read(R"([{"name":"a","duration_ms":-1}])").shape == "a");
  const auto absurd = read(R"([{"name":"a","duration_ms":1e15},
    {"name":"b","start_time_unix_nano":"-9100000000000000000","end_time_unix_nano":"9100000000000000000"},
    {"name":"c","duration_ms":1e300},{"name":"d","start_time_unix_nano":"99999999999999999999"}])");
  CHECK(absurd.shape == "a b c d");
  CHECK(absurd.notes ==
        "the span \"a\" (line 1) and 2 more take longer than a year; their durations "
        "are left out");
  CHECK(read(R"([{"name":"","span_id":"1"}])").notes == "the span \"\" (line 1) has no name");
}

TEST_CASE("a cycle is an error that names its spans", "[read_spans]") {
  CHECK(read("[{\"name\":\"a\",\"span_id\":\"1\",\"parent_span_id\":\"2\"},\n"
             "{\"name\":\"b\",\"span_id\":\"2\",\"parent_span_id\":\"1\"}]")
            .shape ==
        "spans that are inside of each other: \"a\" (line 1) in \"b\" (line 2) in "
        "\"a\" (line 1)");
  CHECK(read(R"([{"name":"a","span_id":"1","parent_span_id":"1"}])").shape ==
        "spans that are inside of each other: \"a\" (line 1) in \"a\" (line 1)");
}

TEST_CASE("what is no trace is refused with its place", "[read_spans]") {
  CHECK(read("").shape == "the file is empty");
  CHECK_THAT(read("{\"a\":1}").shape, Catch::StartsWith("line 1, column 7: neither a run record"));
  CHECK_THAT(read("42").shape, Catch::StartsWith("line 1, column 1: neither a run record"));
  CHECK_THAT(read("[1]").shape, Catch::StartsWith("line 1, column 2: neither a run record"));
  CHECK(read("{\"spans\":3}").shape == "line 1, column 10: \"spans\": a list expected");
  CHECK(read("{\"spans\":[3]}").shape == "line 1, column 11: a span, an object, expected");
  CHECK(read("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":{}}]}]}").shape ==
        "line 1, column 43: \"spans\": a list expected");
  CHECK(read("{\"name\":\"a\",\"children\":[{\"name\":\"b\",\"children\":7}]}").shape ==
        "line 1, column 48: \"children\": a list expected");
  CHECK(read("{\"spans\":[{\"name\":\"a\"").shape ==
        "line 1, column 22: the end of the file, in the middle of it");
  CHECK_THAT(read("MZ\x90").shape, Catch::StartsWith("line 1, column 1: a value expected"));
}

TEST_CASE("100,000 levels need no stack", "[read_spans]") {
  constexpr int kDeep = 100'000;
  std::string text, chain = "[";
  for (int i = 0; i < kDeep; ++i) {
    text += R"({"name":"a","children":[)";
    chain += R"({"name":"a","span_id":")" + std::to_string(i) + R"(","parent_span_id":")" +
             std::to_string(i + 1) + "\"}" + (i + 1 < kDeep ? "," : "]");
  }
  for (int i = 0; i < kDeep; ++i) text += "]}";
  for (const std::string& deep : {text, chain}) {
    Texts texts;
    const auto trace = read_spans(deep, texts);
    REQUIRE(trace);
    CHECK(trace->tree.size() == kDeep);
    CHECK(trace->tree.children_of(kNoSpan).size() == 1);
  }
}
