// SPDX-License-Identifier: MIT
#include "cache/outputs.h"

#include <catch2/catch.hpp>
#include <random>

#include "harness.h"

using namespace ggen;
using namespace ggen::cache;
using namespace ggen::cache_test;

namespace {

struct Fixture {
  Scratch scratch;
  std::string tree = scratch / "tree";
  Cache cache{scratch / "cache"};

  Fixture() { fs::create_directories(tree); }
  Result<Restored> restore(const Action& action, const std::string& dir) {
    return cache::restore(cache.blobs, tree, action, present_of(look(tree), dir));
  }
};

const Files kSample = {
    {"out/a", {EntryKind::file, "aaa", false}},
    {"out/bin/run", {EntryKind::file, "#!/bin/sh\n", true}},
    {"out/bin/link", {EntryKind::link, "run", false}},
    {"out/dangling", {EntryKind::link, "../nowhere", false}},
    {"out/empty", {EntryKind::directory, "", false}},
    {"out/nothing", {EntryKind::file, "", false}},
    {"src/a.c", {EntryKind::file, "int x;", false}},
};

ino_t inode(const std::string& path) {
  struct stat info {};
  REQUIRE(::lstat(path.c_str(), &info) == 0);
  return info.st_ino;
}

// A random tree below out/, such that a path may be a file in one and a directory in another.
Files random_tree(std::mt19937& random) {
  Files files;
  const std::vector<std::string> names = {"a", "b", "c"};
  const std::size_t count = random() % 8;
  for (std::size_t i = 0; i < count; ++i) {
    std::string path = "out/" + names[random() % 3];
    for (std::size_t depth = random() % 3; depth > 0; --depth) path += "/" + names[random() % 3];
    bool clash = false;
    for (const auto& [other, node] : files)
      clash =
          clash || other == path || other.starts_with(path + "/") || path.starts_with(other + "/");
    if (clash) continue;
    switch (random() % 4) {
      case 0: files[path] = {EntryKind::link, names[random() % 3], false}; break;
      case 1: files[path] = {EntryKind::directory, "", false}; break;
      default: files[path] = {EntryKind::file, std::to_string(random() % 3), random() % 2 == 0};
    }
  }
  return files;
}

}  // namespace

TEST_CASE("outputs: restored into nothing", "[cache][outputs]") {
  Fixture fixture;
  make(fixture.tree, kSample);
  const Action action = fixture.cache.store(fixture.tree, "out", "k");
  fs::remove_all(fixture.tree + "/out");
  const auto restored = fixture.restore(action, "out");
  REQUIRE(restored.has_value());
  CHECK(look(fixture.tree) == kSample);
  CHECK(restored->written.size() == 3);
  CHECK(restored->links == 2);
  CHECK(restored->kept == 0);
  for (const Written& written : restored->written) {
    struct stat info {};
    REQUIRE(::stat((fixture.tree + "/" + written.path).c_str(), &info) == 0);
    CHECK(written.stamp == hash::Stamp::of(info));
    CHECK(written.digest == hash::sha256(kSample.at(written.path).bytes));
  }
}

TEST_CASE("outputs: what is right is not touched", "[cache][outputs]") {
  Fixture fixture;
  make(fixture.tree, kSample);
  const Action action = fixture.cache.store(fixture.tree, "out", "k");
  const ino_t before = inode(fixture.tree + "/out/a");
  const ino_t link = inode(fixture.tree + "/out/bin/link");
  std::ofstream(fixture.tree + "/out/nothing") << "something";
  const auto restored = fixture.restore(action, "out");
  REQUIRE(restored.has_value());
  CHECK(look(fixture.tree) == kSample);
  CHECK(restored->written.size() == 1);
  CHECK(restored->kept == 5);
  CHECK(inode(fixture.tree + "/out/a") == before);
  CHECK(inode(fixture.tree + "/out/bin/link") == link);
}

