// SPDX-License-Identifier: MIT
#include "cache/nearest.h"

#include <catch2/catch.hpp>

#include "harness.h"

using namespace ggen;
using namespace ggen::cache;
using namespace ggen::cache_test;

namespace {

struct Fixture {
  Scratch scratch;
  Cache cache{scratch / "cache"};

  void store(const std::string& key, const std::string& task, std::uint64_t time_ms,
             std::vector<Part> parts) {
    Action action;
    action.key = key_of(key);
    action.task = task;
    action.parts = std::move(parts);
    must(cache.actions.put(action));
    Record record;
    record.op = Op::store;
    record.task = task_hash(task);
    record.key = short_key(action.key);
    record.time_ms = time_ms;
    must(cache.journal.append({&record, 1}));
  }

  std::string nearest(const std::vector<Part>& parts, std::size_t limit = 100) const {
    NearestResults results(cache.directory, cache.journal, cache.actions);
    const auto found = results.find("t", parts, key_of("own"), limit).value();
    if (!found) return "";
    for (const char* key : {"old", "new", "far", "more", "own"}) {
      if (found->key == key_of(key)) return key;
    }
    return "?";
  }
};

const Part kTask{"task", "", "t"}, kA{"input", "a", "1"}, kB{"input", "b", "1"},
    kC{"input", "c", "1"}, kD{"input", "d", "1"};

Part other(Part part) {
  part.value = "2";
  return part;
}

}  // namespace

TEST_CASE("nearest: the most parts in common, the newest on ties", "[cache][nearest]") {
  Fixture fixture;
  CHECK(fixture.nearest({kTask, kA, kB, kC, kD}).empty());
  fixture.store("old", "t", 1, {kTask, kA, kB, other(kC), kD});
  CHECK(fixture.nearest({kTask, kA, kB, kC, kD}) == "old");
  fixture.store("new", "t", 3, {kTask, kA, other(kB), kC, kD});
  CHECK(fixture.nearest({kTask, kA, kB, kC, kD}) == "new");
  fixture.store("far", "t", 4, {kTask, kA, other(kB), other(kC), kD});
  CHECK(fixture.nearest({kTask, kA, kB, kC, kD}) == "new");
  CHECK(fixture.nearest({kTask, kA, kB, kC, kD}, 1) == "far");
  fixture.store("more", "u", 5, {kTask, kA, kB, kC, kD});
  fixture.store("own", "t", 6, {kTask, kA, kB, kC, kD});
  CHECK(fixture.nearest({kTask, kA, kB, kC, kD}) == "new");
  // One that was evicted is not looked for.
  must(fixture.cache.actions.remove(key_of("new")));
  CHECK(fixture.nearest({kTask, kA, kB, kC, kD}) == "old");
}

TEST_CASE("nearest: too little in common is nothing", "[cache][nearest]") {
  Fixture fixture;
  const Part tool{"tool", "sh", "x"}, platform{"platform", "", "x"};
  fixture.store("old", "t", 1, {kTask, platform, tool, tool, kA, kB});
  CHECK(fixture.nearest({kTask, platform, tool, tool, other(kA), kB}) == "old");
  CHECK(fixture.nearest({kTask, kA, other(kB)}) == "old");
  CHECK(fixture.nearest({kTask, platform, tool, tool, other(kA), other(kB)}).empty());
  CHECK(fixture.nearest({kTask, kA, kB, kC}) == "old");
  CHECK(fixture.nearest({kTask, kA, kC, {"input", "d", "1"}}).empty());
  CHECK(fixture.nearest({kTask, kB, kC, {"input", "d", "1"}, {"input", "e", "1"}}).empty());
  const Part twice[] = {kA, kA, kB};
  const Part once[] = {kA, kC};
  CHECK(common_parts(twice, once).parts == 1);
  CHECK(common_parts(twice, once).of == 3);
}

TEST_CASE("nearest: a task of another project that only has the id is nothing",
          "[cache][nearest]") {
  const Part command{"command", "1", "cat a"}, second{"command", "2", "true"},
      pattern{"outputs", "out", ""}, need{"need", "n", "1"}, env{"env", "A", "1"};
  const auto alike = [](const std::vector<Part>& a, const std::vector<Part>& b) {
    return common_parts(a, b).alike();
  };
  CHECK(alike({command, pattern, kA}, {command, pattern, other(kA)}));
  CHECK(alike({command, kA}, {command, other(kA)}));
  CHECK(alike({command, need}, {command, other(need)}));
  // Other commands, whatever else is the same.
  CHECK_FALSE(alike({command, pattern, kA}, {other(command), pattern, kA}));
  CHECK_FALSE(alike({command, pattern, kA}, {command, second, pattern, kA}));
  CHECK_FALSE(alike({command, second, pattern, kA}, {command, pattern, kA}));
  // The same command on other files, or on none that are known.
  CHECK_FALSE(alike({command, env, kA}, {command, env, kB}));
  CHECK_FALSE(alike({command, env}, {command, other(env)}));
}

TEST_CASE("nearest: what was evicted is looked up a limited number of times", "[cache][nearest]") {
  Fixture fixture;
  fixture.store("old", "t", 1, {kTask, kA, kB});
  for (int i = 0; i < 8; ++i) {
    fixture.store("gone", "t", 2, {kTask, kA, kB});
    fixture.store("gone" + std::to_string(i), "t", 2, {kTask, kA, kB});
    must(fixture.cache.actions.remove(key_of("gone" + std::to_string(i))));
  }
  must(fixture.cache.actions.remove(key_of("gone")));
  CHECK(fixture.nearest({kTask, kA, other(kB)}, 2).empty());
  CHECK(fixture.nearest({kTask, kA, other(kB)}, 3) == "old");
}
