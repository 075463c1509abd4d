// SPDX-License-Identifier: MIT
#include "hash/sha256.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/file.h"

using namespace ggen;
using namespace ggen::hash;

namespace {

struct TempDir {
  std::string path = make_temp_dir("/tmp", "ggen-hash-").value();
  ~TempDir() { (void)remove_tree(path); }
};

}  // namespace

TEST_CASE("sha256 agrees with the vectors of FIPS 180-4", "[hash][sha256]") {
  CHECK(sha256("").hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 million;
  for (int i = 0; i < 1000; ++i) million.update(std::string(1000, 'a'));
  CHECK(million.finish().hex() ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("hash_file gives the digest of the bytes at every block boundary", "[hash][sha256]") {
  const TempDir dir;
  for (const std::size_t size : {0, 1, 63, 64, 131071, 131072, 131073, 262144, 300000}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
    REQUIRE(write_file(dir.path + "/f", bytes));
    const auto result = hash_file(AT_FDCWD, (dir.path + "/f").c_str());
    REQUIRE(result);
    CHECK(result->digest == sha256(bytes));
    CHECK(result->stamp.size == size);
  }
}

TEST_CASE("A file that grows is hashed as far as its stamp says", "[hash][sha256]") {
  const TempDir dir;
  const std::string path = dir.path + "/f";
  REQUIRE(write_file(path, std::string(1 << 20, '\0')));
  std::atomic<bool> done = false;
  std::thread grower([&] {
    for (off_t size = 2 << 20; !done && size < 512 << 20; size += 1 << 20)
      if (truncate(path.c_str(), size) != 0) std::abort();
  });
  const auto result = hash_file(AT_FDCWD, path.c_str());
  done = true;
  grower.join();
  REQUIRE(result);
  CHECK(result->digest == sha256(std::string(result->stamp.size, '\0')));
}

TEST_CASE("A file that was just written is racy, an old one is not", "[hash][sha256]") {
  const TempDir dir;
  REQUIRE(write_file(dir.path + "/f", "x"));
  auto result = hash_file(AT_FDCWD, (dir.path + "/f").c_str());
  REQUIRE(result);
  wait_out_tick(result->stamp.ctime_ns);
  result = hash_file(AT_FDCWD, (dir.path + "/f").c_str());
  REQUIRE(result);
  CHECK_FALSE(result->racy);
  CHECK(is_racy(5, 5));
  CHECK(is_racy(6, 5));
  CHECK_FALSE(is_racy(4, 5));
}

TEST_CASE("Only regular files are hashed as files, and links as their text", "[hash][sha256]") {
  const TempDir dir;
  REQUIRE(::mkfifo((dir.path + "/pipe").c_str(), 0600) == 0);
  std::filesystem::create_symlink("nowhere", dir.path + "/link");
  CHECK(hash_file(AT_FDCWD, (dir.path + "/pipe").c_str()).error().kind == ErrorKind::invalid);
  CHECK_FALSE(hash_file(AT_FDCWD, (dir.path + "/link").c_str()));
  CHECK(hash_file(AT_FDCWD, dir.path.c_str()).error().kind == ErrorKind::invalid);
  CHECK(hash_file(AT_FDCWD, (dir.path + "/none").c_str()).error().kind == ErrorKind::not_found);
  CHECK(hash_link(AT_FDCWD, (dir.path + "/link").c_str())->digest == sha256("nowhere"));
  CHECK(hash_link(AT_FDCWD, (dir.path + "/pipe").c_str()).error().kind == ErrorKind::invalid);
}