TEST_CASE("outputs: every kind of difference is put right", "[cache][outputs]") {
  Fixture fixture;
  make(fixture.tree, kSample);
  const Action action = fixture.cache.store(fixture.tree, "out", "k");
  const std::string out = fixture.tree + "/out";
  SECTION("content") { std::ofstream(out + "/a") << "bbb"; }
  SECTION("executable bit gone") { ::chmod((out + "/bin/run").c_str(), 0644); }
  SECTION("executable bit new") { ::chmod((out + "/a").c_str(), 0755); }
  SECTION("deleted") { fs::remove(out + "/a"); }
  SECTION("link elsewhere") {
    fs::remove(out + "/bin/link");
    fs::create_symlink("other", out + "/bin/link");
  }
  SECTION("stale files and directories") {
    make(fixture.tree, {{"out/old/deep/er/x", {}}, {"out/bin/old", {}}});
  }
  SECTION("stale empty directory") {
    make(fixture.tree, {{"out/old/deep", {EntryKind::directory, "", false}}});
  }
  SECTION("a directory for a file") {
    fs::remove(out + "/a");
    make(fixture.tree, {{"out/a/b/c", {}}});
  }
  SECTION("an empty directory for a file") {
    fs::remove(out + "/a");
    fs::create_directories(out + "/a");
  }
  SECTION("a file for a directory") {
    fs::remove_all(out + "/bin");
    std::ofstream(out + "/bin") << "x";
  }
  SECTION("a file for an empty directory") {
    fs::remove_all(out + "/empty");
    std::ofstream(out + "/empty") << "x";
  }
  SECTION("a link for a directory") {
    fs::rename(out + "/bin", fixture.scratch / "moved");
    fs::create_symlink(fixture.scratch / "moved", out + "/bin");
  }
  REQUIRE(fixture.restore(action, "out").has_value());
  CHECK(look(fixture.tree) == kSample);
}

TEST_CASE("outputs: from any tree to any tree", "[cache][outputs]") {
  const auto seed = static_cast<unsigned>(GENERATE(take(60, random(0, 1'000'000))));
  CAPTURE(seed);
  std::mt19937 random(seed);
  Fixture fixture;
  const Files wanted = random_tree(random), other = random_tree(random);
  make(fixture.tree, wanted);
  const Action action = fixture.cache.store(fixture.tree, "out", "k");
  fs::remove_all(fixture.tree + "/out");
  make(fixture.tree, other);
  const auto restored = fixture.restore(action, "out");
  if (!restored) FAIL(restored.error().message);
  CHECK(look(fixture.tree) == wanted);
}

TEST_CASE("outputs: only what is declared goes", "[cache][outputs]") {
  Fixture fixture;
  make(fixture.tree, {{"build/a.o", {}}, {"build/b.o", {}}});
  Action action = fixture.cache.store(fixture.tree, "build", "k");
  action.output_patterns = {"build/*.o"};
  action.outputs.clear();
  // Nothing is left of the set, but the directory is no output.
  REQUIRE(fixture.restore(action, "build").has_value());
  CHECK(fs::is_directory(fixture.tree + "/build"));
  CHECK(fs::is_empty(fixture.tree + "/build"));
}

TEST_CASE("outputs: a declared output that the run did not make goes", "[cache][outputs]") {
  Fixture fixture;
  Action action;
  action.outputs = {{"report", EntryKind::missing, false, 0, {}, ""}};
  action.output_patterns = {"report"};
  make(fixture.tree, {{"report", {}}});
  REQUIRE(fixture.restore(action, "report").has_value());
  CHECK(look(fixture.tree).empty());
}

