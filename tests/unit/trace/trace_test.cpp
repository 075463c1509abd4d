// SPDX-License-Identifier: MIT
#include "trace/trace.h"

#include <catch2/catch.hpp>

using namespace ggen::trace;

TEST_CASE("trace: equal texts have one id", "[trace]") {
  Recorder recorder;
  const auto task = recorder.intern("task");
  const auto wait = recorder.intern("wait");
  REQUIRE(task);
  CHECK(task != wait);
  for (int i = 0; i < 1000; ++i) recorder.intern("name " + std::to_string(i));
  CHECK(recorder.intern("task") == task);
  CHECK(recorder.text(*task) == "task");
  CHECK(recorder.text(*wait) == "wait");
}

TEST_CASE("trace: records keep what they were given", "[trace]") {
  Recorder recorder;
  const TextId task = *recorder.intern("task");
  const TextId build = *recorder.intern("build");
  recorder.span(task, build, 3, 1000, 4500, R"({"code":1})");
  recorder.instant(task, build, 0, 2000);
  recorder.span(task, build, 1, 5, 5, R"({"code":2})");
  REQUIRE(recorder.records().size() == 3);
  const Record& span = recorder.records()[0];
  CHECK(span.start == 1000);
  CHECK(span.duration == 3500);
  CHECK(span.lane == 3);
  CHECK(span.name == build);
  CHECK(recorder.args(span) == R"({"code":1})");
  CHECK(recorder.records()[1].duration == Record::kInstant);
  CHECK(recorder.args(recorder.records()[1]).empty());
  CHECK(recorder.args(recorder.records()[2]) == R"({"code":2})");
  CHECK(sizeof(Record) == 32);
}

TEST_CASE("trace: what exceeds the limits is counted and left out", "[trace]") {
  Recorder recorder({.records = 2, .text = 20});
  const auto name = recorder.intern("0123456789");
  REQUIRE(name);
  CHECK_FALSE(recorder.intern("an eleven more"));
  CHECK(recorder.intern("0123456789") == name);
  recorder.span(*name, *name, 0, 0, 1, R"({"long":"argument"})");
  CHECK(recorder.records().empty());
  CHECK(recorder.dropped() == 1);
  recorder.span(*name, *name, 0, 0, 1, R"({"a":1})");
  CHECK(recorder.has_room());
  recorder.instant(*name, *name, 0, 1);
  CHECK_FALSE(recorder.has_room());
  recorder.instant(*name, *name, 0, 2);
  recorder.drop();
  CHECK(recorder.records().size() == 2);
  CHECK(recorder.dropped() == 3);
}

TEST_CASE("trace: the clock does not go back", "[trace]") {
  const Time first = now();
  CHECK(first > 0);
  CHECK(now() >= first);
}
