// SPDX-License-Identifier: MIT
#include "cache/journal.h"

#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "cache/accesses.h"
#include "harness.h"

using namespace ggen;
using namespace ggen::cache;
using namespace ggen::cache_test;

namespace {

Record record(Op op, const std::string& key, std::uint64_t time_ms = 0, std::uint64_t cost_ms = 7) {
  Record result;
  result.op = op;
  result.task = task_hash(key);
  result.key = short_key(key_of(key));
  result.time_ms = time_ms;
  result.bytes = 100;
  result.cost_ms = cost_ms;
  return result;
}

struct Fixture {
  Scratch scratch;
  Cache cache{scratch / "cache"};
  Journal& journal = cache.journal;
  std::string path = scratch / "cache/journal";

  void append(const std::vector<Record>& records) { must(journal.append(records)); }
  Group append_group(const std::vector<Record>& hits, std::uint64_t time_ms) {
    const Group group = group_of(hits);
    must(journal.append_group(group, hits, time_ms));
    return group;
  }
  std::vector<Record> records() const { return cache.journal.read().value().records; }
};

}  // namespace

TEST_CASE("journal: records there and back", "[cache][journal]") {
  Record full = record(Op::evict, "k", 12345678901234);
  full.reason = Reason::cost;
  full.policy = "cost-awarely";
  char bytes[kRecordSize];
  encode(full, bytes);
  Record read;
  REQUIRE(decode(bytes, read));
  CHECK(read == full);
  for (std::size_t bit = 0; bit < kRecordSize * 8; ++bit) {
    char flipped[kRecordSize];
    std::copy(bytes, bytes + kRecordSize, flipped);
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    REQUIRE_FALSE(decode(flipped, read));
  }
  full.policy = "a-name-that-is-too-long";
  encode(full, bytes);
  REQUIRE(decode(bytes, read));
  CHECK(read.policy == "a-name-that-");
  for (const Reason reason :
       {Reason::size, Reason::age, Reason::cost, Reason::damaged, Reason::asked})
    CHECK(reason_of_name(reason_name(reason)) == reason);
  CHECK(reason_of_name("nonsense") == Reason::none);
}

TEST_CASE("journal: damage costs what it hits", "[cache][journal]") {
  Fixture fixture;
  CHECK(fixture.records().empty());
  std::vector<Record> all;
  for (int i = 0; i < 20; ++i) all.push_back(record(Op::hit, std::to_string(i)));
  fixture.append(all);
  CHECK(fixture.records() == all);
  std::string bytes = read_file(fixture.path).value();
  REQUIRE(bytes.size() == 20 * kRecordSize);
  SECTION("a flipped bit") {
    bytes[5 * kRecordSize + 17] = static_cast<char>(bytes[5 * kRecordSize + 17] ^ 1);
    all.erase(all.begin() + 5);
  }
  SECTION("a torn record at the end, and one after it") {
    bytes.resize(bytes.size() - 10);
    REQUIRE(write_file(fixture.path, bytes).has_value());
    fixture.append({record(Op::hit, "next")});
    bytes = read_file(fixture.path).value();
    all.back() = record(Op::hit, "next");
  }
  SECTION("rubbish in front") { bytes.insert(0, "JJJJJrubbish"); }
  SECTION("emptied") {
    bytes.clear();
    all.clear();
  }
  REQUIRE(write_file(fixture.path, bytes).has_value());
  CHECK(fixture.records() == all);
}

TEST_CASE("journal: groups and repeats", "[cache][journal]") {
  Fixture fixture;
  const Group group =
      fixture.append_group({record(Op::hit, "b", 5, 20), record(Op::hit, "a", 5, 10)}, 5);
  CHECK(group.count == 2);
  CHECK(group.cost_ms == 30);
  std::vector<Record> again = {record(Op::hit, "a", 9), record(Op::hit, "b", 9)};
  CHECK(group_of(again).id == group.id);
  must(fixture.journal.append_repeat(group, 10));
  fixture.append({record(Op::store, "c", 11)});
  must(fixture.journal.append_repeat(group, 12));

  const Accesses accesses = accesses_of(fixture.records());
  CHECK(accesses.keys.size() == 3);
  CHECK(accesses.time_ms == std::vector<std::uint64_t>{5, 5, 10, 10, 11, 12, 12});
  CHECK(accesses.key[0] == accesses.key[2]);
  CHECK(accesses.key[1] == accesses.key[6]);
  CHECK(accesses.key[4] == 2);

  const UsageByKey usage = usage_by_key(fixture.records());
  CHECK(usage.at(short_key(key_of("a"))).hits == 3);
  CHECK(usage.at(short_key(key_of("a"))).last_access_ms == 12);
  CHECK(usage.at(short_key(key_of("c"))).stores == 1);

  const TotalsByTask totals = totals_of(fixture.records());
  CHECK(totals.all.hits == 6);
  CHECK(totals.all.saved_ms == 90);
  CHECK(totals.all.misses == 1);
  CHECK(totals.by_task.at(task_hash("b")).saved_ms == 60);
}

