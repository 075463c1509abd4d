// SPDX-License-Identifier: MIT
#include "hash/file_index.h"

#include <algorithm>

#include "hash/sha256.h"
#include "project.h"

using namespace ggen;
using namespace ggen::hash;
using ggen::test::Project;

namespace {

// What a damaged index must lead to: no "nothing moved", no note, the right digest.
void check_damaged(Project& p, const std::string& bytes, const Digest& digest) {
  REQUIRE(write_file(p.path(".ggen/index/files"), bytes));
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
