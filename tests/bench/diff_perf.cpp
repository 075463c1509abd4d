// How long it takes to compare two traces, and to read them: OTLP JSON of COUNT spans that are made
// here, a two-hundredth of which differ in attributes or duration. Prints, in tabs, COUNT, the
// processor time of the quickest of several rounds in milliseconds of comparing and of reading
// both, and the size of one in MB.
// Usage: diff_perf COUNT...
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "trace/diff.h"
#include "trace/read_spans.h"

using namespace ggen;

namespace {

constexpr int kRounds = 7;
constexpr unsigned kOneIn = 200;

double now_ms() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

// The shape comes from a seed that is the same for both traces; `other`: ids, threads and start
// times are others, and some spans have changed.
std::string document(int count, bool other) {
  std::mt19937 shape(7), change(8);
  static constexpr const char* kNames[] = {"GET /items", "SELECT items", "render",
                                           "serialize",  "cache.get",    "task build"};
  std::string out = R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":)"
                    R"({"stringValue":"shop"}}]},"scopeSpans":[{"scope":{"name":"x"},"spans":[)";
  const std::uint64_t base = other ? 5'000'000'000 : 1'000'000'000;
  char text[1024];
  for (int i = 0; i < count; ++i) {
    const bool near = shape() % 5 != 0;
    const int span = i == 0 ? 1 : (near ? std::min(i, 200) : i);
    const int parent = i == 0 ? 0 : i - 1 - static_cast<int>(shape() % static_cast<unsigned>(span));
    const char* name = kNames[shape() % 6];
    const unsigned duration = shape() % 1'000'000'000, route = shape() % 50, rows = shape() % 100;
    const bool changed = other && i > 0 && change() % kOneIn == 0;
    const unsigned kind = changed ? change() % 2 : 2;
    const std::uint64_t start =
        (other ? 1'700'000'000 : 1'600'000'000) * std::uint64_t{1'000'000'000} +
        static_cast<std::uint64_t>(i) * 1'000'000;
    char parent_id[20] = "";
    if (i > 0)
      std::snprintf(parent_id, sizeof parent_id, "%016llx",
                    static_cast<unsigned long long>(base + static_cast<unsigned>(parent)));
    const std::uint64_t end =
        start + (kind == 0 ? 2 * std::uint64_t{duration} + 50'000'000 : duration);
    std::snprintf(
        text, sizeof text,
        R"(%s{"traceId":"%032d","spanId":"%016llx","parentSpanId":"%s","name":"%s","kind":%u,)"
        R"("startTimeUnixNano":"%llu","endTimeUnixNano":"%llu","attributes":[)"
        R"({"key":"http.route","value":{"stringValue":"/api/%u"}},)"
        R"({"key":"thread.id","value":{"intValue":"%u"}},)"
        R"({"key":"db.rows","value":{"intValue":"%u"}}],"status":{"code":1}})",
        i == 0 ? "" : ",", 1, static_cast<unsigned long long>(base + static_cast<unsigned>(i)),
        parent_id, name, 1 + route % 3, static_cast<unsigned long long>(start),
        static_cast<unsigned long long>(end), route, other ? 64 - rows % 64 : rows % 64,
        kind == 1 ? rows + 1 : rows);
    out += text;
  }
  return out + "]}]}]}";
}

void measure(int count) {
  const std::string before = document(count, false), after = document(count, true);
  double reading = 1e9, comparing = 1e9;
  trace::DiffOptions options;
  options.ignore.push_back(*Glob::compile("thread.id"));
  options.unstable = options.ignore;
  trace::Diff diff;
  for (int round = 0; round < kRounds; ++round) {
    trace::Texts texts;
    const double start = now_ms();
    const auto a = trace::read_spans(before, texts), b = trace::read_spans(after, texts);
    const double read = now_ms();
    if (!a || !b) {
      std::fprintf(stderr, "%s\n", (a ? b : a).error().message.c_str());
      std::exit(1);
    }
    diff = trace::compare(a->tree, b->tree, texts, options);
    if (diff.modified == 0) std::abort();
    comparing = std::min(comparing, now_ms() - read);
    reading = std::min(reading, read - start);
  }
  std::printf("%d\t%.3f\t%.1f\t%.1f\n", count, comparing, reading,
              static_cast<double>(before.size()) / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) measure(std::atoi(argv[i]));
  return argc > 1 ? 0 : 2;
}
