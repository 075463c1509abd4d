// SPDX-License-Identifier: MIT
#include "cache/staging.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <random>

#include "harness.h"

using namespace ggen;
using namespace ggen::cache;
using namespace ggen::cache_test;

namespace {

struct Fixture {
  Scratch scratch;
  std::string root = scratch / "root", room = scratch / "room";

  Fixture() {
    fs::create_directories(root);
    fs::create_directories(room);
  }
};

std::vector<Input> inputs_of(const Files& files) {
  std::vector<Input> inputs;
  for (const auto& [path, node] : files) inputs.push_back({path, node.kind});
  return inputs;
}

const Files kSample = {
    {"a", {EntryKind::file, "aaa", false}},
    {"bin/link", {EntryKind::link, "run", false}},
    {"bin/run", {EntryKind::file, "#!/bin/sh\n", true}},
    {"dangling", {EntryKind::link, "../nowhere", false}},
    {"deep/er/file", {EntryKind::file, std::string("\0x", 2), false}},
    {"empty", {EntryKind::directory, "", false}},
    {"nothing", {EntryKind::file, "", false}},
};

}  // namespace

TEST_CASE("staging: a room has the inputs, with modes and times", "[cache][staging]") {
  Fixture fixture;
  make(fixture.root, kSample);
  make(fixture.root, {{"secret", {EntryKind::file, "s", false}}});
  ::chmod((fixture.root + "/a").c_str(), 0640);
  const timespec times[2] = {{1000, 0}, {2000, 5}};
  REQUIRE(::utimensat(AT_FDCWD, (fixture.root + "/a").c_str(), times, 0) == 0);
  auto staged = stage(fixture.root, inputs_of(kSample), fixture.room, 3);
  REQUIRE(staged);
  CHECK(staged->files == kSample.size());
  CHECK(staged->bytes == 3 + 10 + 2);
  CHECK(look(fixture.room) == kSample);
  struct stat info {};
  REQUIRE(::stat((fixture.room + "/a").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0640);
  CHECK(info.st_mtim.tv_sec == 2000);
  CHECK(info.st_mtim.tv_nsec == 5);
  // A write in the room is none in the project.
  std::ofstream(fixture.room + "/a") << "other";
  CHECK(read_file(fixture.root + "/a").value() == "aaa");
}

TEST_CASE("staging: many files, and one that has gone", "[cache][staging]") {
  Fixture fixture;
  Files files;
  for (int i = 0; i < 500; ++i)
    files["d" + std::to_string(i % 7) + "/f" + std::to_string(i)] = {EntryKind::file,
                                                                     std::to_string(i), i % 2 == 0};
  make(fixture.root, files);
  REQUIRE(stage(fixture.root, inputs_of(files), fixture.room, 4));
  CHECK(look(fixture.room) == files);
  const auto gone =
      stage(fixture.root, std::vector<Input>{{"gone", EntryKind::file}}, fixture.room);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().kind == ErrorKind::cancelled);
}

TEST_CASE("staging: outputs come back, and nothing else", "[cache][staging]") {
  Fixture fixture;
  make(fixture.root, {{"out/stale", {EntryKind::file, "old", false}},
                      {"out/old/deep", {EntryKind::file, "old", false}},
                      {"out/kept", {EntryKind::file, "old", false}},
                      {"src/a.c", {EntryKind::file, "int x;", false}}});
  make(fixture.room, {{"out/kept", {EntryKind::file, "new", false}},
                      {"out/sub/run", {EntryKind::file, "x", true}},
                      {"out/link", {EntryKind::link, "kept", false}},
                      {"out/empty", {EntryKind::directory, "", false}},
                      {"src/a.c", {EntryKind::file, "changed", false}},
                      {"junk", {EntryKind::file, "j", false}}});
  const auto collected = collect(fixture.room, fixture.root, {"out"});
  REQUIRE(collected);
  CHECK(collected->files == 3);
  CHECK(look(fixture.root) == Files{{"out/kept", {EntryKind::file, "new", false}},
                                    {"out/sub/run", {EntryKind::file, "x", true}},
                                    {"out/link", {EntryKind::link, "kept", false}},
                                    {"out/empty", {EntryKind::directory, "", false}},
                                    {"src/a.c", {EntryKind::file, "int x;", false}}});
}

