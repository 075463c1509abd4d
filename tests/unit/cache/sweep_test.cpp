// SPDX-License-Identifier: MIT
#include "cache/sweep.h"

#include <catch2/catch.hpp>

#include "cache/usage.h"
#include "cache/verify.h"
#include "harness.h"

using namespace ggen;
using namespace ggen::cache;
using namespace ggen::cache_test;
using std::chrono::milliseconds;

namespace {

struct Fixture {
  Scratch scratch;
  std::string tree = scratch / "tree";
  Cache cache{scratch / "cache"};

  Action store(const std::string& key, const Files& files) {
    fs::remove_all(tree);
    make(tree, files);
    return cache.store(tree, "out", key);
  }
  Survey look_around() const { return survey(cache.directory).value(); }
  std::size_t index_of(const Survey& survey, const std::string& key) const {
    for (std::size_t i = 0; i < survey.entries.size(); ++i)
      if (survey.entries[i].key == key_of(key)) return i;
    FAIL("no entry " << key);
    return 0;
  }
  // Makes every blob look as old as it says.
  void age_blobs(std::chrono::seconds age) const {
    for (const auto& entry : fs::recursive_directory_iterator(scratch / "cache/blobs"))
      if (entry.is_regular_file())
        fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - age);
  }
};

const std::string kShared(3000, 's'), kOwn(1000, 'o'), kOther(500, 'p');

}  // namespace

TEST_CASE("sweep: what there is", "[cache][sweep]") {
  Fixture fixture;
  CHECK(fixture.look_around().entries.empty());
  const Action a = fixture.store("a", {{"out/x", {EntryKind::file, kShared, false}},
                                       {"out/y", {EntryKind::file, kOwn, false}}});
  fixture.store("b", {{"out/x", {EntryKind::file, kShared, false}}});
  const std::string orphan(77, 'q');
  must(fixture.cache.blobs.put_bytes(hash::sha256(orphan), orphan));
  Record hit;
  hit.key = short_key(key_of("a"));
  hit.time_ms = 999999;
  hit.cost_ms = 50;
  must(fixture.cache.journal.append({&hit, 1}));

  const Survey survey = fixture.look_around();
  REQUIRE(survey.entries.size() == 2);
  const Entry& entry = survey.entries[fixture.index_of(survey, "a")];
  const std::uint64_t action_size = encode(a).size();
  CHECK(entry.task == "a");
  CHECK(entry.bytes == action_size + 1500 + 1000);
  CHECK(entry.all_bytes == action_size + 3000 + 1000);
  CHECK(entry.hits == 1);
  CHECK(entry.last_access_ms == 999999);
  CHECK(entry.created_ms == 1000);
  CHECK(survey.blobs == 3);
  CHECK(survey.orphans == 1);
  CHECK(survey.orphan_bytes == 77);
  CHECK(survey.bytes == survey.action_bytes + 3000 + 1000 + 77);
  CHECK(survey.totals.all.saved_ms == 50);
}

TEST_CASE("sweep: victims go, what others need stays", "[cache][sweep]") {
  Fixture fixture;
  fixture.store("a", {{"out/x", {EntryKind::file, kShared, false}},
                      {"out/y", {EntryKind::file, kOwn, false}}});
  const Action b = fixture.store("b", {{"out/x", {EntryKind::file, kShared, false}}});
  fixture.age_blobs(std::chrono::hours(1));
  const Survey before = fixture.look_around();
  const Victim victim{fixture.index_of(before, "a"), Reason::size};
  const Swept swept = sweep(fixture.cache.directory, before, {&victim, 1}, "lru").value();
  CHECK(swept.actions == 1);
  CHECK(swept.blobs == 1);
  CHECK_FALSE(fixture.cache.actions.has(key_of("a")));
  CHECK_FALSE(fixture.cache.blobs.has(hash::sha256(kOwn)));
  fs::remove_all(fixture.tree + "/out");
  CHECK(restore(fixture.cache.blobs, fixture.tree, b, {}).has_value());
  CHECK(verify(fixture.cache.directory)->problems.empty());

  const auto tombstone = eviction(fixture.cache.journal, key_of("a")).value();
  REQUIRE(tombstone);
  CHECK(tombstone->policy == "lru");
  CHECK(tombstone->reason == Reason::size);
  CHECK(tombstone->task == task_hash("a"));

  const Survey after = fixture.look_around();
  CHECK(after.bytes == before.bytes - swept.bytes);
  CHECK(add_usage(fixture.cache.directory, 0).value() == after.bytes);
}

