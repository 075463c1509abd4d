// SPDX-License-Identifier: MIT
#include "hash/file_index.h"

#include <algorithm>

#include "hash/sha256.h"
#include "project.h"

using namespace ggen;
using namespace ggen::hash;
using ggen::test::Project;

namespace {

const char* const kIndex = ".ggen/index/files";
const char* const kChanges = ".ggen/index/files.changes";

// What a damaged index must lead to: no "nothing moved", no note, the right digest.
void check_damaged(Project& p, const std::string& bytes, const Digest& digest,
                   const char* file = kIndex) {
  REQUIRE(write_file(p.path(file), bytes));
  p.tree = std::make_unique<Tree>(p.dir, p.dir + "/.ggen/index/files", 2);
  REQUIRE(p.tree->open());
  CHECK_FALSE(p.tree->verify_all());
  const SetId id = p.resolved({"d", {}, {}, false});
  CHECK(p.tree->digest(id) == digest);
  CHECK_FALSE((p.tree->note("memo") && p.tree->note("memo") != std::string_view("remembered")));
  CHECK(p.tree->warnings().size() == 1);
}

}  // namespace

TEST_CASE("A damaged index is noticed, told once and not used", "[hash][file_index]") {
  Project p;
  for (int i = 0; i < 20; ++i)
    p.write("d/e" + std::to_string(i % 3) + "/f" + std::to_string(i), "x");
  p.write("d/g", "content");
  p.pass_tick();
  const SetSpec spec{"d", {}, {}, false};
  const Digest digest = p.tree->digest(p.resolved(spec));
  p.tree->set_note("memo", "remembered");
  p.save_and_reopen();
  REQUIRE(p.tree->verify_all());
  REQUIRE(p.tree->warnings().empty());
  const std::string good = read_file(p.path(".ggen/index/files")).value();

  SECTION("cut short") {
    for (std::size_t size = 0; size < good.size(); size += 1 + good.size() / 60) {
      INFO("size " << size);
      check_damaged(p, good.substr(0, size), digest);
    }
  }
  SECTION("longer") { check_damaged(p, good + std::string(8, '\0'), digest); }
  SECTION("not an index") { check_damaged(p, std::string(good.size(), 'x'), digest); }
  SECTION("one bit flipped, anywhere") {
    // The zeros that fill up to a multiple of 8 belong to nothing.
    const auto flip = [&](std::size_t at) {
      std::string bytes = good;
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
      REQUIRE(write_file(p.path(".ggen/index/files"), bytes));
      Tree tree(p.dir, p.dir + "/.ggen/index/files", 2);
      REQUIRE(tree.open());
      const bool unmoved = tree.verify_all();
      const auto note = tree.note("memo");
      const bool noted = note == std::string_view("remembered");
      const std::size_t warnings = tree.warnings().size();
      INFO("byte " << at << " of " << good.size());
      CHECK((note ? noted : true));
      // Either all of it is as before, or the damage is told.
      CHECK((warnings == 1 || (unmoved && noted)));
      CHECK((!unmoved || !note || noted));
      return warnings == 1;
    };
    std::size_t told = 0, tried = 0;
    for (std::size_t at = 0; at < good.size(); at += 1 + good.size() / 700) {
      told += flip(at) ? 1 : 0;
      ++tried;
    }
    CHECK(told * 100 >= tried * 95);
  }
}

