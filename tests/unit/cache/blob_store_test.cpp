// SPDX-License-Identifier: MIT
#include "cache/blob_store.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <thread>

#include "cache/new_file.h"
#include "harness.h"

using namespace ggen;
using namespace ggen::cache;
using namespace ggen::cache_test;

namespace {

struct Fixture {
  Scratch scratch;
  Cache cache{scratch / "cache"};
  Fd here{::open(scratch.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};

  Digest put(const std::string& bytes) {
    const Digest digest = hash::sha256(bytes);
    REQUIRE(write_file(scratch / "source", bytes).has_value());
    must(cache.blobs.put_file(here.get(), "source", digest, bytes.size()));
    return digest;
  }
  auto restore(const Digest& digest, std::uint64_t size, bool executable = false) {
    return cache.blobs.restore(digest, size, executable, here.get(), "target");
  }
  std::size_t temporaries() const { return list_dir(scratch / "cache/tmp").value().size(); }
};

std::string some_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  return bytes;
}

}  // namespace

TEST_CASE("blob_store: bytes come back", "[cache][blob_store]") {
  Fixture fixture;
  const std::size_t size = GENERATE(0, 1, 4096, 131071, 131072, 131073, 262144, 1000000);
  const std::string bytes = some_bytes(size);
  const Digest digest = fixture.put(bytes);
  CHECK(fixture.cache.blobs.has(digest));
  CHECK(fixture.cache.blobs.has(digest, size));
  CHECK_FALSE(fixture.cache.blobs.has(digest, size + 1));
  CHECK(fixture.cache.blobs.read(digest).value() == bytes);
  REQUIRE(fixture.restore(digest, size).has_value());
  CHECK(read_file(fixture.scratch / "target").value() == bytes);
  CHECK(fixture.cache.blobs.bytes_added() == static_cast<std::int64_t>(size));
  must(fixture.cache.blobs.put_bytes(digest, bytes));
  CHECK(fixture.cache.blobs.bytes_added() == static_cast<std::int64_t>(size));
  CHECK(fixture.temporaries() == 0);
  CHECK(fixture.cache.directory.take_warnings().empty());
  if (size > 0) CHECK(fixture.cache.blobs.read(digest, size - 1).error().kind == ErrorKind::limit);
}