TEST_CASE("sweep: young blobs stay", "[cache][sweep]") {
  Fixture fixture;
  // A run has written them and is about to store the action that names them.
  must(fixture.cache.blobs.put_bytes(hash::sha256(kOwn), kOwn));
  must(fixture.cache.blobs.put_bytes(hash::sha256(kOther), kOther));
  fixture.age_blobs(std::chrono::hours(1));
  // One of them was found there by another run just now.
  must(fixture.cache.blobs.put_bytes(hash::sha256(kOther), kOther));
  const Swept swept = sweep(fixture.cache.directory, fixture.look_around(), {}, "lru").value();
  CHECK(swept.blobs == 1);
  CHECK_FALSE(fixture.cache.blobs.has(hash::sha256(kOwn)));
  CHECK(fixture.cache.blobs.has(hash::sha256(kOther)));
}

TEST_CASE("sweep: clear", "[cache][sweep]") {
  Fixture fixture;
  fixture.store("a", {{"out/x", {EntryKind::file, kOwn, false}}});
  const Swept swept = clear(fixture.cache.directory).value();
  CHECK(swept.actions == 1);
  CHECK(swept.blobs == 1);
  CHECK(fixture.look_around().bytes == 0);
  CHECK(add_usage(fixture.cache.directory, 5).value() == 5);
  // It goes on as before.
  fixture.store("a", {{"out/x", {EntryKind::file, kOwn, false}}});
  CHECK(fixture.cache.actions.has(key_of("a")));
}

TEST_CASE("sweep: the usage file", "[cache][sweep]") {
  Fixture fixture;
  const Directory& directory = fixture.cache.directory;
  CHECK_FALSE(add_usage(directory, 10).value());
  must(set_usage(directory, 100));
  CHECK(add_usage(directory, 10).value() == 110);
  CHECK(add_usage(directory, -20).value() == 90);
  CHECK(add_usage(directory, -200).value() == 0);
  damage(fixture.scratch / "cache/usage",
         GENERATE(Damage::truncated, Damage::flipped, Damage::emptied));
  CHECK_FALSE(add_usage(directory, 10).value());
}

TEST_CASE("verify: every stored file, damaged in every way", "[cache][verify]") {
  Fixture fixture;
  fixture.store("a", {{"out/x", {EntryKind::file, kShared, false}},
                      {"out/y", {EntryKind::file, kOwn, true}},
                      {"out/z", {EntryKind::link, "x", false}}});
  fixture.store("b", {{"out/x", {EntryKind::file, kOther, false}}});
  const Verified good = verify(fixture.cache.directory).value();
  CHECK(good.problems.empty());
  CHECK(good.actions == 2);
  CHECK(good.blobs == 3);
  CHECK(good.journal_damage == 0);

  std::vector<std::string> files;
  for (const std::string part : {"actions", "blobs"})
    for (const auto& entry : fs::recursive_directory_iterator(fixture.scratch / ("cache/" + part)))
      if (entry.is_regular_file()) files.push_back(entry.path());
  REQUIRE(files.size() == 5);
  for (const std::string& file : files) {
    for (const Damage how : {Damage::truncated, Damage::flipped, Damage::emptied}) {
      CAPTURE(file);
      const Scratch copy;
      fs::copy(fixture.scratch / "cache", copy / "cache", fs::copy_options::recursive);
      const std::string damaged =
          copy / ("cache" + file.substr((fixture.scratch / "cache").size()));
      damage(damaged, how);
      const auto directory = Directory::open(copy / "cache").value();
      const Verified found = verify(directory).value();
      // A blob takes the actions that name it with it.
      CHECK(found.problems.size() == (file.find("/blobs/") != std::string::npos ? 2 : 1));
      CHECK(found.problems[0].find("removed") != std::string::npos);
      CHECK_FALSE(fs::exists(damaged));
      CHECK(verify(directory)->problems.empty());
    }
  }
}

TEST_CASE("verify: foreign files, and what processes left that died", "[cache][verify]") {
  Fixture fixture;
  fixture.store("a", {{"out/x", {EntryKind::file, kOwn, false}}});
  const std::string cache = fixture.scratch / "cache";
  REQUIRE(write_file(cache + "/blobs/foreign", "").has_value());
  REQUIRE(make_dirs(cache + "/actions/zz").has_value());
  REQUIRE(write_file(cache + "/actions/zz/name", "").has_value());
  REQUIRE(write_file(cache + "/tmp/old", "").has_value());
  REQUIRE(write_file(cache + "/tmp/young", "").has_value());
  fs::last_write_time(cache + "/tmp/old", fs::file_time_type::clock::now() - std::chrono::hours(2));
  const Verified found = verify(fixture.cache.directory).value();
  CHECK(found.problems.size() == 2);
  CHECK(found.actions == 1);
  CHECK_FALSE(fs::exists(cache + "/tmp/old"));
  CHECK(fs::exists(cache + "/tmp/young"));
  CHECK(verify(fixture.cache.directory)->problems.empty());
}
