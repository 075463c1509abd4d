// SPDX-License-Identifier: MIT
#include "state/timings.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <random>
#include <thread>

#include "base/file.h"

using ggen::state::Expected;
using ggen::state::Sample;
using ggen::state::Timings;

namespace {

class TempDir {
 public:
  TempDir() : path_(*ggen::make_temp_dir("/tmp", "ggen-timings-")) {}
  ~TempDir() { std::filesystem::remove_all(path_); }
  std::string file() const { return path_ + "/timings"; }

 private:
  std::string path_;
};

Sample sample(std::string_view task, float wall, bool failed = false) {
  Sample made;
  made.task = Timings::id(task);
  made.wall_ms = wall;
  made.cpu_ms = wall / 2;
  made.peak_kib = static_cast<std::uint32_t>(wall) * 10;
  made.failed = failed;
  return made;
}

void add(const TempDir& dir, std::string_view task, std::initializer_list<float> walls) {
  std::vector<Sample> samples;
  for (const float wall : walls) samples.push_back(sample(task, wall));
  REQUIRE(Timings::append(dir.file(), samples));
}

Expected expected(const TempDir& dir, std::string_view task) {
  const auto timings = Timings::read(dir.file());
  REQUIRE(timings);
  return timings->expected(Timings::id(task));
}

}  // namespace

TEST_CASE("timings: nothing is known without a file", "[state][timings]") {
  const TempDir dir;
  CHECK(expected(dir, "build").samples == 0);
  CHECK(expected(dir, "build").wall_ms == 0);
}

TEST_CASE("timings: what was written is read", "[state][timings]") {
  const TempDir dir;
  Sample made = sample("build", 120);
  made.ended_ms = 1234567890123;
  made.attempts = 3;
  REQUIRE(Timings::append(dir.file(), {&made, 1}));
  const auto timings = Timings::read(dir.file());
  REQUIRE(timings);
  REQUIRE(timings->samples(made.task).size() == 1);
  CHECK(timings->samples(made.task).front() == made);
  CHECK(timings->samples(made.task + 1).empty());
}

TEST_CASE("timings: one odd run changes nothing, a lasting change does", "[state][timings]") {
  const TempDir dir;
  add(dir, "build", {100, 101, 99, 100, 5000});
  CHECK(expected(dir, "build").wall_ms == 100);
  add(dir, "build", {5001, 5002, 5003});
  CHECK(expected(dir, "build").wall_ms >= 5000);
  CHECK(expected(dir, "build").peak_kib == 50030);
}

TEST_CASE("timings: failed runs do not count", "[state][timings]") {
  const TempDir dir;
  add(dir, "build", {100});
  const Sample failed = sample("build", 1, true);
  REQUIRE(Timings::append(dir.file(), {&failed, 1}));
  CHECK(expected(dir, "build").wall_ms == 100);
  CHECK(expected(dir, "build").samples == 1);
}

TEST_CASE("timings: the file stays short and keeps the newest", "[state][timings]") {
  const TempDir dir;
  for (int run = 0; run < 300; ++run) {
    std::vector<Sample> samples;
    for (int task = 0; task < 5; ++task)
      samples.push_back(sample("t" + std::to_string(task), static_cast<float>(run)));
    REQUIRE(Timings::append(dir.file(), samples, 4096));
  }
  CHECK(std::filesystem::file_size(dir.file()) < 8192);
  const auto timings = Timings::read(dir.file());
  REQUIRE(timings);
  const auto last = timings->samples(Timings::id("t3"));
  REQUIRE(last.size() == Timings::kKept);
  for (std::size_t i = 0; i < last.size(); ++i) CHECK(last[i].wall_ms == 292 + i);
}