TEST_CASE("journal: compacting keeps what is asked for", "[cache][journal]") {
  Fixture fixture;
  const auto seed = static_cast<unsigned>(GENERATE(take(10, random(0, 1'000'000))));
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::vector<Group> groups;
  for (std::uint64_t time = 1; time < 300; ++time) {
    const std::string key = std::to_string(random() % 12);
    switch (random() % 6) {
      case 0: fixture.append({record(Op::store, key, time)}); break;
      case 1: fixture.append({record(Op::hit, key, time)}); break;
      case 2: fixture.append({record(Op::evict, key, time)}); break;
      case 3: {
        std::vector<Record> hits;
        for (int i = 0; i < 3; ++i)
          hits.push_back(record(Op::hit, key + "-" + std::to_string(i), time));
        groups.push_back(fixture.append_group(hits, time));
        break;
      }
      default:
        if (!groups.empty())
          must(fixture.journal.append_repeat(groups[random() % groups.size()], time));
    }
  }
  const std::vector<Record> before = fixture.records();
  const TotalsByTask totals = totals_of(before);
  CHECK_FALSE(fixture.journal.compact(1024 * 1024).value());
  const std::size_t keep = random() % 200;
  CHECK(fixture.journal.compact(100, keep).value());
  const std::vector<Record> after = fixture.records();
  CHECK(after.size() < before.size());
  CHECK(fixture.journal.read()->damaged_bytes == 0);
  CHECK(totals_of(after).all.hits == totals.all.hits);
  CHECK(totals_of(after).all.saved_ms == totals.all.saved_ms);
  // The end is as it was, but for a group's hits without their group.
  std::size_t first = before.size() - std::min(keep, before.size());
  while (first < before.size() && before[first].op == Op::hit) ++first;
  const std::size_t tail = before.size() - first;
  REQUIRE(after.size() >= tail);
  CHECK(std::equal(after.end() - static_cast<long>(tail), after.end(),
                   before.end() - static_cast<long>(tail)));
  // When each key was last stored and evicted is still known, and so is the last access to each key
  // of a group that is repeated in the kept part.
  for (const Op op : {Op::store, Op::evict}) {
    std::map<ShortKey, std::uint64_t> newest, left;
    for (const Record& entry : before)
      if (entry.op == op) newest[entry.key] = entry.time_ms;
    for (const Record& entry : after)
      if (entry.op == op) left[entry.key] = std::max(left[entry.key], entry.time_ms);
    CHECK(newest == left);
  }
  fixture.append({record(Op::hit, "end")});
  CHECK(fixture.records().size() == after.size() + 1);
}

TEST_CASE("journal: appends of several threads, while it is compacted", "[cache][journal]") {
  Fixture fixture;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        Journal journal(fixture.cache.directory);
        for (int i = 0; i < 100; ++i) {
          const std::vector<Record> hits(3, record(Op::hit, "x"));
          must(journal.append(hits));
          if (i % 25 == 0) static_cast<void>(journal.compact(6400, 50));
        }
      });
    }
  }
  const Journal::Read read = fixture.journal.read().value();
  CHECK(read.damaged_bytes == 0);
  CHECK(totals_of(read.records).all.hits == 1200);
}

TEST_CASE("journal: why a key is gone", "[cache][journal]") {
  Fixture fixture;
  Record evicted = record(Op::evict, "a", 20);
  evicted.reason = Reason::size;
  evicted.policy = "lru";
  fixture.append({record(Op::store, "a", 1), record(Op::store, "b", 2), evicted,
                  record(Op::evict, "b", 21), record(Op::store, "b", 22)});
  CHECK(eviction(fixture.journal, key_of("a")).value() == evicted);
  CHECK_FALSE(eviction(fixture.journal, key_of("b")).value());
  CHECK_FALSE(eviction(fixture.journal, key_of("c")).value());
}

TEST_CASE("journal: looked at from its end", "[cache][journal]") {
  Fixture fixture;
  const auto times = [&](std::uint64_t most, std::size_t count) {
    std::vector<std::uint64_t> seen;
    must(fixture.journal.look_back(
        [&](const RawRecord& raw) {
          const auto checked = raw.record();
          if (!checked) return true;
          CHECK(checked->key == raw.key());
          CHECK(checked->task == raw.task());
          seen.push_back(checked->time_ms);
          return seen.size() < count;
        },
        most));
    return seen;
  };
  CHECK(times(Journal::kTail, 10).empty());
  // More than a block, with a torn write in it: what follows is not in step.
  std::vector<Record> many;
  for (std::uint64_t i = 0; i < 5000; ++i) many.push_back(record(Op::store, "k", i));
  const std::span<const Record> all = many;
  must(fixture.journal.append(all.first(1000)));
  std::ofstream(fixture.path, std::ios::app) << "Jtorn";
  must(fixture.journal.append(all.subspan(1000)));
  std::ofstream(fixture.path, std::ios::app) << "torn";
  const auto seen = times(Journal::kTail, 10'000);
  REQUIRE(seen.size() == 5000);
  for (std::uint64_t i = 0; i < 5000; ++i) CHECK(seen[i] == 4999 - i);
  CHECK(times(Journal::kTail, 2) == std::vector<std::uint64_t>{4999, 4998});
  CHECK(times(4 + 3 * kRecordSize, 10) == std::vector<std::uint64_t>{4999, 4998, 4997});
  CHECK(times(3 * kRecordSize, 10) == std::vector<std::uint64_t>{4999, 4998});
}