TEST_CASE("outputs: never through a link", "[cache][outputs]") {
  Fixture fixture;
  make(fixture.tree, kSample);
  const Action action = fixture.cache.store(fixture.tree, "out", "k");
  fs::remove_all(fixture.tree + "/out");
  const std::string outside = fixture.scratch / "outside";
  fs::create_directories(outside + "/bin");
  std::ofstream(outside + "/a") << "not ours";
  fs::create_symlink(outside, fixture.tree + "/out");
  const Files before = look(outside);

  // Nobody has seen the link: not even then is it followed.
  const auto restored = cache::restore(fixture.cache.blobs, fixture.tree, action, {});
  REQUIRE_FALSE(restored);
  CHECK(restored.error().kind == ErrorKind::invalid);
  CHECK(look(outside) == before);
  // Stale files are not removed through it either.
  Action nothing = action;
  nothing.outputs.clear();
  const std::vector<Present> present = {{"out/a", EntryKind::file, false, hash::sha256("x")}};
  CHECK_FALSE(cache::restore(fixture.cache.blobs, fixture.tree, nothing, present));
  CHECK(look(outside) == before);
  // Nor is anything stored from behind it.
  std::vector<Output> outputs = {
      {"out/a", EntryKind::file, false, 8, hash::sha256("not ours"), ""}};
  CHECK_FALSE(capture(fixture.cache.blobs, fixture.tree, outputs));
}

TEST_CASE("outputs: a missing blob is found before anything is touched", "[cache][outputs]") {
  Fixture fixture;
  make(fixture.tree, kSample);
  const Action action = fixture.cache.store(fixture.tree, "out", "k");
  REQUIRE(fs::remove(fixture.cache.blob_path("#!/bin/sh\n")));
  fs::remove_all(fixture.tree + "/out");
  make(fixture.tree, {{"out/mine", {}}});
  const Files before = look(fixture.tree);
  const auto restored = fixture.restore(action, "out");
  REQUIRE_FALSE(restored);
  CHECK(restored.error().kind == ErrorKind::not_found);
  CHECK(look(fixture.tree) == before);
  CHECK(fixture.cache.directory.take_warnings().empty());
}

TEST_CASE("outputs: a damaged blob is a miss", "[cache][outputs]") {
  Fixture fixture;
  make(fixture.tree, kSample);
  const Action action = fixture.cache.store(fixture.tree, "out", "k");
  damage(fixture.cache.blob_path("aaa"),
         GENERATE(Damage::truncated, Damage::flipped, Damage::emptied));
  fs::remove_all(fixture.tree + "/out");
  const auto restored = fixture.restore(action, "out");
  REQUIRE_FALSE(restored);
  CHECK(restored.error().kind == ErrorKind::invalid);
  CHECK_FALSE(fs::exists(fixture.tree + "/out/a"));
  CHECK(fixture.cache.directory.take_warnings().size() == 1);
}

TEST_CASE("outputs: a file that changes before it is stored", "[cache][outputs]") {
  Fixture fixture;
  make(fixture.tree, kSample);
  std::vector<Output> outputs = outputs_of(kSample, "out");
  SECTION("a file") { std::ofstream(fixture.tree + "/out/a") << "new"; }
  SECTION("a link") {
    fs::remove(fixture.tree + "/out/dangling");
    fs::create_symlink("x", fixture.tree + "/out/dangling");
  }
  const auto captured = capture(fixture.cache.blobs, fixture.tree, outputs);
  REQUIRE_FALSE(captured);
  CHECK(captured.error().kind == ErrorKind::cancelled);
  CHECK_FALSE(
      fixture.cache.blobs.has(hash::sha256("aaa"), fs::exists(fixture.tree + "/x") ? 0 : 4));
}

TEST_CASE("outputs: many files on several threads", "[cache][outputs]") {
  Fixture fixture;
  Files files;
  for (int i = 0; i < 600; ++i)
    files["out/d" + std::to_string(i % 9) + "/f" + std::to_string(i)] = {
        EntryKind::file, "content " + std::to_string(i % 50), i % 3 == 0};
  make(fixture.tree, files);
  const Action action = fixture.cache.store(fixture.tree, "out", "k");
  CHECK(action.outputs.size() == 600);
  fs::remove_all(fixture.tree + "/out");
  const auto restored =
      cache::restore(fixture.cache.blobs, fixture.tree, action, {}, GENERATE(1U, 4U));
  REQUIRE(restored.has_value());
  CHECK(restored->written.size() == 600);
  CHECK(look(fixture.tree) == files);
}