TEST_CASE("staging: a task without outputs changes nothing", "[cache][staging]") {
  Fixture fixture;
  make(fixture.root, {{"a", {EntryKind::file, "a", false}}});
  make(fixture.room, {{"a", {EntryKind::file, "b", false}}});
  REQUIRE(collect(fixture.room, fixture.root, {}));
  CHECK(look(fixture.root) == Files{{"a", {EntryKind::file, "a", false}}});
}

TEST_CASE("staging: nothing comes back through a link", "[cache][staging]") {
  Fixture fixture;
  make(fixture.scratch.path(), {{"outside/secret", {EntryKind::file, "s", false}}});
  make(fixture.root, {{"out/before", {EntryKind::file, "b", false}}});
  const Files before = look(fixture.root);
  SECTION("in the room") {
    fs::create_symlink("../outside", fixture.room + "/out");
    const auto collected = collect(fixture.room, fixture.root, {"out/secret"});
    REQUIRE_FALSE(collected);
    CHECK(look(fixture.root) == before);
  }
  SECTION("in the project") {
    fs::create_symlink("../outside", fixture.root + "/other");
    make(fixture.room, {{"other/secret", {EntryKind::file, "new", false}}});
    REQUIRE_FALSE(collect(fixture.room, fixture.root, {"other/secret"}));
  }
  CHECK(read_file(fixture.scratch / "outside/secret").value() == "s");
}

TEST_CASE("staging: files and directories change places", "[cache][staging]") {
  Fixture fixture;
  make(fixture.root,
       {{"out/a/b", {EntryKind::file, "1", false}}, {"out/c", {EntryKind::file, "2", false}}});
  make(fixture.room,
       {{"out/a", {EntryKind::file, "3", false}}, {"out/c/d", {EntryKind::file, "4", false}}});
  const Files wanted = look(fixture.room);
  REQUIRE(collect(fixture.room, fixture.root, {"out/**"}));
  CHECK(look(fixture.root) == wanted);
  // What is not ours and in the way stays, and nothing has moved.
  make(fixture.root, {{"made", {EntryKind::file, "mine", false}}});
  make(fixture.room,
       {{"made/x", {EntryKind::file, "5", false}}, {"out/c/d", {EntryKind::file, "6", false}}});
  const Files before = look(fixture.root);
  REQUIRE_FALSE(collect(fixture.room, fixture.root, {"out/**", "made/x"}));
  CHECK(look(fixture.root) == before);
}

TEST_CASE("staging: what comes back is what was made, whatever was there", "[cache][staging]") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Fixture fixture;
    const auto tree = [&](int most) {
      Files files;
      for (int i = static_cast<int>(random() % static_cast<unsigned>(most)); i > 0; --i) {
        std::string path = "out/" + std::string(1, static_cast<char>('a' + random() % 3));
        for (std::size_t depth = random() % 3; depth > 0; --depth)
          path += "/" + std::string(1, static_cast<char>('a' + random() % 3));
        const bool clash = std::any_of(files.begin(), files.end(), [&](const auto& other) {
          return other.first == path || other.first.starts_with(path + "/") ||
                 path.starts_with(other.first + "/");
        });
        if (clash) continue;
        if (random() % 4 == 0)
          files[path] = {EntryKind::link, "a", false};
        else
          files[path] = {EntryKind::file, std::to_string(random() % 3), random() % 2 == 0};
      }
      return files;
    };
    const Files there = tree(8), made = tree(8);
    make(fixture.root, there);
    make(fixture.root, {{"src", {EntryKind::file, "s", false}}});
    make(fixture.room, made);
    INFO("round " << round);
    REQUIRE(collect(fixture.room, fixture.root, {"out/**"}));
    Files wanted = made;
    wanted["src"] = {EntryKind::file, "s", false};
    Files found = look(fixture.root);
    found.erase("out");  // with nothing in it
    CHECK(found == wanted);
  }
}
