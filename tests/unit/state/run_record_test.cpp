// SPDX-License-Identifier: MIT
#include "state/run_record.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "state/machine_class.h"

using ggen::state::RunFacts;
using ggen::state::RunRecord;
using ggen::state::TaskRow;
using nlohmann::json;

namespace {

constexpr std::uint64_t kTime = 1795641173123;  // 2026-11-25T21:12:53.123Z

TaskRow row(RunRecord& record, std::uint32_t task, std::string_view id, double start,
            double duration) {
  TaskRow made;
  made.task = task;
  made.id = record.keep(id);
  made.start = start;
  made.duration = duration;
  return made;
}

RunFacts facts() {
  RunFacts made;
  made.id = "20261125T211253.123-3f2a9c";
  made.session = made.id;
  made.status = "ok";
  return made;
}

}  // namespace

TEST_CASE("run record: ids and times are those of the calendar, in UTC", "[state]") {
  REQUIRE(RunRecord(0, kTime).id(0x003f2a9c) == "20261125T211253.123-3f2a9c");
  REQUIRE(RunRecord(0, kTime).time() == "2026-11-25T21:12:53.123Z");
  REQUIRE(RunRecord(0, 0).time() == "1970-01-01T00:00:00.000Z");
  REQUIRE(RunRecord(0, 951782400000).time() == "2000-02-29T00:00:00.000Z");
  REQUIRE(RunRecord(0, kTime).id(0x12000001).substr(20) == "000001");
}

TEST_CASE("run record: a task has the lowest worker that is free at its start", "[state]") {
  RunRecord record(0, kTime);
  record.add(row(record, 2, "third", 1.5, 1));
  record.add(row(record, 0, "first", 0, 2));
  record.add(row(record, 1, "second", 0.5, 1));
  record.add(row(record, 3, "fourth", 2, 1));
  TaskRow skipped = row(record, 4, "skipped", 2.1, 0);
  skipped.status = TaskRow::Status::skipped;
  record.add(skipped);
  record.arrange();
  const json tasks = json::parse(record.json(facts())).at("tasks");
  std::vector<std::pair<std::string, int>> found;
  for (const json& task : tasks) found.emplace_back(task.at("id"), task.at("worker"));
  REQUIRE(found == std::vector<std::pair<std::string, int>>{
                       {"first", 1}, {"second", 2}, {"third", 2}, {"fourth", 1}, {"skipped", 0}});
}

TEST_CASE("run record: needs are positions in the list of those that are in it", "[state]") {
  RunRecord record(0, kTime);
  record.add(row(record, 7, "b", 1, 1));
  record.add(row(record, 3, "a", 0, 1));
  record.arrange();
  RunFacts some = facts();
  some.needs = {9, 3, 7};
  some.need_ends = {0, 3};
  const json tasks = json::parse(record.json(some)).at("tasks");
  REQUIRE(tasks[0].at("needs").empty());
  REQUIRE(tasks[1].at("needs") == json::array({0}));
}

TEST_CASE("run record: times have six digits behind the point at most, nonsense is 0", "[state]") {
  RunRecord record(0, kTime);
  const auto shown = [&](double seconds) {
    RunFacts some = facts();
    some.wall = seconds;
    const std::string text = record.line(some);
    const std::size_t at = text.find("\"wall\":") + 7;
    return text.substr(at, text.find(',', at) - at);
  };
  CHECK(shown(0) == "0");
  CHECK(shown(1) == "1");
  CHECK(shown(1.25) == "1.25");
  CHECK(shown(0.000001) == "0.000001");
  CHECK(shown(0.0000001) == "0");
  CHECK(shown(1.9999999) == "2");
  CHECK(shown(100000.5) == "100000.5");
  CHECK(shown(-3) == "0");
  CHECK(shown(std::nan("")) == "0");
  CHECK(shown(std::numeric_limits<double>::infinity()) == "1000000000");
}

TEST_CASE("run record: whatever texts come in, JSON comes out", "[state]") {
  RunRecord record(0, kTime);
  TaskRow one = row(record, 0, "web#\"b\"\n", 0, 1);
  one.workspace = 3;
  one.message = record.keep(std::string_view("a\0b\xff", 4));
  one.cache = TaskRow::Cache::miss;
  one.reason = record.keep("src/\\x");
  record.add(one);
  RunFacts some = facts();
  some.command = {"run", "a b", "\x80"};
  some.notes = {{"warning", "\t"}};
  const json parsed = json::parse(record.json(some));
  CHECK(parsed.at("tasks")[0].at("id") == "web#\"b\"\n");
  CHECK(parsed.at("tasks")[0].at("workspace") == "web");
  CHECK(parsed.at("tasks")[0].at("message") == std::string("a\0b\xef\xbf\xbd", 6));
  CHECK(parsed.at("tasks")[0].at("reason") == "src/\\x");
  const std::string line = record.line(some);
  CHECK(line.find('\n') == line.size() - 1);
  CHECK(json::parse(line).at("command") == "run a b \xef\xbf\xbd");
}

