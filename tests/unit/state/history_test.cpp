// SPDX-License-Identifier: MIT
#include "state/history.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <set>
#include <thread>

#include "base/file.h"

using namespace ggen::state;

namespace {

class TempDir {
 public:
  TempDir() : path_(*ggen::make_temp_dir("/tmp", "ggen-history-")) {}
  ~TempDir() { std::filesystem::remove_all(path_); }
  std::string history() const { return path_ + "/.ggen/history.jsonl"; }
  std::string runs() const { return path_ + "/.ggen/runs"; }
  void make() const { std::filesystem::create_directories(runs()); }

 private:
  std::string path_;
};

std::string line(int number, const std::string& day = "2026-11-21") {
  return "{\"v\":1,\"id\":\"" + std::to_string(number) + "\",\"time\":\"" + day +
         "T21:12:53.123Z\"}\n";
}

std::string name(int number) {
  std::string six = std::to_string(number);
  six.insert(0, 6 - six.size(), '0');
  return "20261121T211253.123-" + six;
}

}  // namespace

TEST_CASE("history: a line is appended, and a directory that is missing made", "[state]") {
  const TempDir dir;
  REQUIRE(append_history(dir.history(), line(1)));
  REQUIRE(append_history(dir.history(), line(2)));
  CHECK(*ggen::read_file(dir.history()) == line(1) + line(2));
}

TEST_CASE("history: a torn last line is ended before the next", "[state]") {
  const TempDir dir;
  dir.make();
  REQUIRE(ggen::write_file(dir.history(), line(1) + "{\"v\":1,\"id\":"));
  const auto due = append_history(dir.history(), line(2));
  REQUIRE(due);
  CHECK(due->lines);  // what is left of it is to go
  CHECK(*ggen::read_file(dir.history()) == line(1) + "{\"v\":1,\"id\":\n" + line(2));
  REQUIRE(sweep_history(dir.history(), HistoryLimits(), ""));
  CHECK(*ggen::read_file(dir.history()) == line(1) + line(2));
}

TEST_CASE("history: who crosses a border is told to sweep, and nobody else", "[state]") {
  const TempDir dir;
  dir.make();
  REQUIRE(ggen::write_file(dir.history(), std::string(kSweepEach - 2 * line(1).size(), '\n')));
  const auto due = [&](int number) {
    const auto found = append_history(dir.history(), line(number));
    REQUIRE(found);
    CHECK(found->lines == found->runs);
    return found->lines;
  };
  CHECK_FALSE(due(1));
  CHECK(due(2));
  CHECK_FALSE(due(3));
}

TEST_CASE("history: where few are kept it is swept before there are many more", "[state]") {
  const TempDir dir;
  dir.make();
  HistoryLimits limits;
  limits.runs = 5;
  const std::string long_line = "{\"time\":\"2026\",\"x\":\"" + std::string(700, 'x') + "\"}\n";
  int runs = 0;
  for (int i = 0; i < 20; ++i) {
    const auto due = append_history(dir.history(), long_line, limits);
    REQUIRE(due);
    CHECK_FALSE(due->lines);
    runs += due->runs ? 1 : 0;
  }
  CHECK(runs >= 4);
  CHECK(runs <= 10);
}

TEST_CASE("history: sweeping keeps the newest lines and drops what is none", "[state]") {
  const TempDir dir;
  dir.make();
  REQUIRE(ggen::write_file(dir.history(), line(1, "2026-01-01") + "torn\n\n{\"x\":1\n{\"x\"\n" +
                                              line(2) + line(3) + line(4) + "{\"v\":1"));
  HistoryLimits limits;
  REQUIRE(sweep_history(dir.history(), limits, "2026-08-01"));
  CHECK(*ggen::read_file(dir.history()) == line(2) + line(3) + line(4));
  limits.lines = 2;
  REQUIRE(sweep_history(dir.history(), limits, "2026-08-01"));
  CHECK(*ggen::read_file(dir.history()) == line(3) + line(4));
  limits.line_bytes = line(4).size();
  REQUIRE(sweep_history(dir.history(), limits, "2026-08-01"));
  CHECK(*ggen::read_file(dir.history()) == line(4));
  REQUIRE(append_history(dir.history(), line(5)));
  CHECK(*ggen::read_file(dir.history()) == line(4) + line(5));
}