TEST_CASE("blob_store: modes and stamps of what is restored", "[cache][blob_store]") {
  Fixture fixture;
  const Digest digest = fixture.put("abc");
  const mode_t umask = GENERATE(mode_t{022}, mode_t{077}, mode_t{002});
  const mode_t before = ::umask(umask);
  const bool executable = GENERATE(false, true);
  const auto placed = fixture.restore(digest, 3, executable);
  ::umask(before);
  REQUIRE(placed.has_value());
  struct stat info {};
  REQUIRE(::stat((fixture.scratch / "target").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == ((executable ? 0777U : 0666U) & ~umask));
  CHECK(placed->stamp == hash::Stamp::of(info));
}

TEST_CASE("blob_store: a write right after the restore moves the stamp", "[cache][blob_store]") {
  Fixture fixture;
  const Digest digest = fixture.put("abc");
  for (int i = 0; i < 200; ++i) {
    const auto placed = fixture.restore(digest, 3);
    REQUIRE(placed.has_value());
    REQUIRE_FALSE(placed->racy);
    // In place, of the same size, within the same tick.
    const Fd file(::open((fixture.scratch / "target").c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE(::pwrite(file.get(), "xyz", 3, 0) == 3);
    struct stat info {};
    REQUIRE(::fstat(file.get(), &info) == 0);
    REQUIRE_FALSE(placed->stamp == hash::Stamp::of(info));
  }
}

TEST_CASE("blob_store: replaces what is there", "[cache][blob_store]") {
  Fixture fixture;
  const Digest digest = fixture.put("abc");
  const std::string target = fixture.scratch / "target";
  SECTION("a file, even one that cannot be written") {
    REQUIRE(write_file(target, "old").has_value());
    ::chmod(target.c_str(), 0444);
  }
  SECTION("a link, without following it") {
    fs::create_symlink("elsewhere", target);
    REQUIRE(write_file(fixture.scratch / "elsewhere", "keep").has_value());
  }
  REQUIRE(fixture.restore(digest, 3).has_value());
  CHECK(read_file(target).value() == "abc");
  CHECK_FALSE(fs::is_symlink(target));
  if (fs::exists(fixture.scratch / "elsewhere"))
    CHECK(read_file(fixture.scratch / "elsewhere").value() == "keep");
}

TEST_CASE("blob_store: never replaces a directory", "[cache][blob_store]") {
  Fixture fixture;
  const Digest digest = fixture.put("abc");
  fs::create_directory(fixture.scratch / "target");
  CHECK_FALSE(fixture.restore(digest, 3));
  CHECK(fs::is_directory(fixture.scratch / "target"));
}

TEST_CASE("blob_store: a file that changed is refused", "[cache][blob_store]") {
  Fixture fixture;
  REQUIRE(write_file(fixture.scratch / "source", "new").has_value());
  const Digest digest = hash::sha256("old");
  const auto put = fixture.cache.blobs.put_file(fixture.here.get(), "source", digest, 3);
  REQUIRE_FALSE(put);
  CHECK(put.error().kind == ErrorKind::cancelled);
  CHECK_FALSE(fixture.cache.blobs.has(digest));
  CHECK(fixture.temporaries() == 0);
  fs::create_symlink("source", fixture.scratch / "link");
  CHECK_FALSE(fixture.cache.blobs.put_file(fixture.here.get(), "link", hash::sha256("new"), 3));
}

TEST_CASE("blob_store: damage is a miss, removed, said once", "[cache][blob_store]") {
  Fixture fixture;
  const std::string bytes = some_bytes(200000);
  const Digest digest = fixture.put(bytes);
  const auto how = GENERATE(Damage::truncated, Damage::flipped, Damage::emptied);
  const std::string path = fixture.cache.blobs.path(digest);
  damage(path, how);
  const int by = GENERATE(0, 1, 2);
  const auto use = [&]() -> Result<void> {
    if (by == 0) GGEN_TRY(fixture.restore(digest, bytes.size()));
    if (by == 1) GGEN_TRY(fixture.cache.blobs.read(digest));
    if (by == 2) GGEN_TRY(fixture.cache.blobs.open_verified(digest));
    return {};
  };
  REQUIRE(use().error().kind == ErrorKind::invalid);
  CHECK_FALSE(fs::exists(fixture.scratch / "target"));
  CHECK_FALSE(fs::exists(path));
  CHECK(use().error().kind == ErrorKind::not_found);
  const auto warnings = fixture.cache.directory.take_warnings();
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find(path) != std::string::npos);
  // The next run stores it again.
  fixture.put(bytes);
  CHECK(use().has_value());
}

TEST_CASE("blob_store: storing heals a blob of the wrong size", "[cache][blob_store]") {
  Fixture fixture;
  const Digest digest = fixture.put("abcdef");
  damage(fixture.cache.blobs.path(digest), GENERATE(Damage::truncated, Damage::emptied));
  fixture.put("abcdef");
  CHECK(fixture.cache.blobs.read(digest).value() == "abcdef");
}

TEST_CASE("blob_store: import verifies", "[cache][blob_store]") {
  Fixture fixture;
  const std::string path = fixture.scratch / "fetched";
  REQUIRE(write_file(path, "abc").has_value());
  const auto wrong = fixture.cache.blobs.import(path, hash::sha256("xyz"));
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().kind == ErrorKind::invalid);
  CHECK_FALSE(fs::exists(path));
  CHECK_FALSE(fixture.cache.blobs.has(hash::sha256("xyz")));
  REQUIRE(write_file(path, "abc").has_value());
  must(fixture.cache.blobs.import(path, hash::sha256("abc")));
  CHECK_FALSE(fs::exists(path));
  CHECK(fixture.cache.blobs.read(hash::sha256("abc")).value() == "abc");
}

TEST_CASE("blob_store: several threads on one store", "[cache][blob_store]") {
  Fixture fixture;
  std::vector<std::jthread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 60; ++i) {
        const std::string bytes = "content " + std::to_string(i % 20);
        const Digest digest = hash::sha256(bytes);
        if (!fixture.cache.blobs.put_bytes(digest, bytes)) ++wrong;
        const std::string name = "t" + std::to_string(t);
        if (i % 7 == 0 && t == 0) damage(fixture.cache.blobs.path(digest), Damage::flipped);
        const auto placed = fixture.cache.blobs.restore(digest, bytes.size(), false,
                                                        fixture.here.get(), name.c_str());
        if (placed && read_file(fixture.scratch / name).value() != bytes) ++wrong;
        if (!placed && placed.error().kind != ErrorKind::invalid &&
            placed.error().kind != ErrorKind::not_found)
          ++wrong;
      }
    });
  }
  threads.clear();
  CHECK(wrong == 0);
}

TEST_CASE("action_store: there and back, damage, other keys", "[cache][action_store]") {
  const Scratch scratch;
  Cache cache(scratch / "cache");
  Action action;
  action.key = key_of("a");
  action.task = "t";
  CHECK_FALSE(cache.actions.get(action.key).value());
  must(cache.actions.put(action));
  CHECK(cache.actions.has(action.key));
  CHECK(cache.actions.get(action.key).value() == action);
  action.task = "newer";
  must(cache.actions.put(action));
  CHECK(cache.actions.get(action.key).value() == action);

  const std::string path =
      scratch / ("cache/actions/" + std::string(DigestName(action.key).c_str()));
  SECTION("damaged") {
    damage(path, GENERATE(Damage::truncated, Damage::flipped, Damage::emptied));
    CHECK_FALSE(cache.actions.get(action.key).value());
    CHECK_FALSE(cache.actions.get(action.key).value());
    CHECK_FALSE(fs::exists(path));
    CHECK(cache.directory.take_warnings().size() == 1);
  }
  SECTION("of another key") {
    const Digest other = key_of("b");
    const std::string name = DigestName(other).c_str();
    fs::create_directories(scratch / ("cache/actions/" + name.substr(0, 2)));
    fs::rename(path, scratch / ("cache/actions/" + name));
    CHECK_FALSE(cache.actions.get(other).value());
    CHECK(cache.directory.take_warnings().size() == 1);
  }
  SECTION("that goes and comes") {
    must(cache.actions.remove(action.key));
    CHECK_FALSE(cache.actions.has(action.key));
    must(cache.actions.put(action));
    CHECK(cache.actions.get_encoded(action.key).value() == encode(action));
  }
}
