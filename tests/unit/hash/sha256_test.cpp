// SPDX-License-Identifier: MIT
#include "hash/sha256.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "base/fd.h"
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

TEST_CASE("A file is hashed as far as its size goes that was asked for", "[hash][sha256]") {
  const TempDir dir;
  std::string bytes(300000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  REQUIRE(write_file(dir.path + "/f", bytes));
  const auto hash_first = [&](std::size_t size) {
    const Fd file(::open((dir.path + "/f").c_str(), O_RDONLY | O_CLOEXEC));
    return hash_fd(file.get(), size, "f").value();
  };
  // More was appended since, also at the border of a block.
  for (const std::size_t size : {1, 131071, 131072, 131073, 262144, 299999}) {
    CHECK(hash_first(size) == sha256(std::string_view(bytes).substr(0, size)));
  }
  // It was cut short since, or has no size.
  CHECK(hash_first(400000) == sha256(bytes));
  CHECK(hash_first(0) == sha256(bytes));
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