TEST_CASE("history: appending beside sweeping loses no line", "[state]") {
  const TempDir dir;
  dir.make();
  constexpr int kEach = 400;
  std::vector<std::thread> threads;
  for (int number = 0; number < 3; ++number) {
    threads.emplace_back([&, number] {
      for (int i = 0; i < kEach; ++i)
        if (!append_history(dir.history(), line(number * kEach + i))) std::abort();
    });
  }
  // Rubbish in between gives the sweeps something to drop.
  std::thread sweeper([&] {
    for (int i = 0; i < 100; ++i) {
      if (!append_history(dir.history(), "rubbish\n")) std::abort();
      if (!sweep_history(dir.history(), HistoryLimits(), "2026")) std::abort();
    }
  });
  for (std::thread& thread : threads) thread.join();
  sweeper.join();
  const std::string bytes = *ggen::read_file(dir.history());
  std::set<std::string> found;
  std::size_t lines = 0;
  for (std::size_t at = 0; at < bytes.size(); ++lines) {
    const std::size_t end = bytes.find('\n', at) + 1;
    found.insert(bytes.substr(at, end - at));
    at = end;
  }
  CHECK(lines == 3 * kEach);
  CHECK(found.size() == 3 * kEach);
}

TEST_CASE("history: what is no file is an error", "[state]") {
  const TempDir dir;
  std::filesystem::create_directories(dir.history());
  CHECK_FALSE(append_history(dir.history(), line(1)));
}

TEST_CASE("history: a disk that is full in the middle of a line", "[state]") {
  const TempDir dir;
  dir.make();
  REQUIRE(append_history(dir.history(), line(1)));
  // A limit for the size of files stands for the disk.
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  struct rlimit small = before;
  small.rlim_cur = line(1).size() + 10;
  auto* handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  const auto appended = append_history(dir.history(), line(2));
  const auto written = write_run(dir.runs(), name(1), std::string(1000, 'x'));
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK_FALSE(appended);
  CHECK_FALSE(written);
  CHECK(ggen::list_dir(dir.runs())->empty());
  REQUIRE(append_history(dir.history(), line(3)));
  CHECK(*ggen::read_file(dir.history()) == line(1) + line(2).substr(0, 10) + "\n" + line(3));
}

TEST_CASE("history: runs are files named after their ids, the oldest go", "[state]") {
  const TempDir dir;
  for (int i = 1; i <= 5; ++i) REQUIRE(write_run(dir.runs(), name(i), "{}"));
  REQUIRE(write_run(dir.runs(), "20260101T000000.000-000000", "{}"));
  REQUIRE(ggen::write_file(dir.runs() + "/mine.json", "{}"));
  const std::string left_over = dir.runs() + "/" + name(9) + ".json.tmp";
  const std::string in_work = dir.runs() + "/" + name(8) + ".json.tmp";
  REQUIRE(ggen::write_file(left_over, "{"));
  REQUIRE(ggen::write_file(in_work, "{"));
  const struct timespec long_ago[2] = {{1, 0}, {1, 0}};
  REQUIRE(::utimensat(AT_FDCWD, left_over.c_str(), long_ago, 0) == 0);
  const struct timespec just_now[2] = {{::time(nullptr) - 60, 0}, {::time(nullptr) - 60, 0}};
  REQUIRE(::utimensat(AT_FDCWD, in_work.c_str(), just_now, 0) == 0);
  HistoryLimits limits;
  REQUIRE(sweep_runs(dir.runs(), limits, "20260201T000000.000"));
  CHECK(ggen::list_dir(dir.runs())->size() == 7);  // less the old one and what is left over
  limits.runs = 3;
  REQUIRE(sweep_runs(dir.runs(), limits, "20260201T000000.000"));
  std::vector<std::string> names;
  const auto entries = ggen::list_dir(dir.runs());
  for (const auto& entry : *entries) names.push_back(entry.name);
  CHECK(names == std::vector<std::string>{name(3) + ".json", name(4) + ".json", name(5) + ".json",
                                          name(8) + ".json.tmp", "mine.json"});
  limits.run_bytes = 1;
  REQUIRE(sweep_runs(dir.runs(), limits, ""));
  CHECK(ggen::list_dir(dir.runs())->size() == 3);
}

TEST_CASE("history: only names of runs are names of runs", "[state]") {
  CHECK(is_run_file("20261121T211253.123-3f2a9c.json"));
  for (const char* other : {"20261121T211253.123-3f2a9c.jso", "20261121T211253.123-3F2A9C.json",
                            "2026112xT211253.123-3f2a9c.json", "20261121T211253.123-3f2a9cc.json",
                            "20261121T211253.123-3f2a9c.json.tmp", "", "mine.json"})
    CHECK_FALSE(is_run_file(other));
}