TEST_CASE("run record: sums are those of the rows", "[state]") {
  RunRecord record(0, kTime);
  for (std::uint32_t i = 0; i < 3; ++i) {
    TaskRow one = row(record, i, "t", i, 1);
    one.ran = i != 1;
    one.cache = i == 1 ? TaskRow::Cache::restored : TaskRow::Cache::miss;
    one.measured = true;
    one.user = 1;
    one.sys = 0.5;
    one.peak_memory = 10 + i;
    record.add(one);
  }
  RunFacts some = facts();
  some.fresh = 1;
  some.restored = 1;
  const json totals = json::parse(record.json(some)).at("totals");
  CHECK(totals.at("cpu") == 4.5);
  CHECK(totals.at("ran") == 2);
  CHECK(totals.at("misses") == 2);
  CHECK(totals.at("hit_rate") == 0.5);
  CHECK(totals.at("peak_memory") == 12);
  RunRecord empty(0, kTime);
  CHECK(json::parse(empty.json(facts())).at("totals").at("hit_rate").is_null());
}

TEST_CASE("run record: what nobody has measured is not 0", "[state]") {
  RunRecord record(0, kTime);
  TaskRow one = row(record, 0, "t", 0, 1);
  one.ran = true;
  record.add(one);
  const json made = json::parse(record.json(facts())), line = json::parse(record.line(facts()));
  for (const char* name : {"user", "sys", "peak_memory"})
    CHECK_FALSE(made.at("tasks")[0].contains(name));
  for (const char* name : {"cpu", "peak_memory"}) {
    CHECK(made.at("totals").at(name).is_null());
    CHECK(line.at(name).is_null());
    CHECK_FALSE(line.at("tasks")[0].contains(name));
  }
  CHECK(made.at("totals").at("outputs").is_null());
  CHECK_FALSE(line.contains("out_bytes"));
  // Nothing ran: that took no time, for certain.
  CHECK(json::parse(RunRecord(0, kTime).json(facts())).at("totals").at("cpu") == 0);
}

TEST_CASE("run record: a line has the tasks that took longest, in their order", "[state]") {
  RunRecord record(0, kTime);
  const std::size_t count = RunRecord::kMostInLine + 5;
  for (std::uint32_t i = 0; i < count; ++i)
    record.add(row(record, i, std::to_string(i), i, i < 5 ? 0.1 : 1));
  const json tasks = json::parse(record.line(facts())).at("tasks");
  REQUIRE(tasks.size() == RunRecord::kMostInLine);
  CHECK(tasks.front().at("id") == "5");
  CHECK(tasks.back().at("id") == std::to_string(count - 1));
}

TEST_CASE("run record: the timings get what ran", "[state]") {
  RunRecord record(0, kTime);
  TaskRow one = row(record, 0, "build", 1, 2);
  one.ran = true;
  one.own = 1.5;
  one.user = 1;
  one.peak_memory = 4096;
  one.attempts = 2;
  one.status = TaskRow::Status::optional;
  record.add(one);
  record.add(row(record, 1, "fresh", 0, 0));
  const auto samples = record.samples();
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].task == ggen::state::Timings::id("build"));
  CHECK(samples[0].ended_ms == kTime + 3000);
  CHECK(samples[0].wall_ms == 1500);
  CHECK(samples[0].cpu_ms == 1000);
  CHECK(samples[0].peak_kib == 4);
  CHECK(samples[0].attempts == 2);
  CHECK(samples[0].failed);
}

TEST_CASE("machine class: what times depend on, in one line", "[state]") {
  using ggen::state::machine_class;
  const std::string one = machine_class(2, 25276502016, "Some Processor");
  CHECK(one.find("/2 cpus/24 GiB/Some Processor") != std::string::npos);
  CHECK(machine_class(1, std::uint64_t{512} << 20, "").find("/1 cpu/512 MiB") != std::string::npos);
  CHECK(machine_class() == machine_class());
  CHECK(ggen::state::machine_key() == ggen::state::machine_key());
}