TEST_CASE("Small changes are written beside the index", "[hash][file_index]") {
  Project p;
  for (int i = 0; i < 400; ++i)
    p.write("d/e" + std::to_string(i % 40) + "/f" + std::to_string(i), "x");
  p.pass_tick();
  const SetSpec spec{"d", {}, {}, false};
  p.resolved(spec);
  p.tree->set_note("memo", "first");
  p.save_and_reopen();
  const std::string base = read_file(p.path(kIndex)).value();
  const auto digest_of_all = [&] {
    Tree fresh(p.dir, p.dir + "/.ggen/none", 1);
    const SetId id = fresh.add(spec);
    REQUIRE(fresh.resolve(std::span(&id, 1)));
    return fresh.digest(id);
  };
  // Saves what is there now, and checks that the next tree knows it without a look at the contents.
  const auto step = [&](const std::string& note) {
    p.pass_tick();
    CHECK_FALSE(p.tree->verify_all());
    p.resolved(spec);
    p.tree->set_note("memo", note);
    p.save_and_reopen();
    CHECK(p.tree->verify_all());
    CHECK(p.tree->note("memo") == std::string_view(note));
    CHECK_FALSE(p.tree->note("base"));
    CHECK(p.tree->digest(p.resolved(spec)) == digest_of_all());
    CHECK(p.tree->stats().files_hashed == 0);
    p.reopen();
  };
  p.write("d/e7/f7", "changed");
  step("second");
  REQUIRE(read_file(p.path(kIndex)).value() == base);
  const std::string good = read_file(p.path(kChanges)).value();
  CHECK(good.size() < base.size() / 4);

  SECTION("of the index that is there, not of one that another run has replaced") {
    // Two runs at once: the second one to save knows a little more than both had at their start.
    Tree other(p.dir, p.path(kIndex), 1);
    REQUIRE(other.open());
    for (int i = 0; i < 200; ++i)
      p.write("d/e" + std::to_string(i % 20) + "/f" + std::to_string(i), "y");
    p.pass_tick();
    p.resolved(spec);
    p.tree->set_note("memo", "of the first");
    REQUIRE(p.tree->save());
    other.set_note("memo", "of both");
    REQUIRE(other.save());
    p.reopen();
    CHECK(p.tree->note("memo") == std::string_view("of both"));
    CHECK(p.tree->digest(p.resolved(spec)) == digest_of_all());
  }
  SECTION("of directories that come and go") {
    p.remove("d/e3");
    step("third");
    p.write("d/new/f", "new");
    step("4th");
    p.remove("d/new");
    p.write("d/e3/f3", "back");
    step("5th");
    p.remove("d/e3");
    step("6th");
    CHECK(read_file(p.path(kIndex)).value() == base);
  }
  SECTION("until they are many") {
    for (int i = 0; i < 200; ++i)
      p.write("d/e" + std::to_string(i % 20) + "/f" + std::to_string(i), "y");
    step("third");
    CHECK(read_file(p.path(kIndex)).value() != base);
    CHECK_FALSE(read_file(p.path(kChanges)));
    p.write("d/e7/f7", "once more");
    step("4th");
    CHECK(read_file(p.path(kChanges)));
    // Those of another index count for nothing, nor does an index that is none.
    REQUIRE(write_file(p.path(kChanges), good));
    p.reopen();
    CHECK(p.tree->note("memo") == std::string_view("third"));
    CHECK_FALSE(p.tree->verify_all());
    CHECK(p.tree->digest(p.resolved(spec)) == digest_of_all());
    CHECK(p.tree->warnings().empty());
  }
  SECTION("and saved twice by one tree") {
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 400; ++i)
        p.write("d/e" + std::to_string(i % 40) + "/f" + std::to_string(i), std::to_string(round));
      p.pass_tick();
      p.tree->new_epoch();
      p.resolved(spec);
      p.tree->set_note("memo", std::to_string(round));
      REQUIRE(p.tree->save());
      p.write("d/e7/f7", "z");
      p.pass_tick();
      p.tree->new_epoch();
      p.resolved(spec);
      p.save_and_reopen();
      CHECK(p.tree->verify_all());
      CHECK(p.tree->note("memo") == std::string_view(std::to_string(round)));
      p.reopen();
    }
  }
  SECTION("in place of the index they are none") {
    REQUIRE(write_file(p.path(kIndex), good));
    p.reopen();
    CHECK_FALSE(p.tree->note("memo"));
    CHECK(p.tree->warnings().size() == 1);
  }
  SECTION("cut short") {
    for (std::size_t size = 0; size < good.size(); size += 1 + good.size() / 60) {
      INFO("size " << size);
      check_damaged(p, good.substr(0, size), digest_of_all(), kChanges);
    }
  }
  SECTION("one bit flipped, anywhere") {
    for (std::size_t at = 0; at < good.size(); at += 1 + good.size() / 300) {
      std::string bytes = good;
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
      REQUIRE(write_file(p.path(kChanges), bytes));
      Tree tree(p.dir, p.path(kIndex), 2);
      REQUIRE(tree.open());
      const bool unmoved = tree.verify_all();
      const auto note = tree.note("memo");
      INFO("byte " << at << " of " << good.size());
      CHECK((!note || *note == "second"));
      CHECK((tree.warnings().size() == 1 || (unmoved && note)));
    }
  }
}

TEST_CASE("An index that cannot be written is an error and leaves the old one",
          "[hash][file_index]") {
  Project p;
  p.write("a", "");
  p.write("file", "");
  Tree tree(p.dir, p.path("file/index"), 1);
  REQUIRE(tree.open());
  const SetId id = tree.add({});
  REQUIRE(tree.resolve(std::span(&id, 1)));
  CHECK_FALSE(tree.save());
  CHECK(read_file(p.path("file")).value().empty());
}

TEST_CASE("Two trees that save at once leave one whole index", "[hash][file_index]") {
  Project p;
  p.write("a/x", "1");
  p.write("b/x", "2");
  p.pass_tick();
  Tree one(p.dir, p.dir + "/.ggen/index/files", 1), two(p.dir, p.dir + "/.ggen/index/files", 1);
  const SetId a = one.add({"a", {}, {}, false}), b = two.add({"b", {}, {}, false});
  REQUIRE(one.resolve(std::span(&a, 1)));
  REQUIRE(two.resolve(std::span(&b, 1)));
  REQUIRE(one.save());
  REQUIRE(two.save());
  p.reopen();
  CHECK(p.tree->verify_all());
  CHECK(list_dir(p.path(".ggen/index"))->size() == 1);
}

TEST_CASE("What a killed writer left goes away in time", "[hash][file_index]") {
  Project p;
  p.write(".ggen/index/files.abcdef", "old");
  p.write(".ggen/index/files.ghijkl", "new");
  const struct timespec times[] = {{1000, 0}, {1000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, p.path(".ggen/index/files.abcdef").c_str(), times, 0) == 0);
  p.resolved({});
  REQUIRE(p.tree->save());
  std::vector<std::string> names;
  const auto entries = list_dir(p.path(".ggen/index"));
  for (const auto& entry : *entries) names.push_back(entry.name);
  CHECK(names == test::Lines{"files", "files.ghijkl"});
}
