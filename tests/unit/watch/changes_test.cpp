// SPDX-License-Identifier: MIT
#include "watch/changes.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace ggen::watch;

namespace {

using Lines = std::vector<std::string>;

Lines lines(const Changes& changes) {
  Lines list;
  changes.each([&](const Change& change) {
    list.push_back(std::string(change_name(change.kind)) + " " + std::string(change.path));
  });
  return list;
}

}  // namespace

TEST_CASE("changes: what is left of the events of a path", "[watch]") {
  using K = ChangeKind;
  struct Case {
    std::vector<K> events;
    bool existed;
    Lines left;
  };
  const auto row = GENERATE(values<Case>({
      {{K::changed}, true, {"changed a/b"}},
      {{K::created}, false, {"created a/b"}},
      {{K::removed}, true, {"removed a/b"}},
      {{K::created, K::changed}, false, {"created a/b"}},
      {{K::created, K::removed}, false, {}},
      {{K::created}, true, {"changed a/b"}},
      {{K::created, K::removed}, true, {"removed a/b"}},
      {{K::removed, K::created}, true, {"changed a/b"}},
      {{K::changed, K::removed}, true, {"removed a/b"}},
      {{K::removed, K::created, K::removed}, true, {"removed a/b"}},
      {{K::created, K::removed, K::created}, false, {"created a/b"}},
  }));
  Changes changes;
  bool exists = row.existed;
  for (const K kind : row.events) {
    changes.add("a", "b", kind, exists, false, 1);
    exists = kind != K::removed;
  }
  CHECK(lines(changes) == row.left);
  CHECK(changes.each({}) == !row.left.empty());
}

TEST_CASE("changes: one entry for a path, in the order of the first events", "[watch]") {
  Changes changes;
  CHECK(changes.add("", "z", ChangeKind::changed, true, false, 1));
  CHECK(changes.add("/abs", "x", ChangeKind::changed, true, false, 1));
  CHECK_FALSE(changes.add("", "z", ChangeKind::changed, true, false, 7));
  CHECK(lines(changes) == Lines{"changed z", "changed /abs/x"});
  changes.each([](const Change& change) { CHECK(change.time == (change.path == "z" ? 7 : 1)); });
  // Another kind of thing may be ignored otherwise.
  CHECK(changes.add("", "z", ChangeKind::changed, true, true, 8));
  changes.clear();
  CHECK(changes.empty());
  CHECK(lines(changes).empty());
  CHECK(changes.add("", "z", ChangeKind::removed, true, false, 9));
  CHECK(lines(changes) == Lines{"removed z"});
}

TEST_CASE("changes: what was said of a directory is over when it is moved away", "[watch]") {
  Changes changes;
  changes.add("a/deep", "was", ChangeKind::changed, true, false, 1);
  changes.add("a", "new", ChangeKind::created, false, false, 1);
  changes.add("ab", "other", ChangeKind::changed, true, false, 1);
  changes.moved_away("a");
  changes.add("", "a", ChangeKind::removed, true, true, 2);
  CHECK(lines(changes) == Lines{"removed a/deep/was", "changed ab/other", "removed a"});
  // Another one of that name.
  changes.add("", "a", ChangeKind::created, false, true, 3);
  changes.add("a/deep", "was", ChangeKind::created, false, false, 3);
  CHECK(lines(changes) == Lines{"changed a/deep/was", "changed ab/other", "changed a"});
  changes.moved_away("a");
  changes.moved_away("a");
  CHECK(lines(changes) == Lines{"removed a/deep/was", "changed ab/other", "changed a"});
}

TEST_CASE("changes: a directory that became something else is told as one", "[watch]") {
  const auto is_directory = [](bool before, bool after, ChangeKind last) {
    Changes changes;
    changes.add("", "a", ChangeKind::removed, true, before, 1);
    changes.add("", "a", last, false, after, 1);
    bool directory = false;
    changes.each([&](const Change& change) { directory = change.directory; });
    return directory;
  };
  CHECK(is_directory(true, false, ChangeKind::created));
  CHECK(is_directory(false, true, ChangeKind::created));
  CHECK(is_directory(true, false, ChangeKind::removed));
  CHECK_FALSE(is_directory(false, true, ChangeKind::removed));
  CHECK_FALSE(is_directory(false, false, ChangeKind::created));
}

TEST_CASE("changes: many", "[watch]") {
  Changes changes;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 250'000; ++i) {
      changes.add("dir", std::to_string(i), ChangeKind::created, round == 1, false, 1);
    }
  }
  CHECK(lines(changes).size() == 250'000);
  changes.clear();
  CHECK(changes.empty());
}
