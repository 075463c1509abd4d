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
    kC{"input", "c", "1"};

Part other(Part part) {
  part.value = "2";
  return part;
}

}  // namespace

TEST_CASE("nearest: the most parts in common, the newest on ties", "[cache][nearest]") {
  Fixture fixture;
  CHECK(fixture.nearest({kTask, kA, kB, kC}).empty());
  fixture.store("old", "t", 1, {kTask, kA, kB, other(kC)});
  CHECK(fixture.nearest({kTask, kA, kB, kC}) == "old");
  fixture.store("new", "t", 3, {kTask, kA, other(kB), kC});
  CHECK(fixture.nearest({kTask, kA, kB, kC}) == "new");
  fixture.store("far", "t", 4, {kTask, kA, other(kB), other(kC)});
  CHECK(fixture.nearest({kTask, kA, kB, kC}) == "new");
  CHECK(fixture.nearest({kTask, kA, kB, kC}, 1) == "far");
  fixture.store("more", "u", 5, {kTask, kA, kB, kC});
  fixture.store("own", "t", 6, {kTask, kA, kB, kC});
  CHECK(fixture.nearest({kTask, kA, kB, kC}) == "new");
  // One that was evicted is not looked for.
  must(fixture.cache.actions.remove(key_of("new")));
  CHECK(fixture.nearest({kTask, kA, kB, kC}) == "old");
}

TEST_CASE("nearest: too little in common is nothing", "[cache][nearest]") {
  Fixture fixture;
  const Part tool{"tool", "sh", "x"}, platform{"platform", "", "x"};
  fixture.store("old", "t", 1, {kTask, platform, tool, tool, kA, kB});
  CHECK(fixture.nearest({kTask, platform, tool, tool, other(kA), kB}) == "old");
  CHECK(fixture.nearest({kTask, platform, tool, tool, other(kA), other(kB)}).empty());
  CHECK(fixture.nearest({kTask, kA, kB, kC}) == "old");
  CHECK(fixture.nearest({kTask, kB, kC, {"input", "d", "1"}, {"input", "e", "1"}}).empty());
  const Part twice[] = {kA, kA, kB};
  const Part once[] = {kA, kC};
  CHECK(common_parts(twice, once).parts == 1);
  CHECK(common_parts(twice, once).of == 3);
}