TEST_CASE("timings: a run of many tasks keeps fewer of each", "[state][timings]") {
  const TempDir dir;
  for (int run = 0; run < 12; ++run) {
    std::vector<Sample> samples;
    for (int task = 0; task < 40'000; ++task)
      samples.push_back(sample("t" + std::to_string(task), static_cast<float>(run)));
    REQUIRE(Timings::append(dir.file(), samples));
    CHECK(std::filesystem::file_size(dir.file()) <= 8 * 1024 * 1024);
  }
  const auto timings = Timings::read(dir.file());
  REQUIRE(timings);
  const auto last = timings->samples(Timings::id("t39999"));
  REQUIRE(last.size() >= 3);
  CHECK(last.back().wall_ms == 11);
  CHECK(last.front().wall_ms == 12 - last.size());
}

TEST_CASE("timings: a task that takes no time has nothing to tell", "[state][timings]") {
  const TempDir dir;
  add(dir, "quick", {0.1F, 0.2F});
  add(dir, "slow", {0.1F, 100});
  const Sample failed = sample("flaky", 0.1F, true);
  REQUIRE(Timings::append(dir.file(), {&failed, 1}));
  const auto timings = Timings::read(dir.file());
  REQUIRE(timings);
  CHECK(timings->has_told(sample("quick", 0.5F)));
  CHECK_FALSE(timings->has_told(sample("quick", 2)));
  CHECK_FALSE(timings->has_told(sample("quick", 0.5F, true)));
  Sample again = sample("quick", 0.5F);
  again.attempts = 2;
  CHECK_FALSE(timings->has_told(again));
  again.attempts = 1;
  again.peak_kib = 1000;
  CHECK_FALSE(timings->has_told(again));
  for (const char* task : {"slow", "flaky", "new"})
    CHECK_FALSE(timings->has_told(sample(task, 0.5F)));
}

TEST_CASE("timings: damage costs what was damaged", "[state][timings]") {
  const TempDir dir;
  add(dir, "a", {1, 2, 3});
  add(dir, "b", {4, 5, 6});
  const std::string good = *ggen::read_file(dir.file());
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    std::string bytes = good;
    switch (random() % 3) {
      case 0: bytes.resize(random() % bytes.size()); break;
      case 1: bytes[random() % bytes.size()] ^= static_cast<char>(1 + random() % 255); break;
      default: bytes.insert(random() % bytes.size(), std::string(1 + random() % 50, 'x'));
    }
    REQUIRE(ggen::write_file(dir.file(), bytes));
    const auto timings = Timings::read(dir.file());
    REQUIRE(timings);
    for (const char* task : {"a", "b"}) {
      for (const Sample& read : timings->samples(Timings::id(task))) {
        CHECK(read == sample(task, read.wall_ms));
        CHECK((read.wall_ms >= 1 && read.wall_ms <= 6));
      }
    }
    if (bytes.size() > good.size()) CHECK(timings->damaged_bytes() > 0);
  }
}

TEST_CASE("timings: two writers lose nothing", "[state][timings]") {
  const TempDir dir;
  const auto write = [&](const char* name) {
    for (int i = 0; i < 200; ++i) {
      // Many tasks, so that writing anew drops none of them.
      const Sample made = sample(name + std::to_string(i), 1);
      if (!Timings::append(dir.file(), {&made, 1}, 1024)) std::abort();
    }
  };
  std::thread other(write, "x");
  write("y");
  other.join();
  const auto timings = Timings::read(dir.file());
  REQUIRE(timings);
  std::size_t found = 0;
  for (const char* name : {"x", "y"}) {
    for (int i = 0; i < 200; ++i)
      found += timings->samples(Timings::id(name + std::to_string(i))).size();
  }
  CHECK(found == 400);
}

TEST_CASE("timings: a place that cannot be written is an error", "[state][timings]") {
  const Sample made = sample("a", 1);
  CHECK_FALSE(Timings::append("/nowhere/timings", {&made, 1}));
  CHECK_FALSE(Timings::append("/dev/null", {&made, 1}));
}
