// SPDX-License-Identifier: MIT
#include "hash/path_key.h"

#include <catch2/catch.hpp>

using namespace ggen::hash;

TEST_CASE("Each path has one key", "[hash][path_key]") {
  const auto key = [](std::string_view base, std::string_view path) {
    return path_key("/home/me/proj", base, path);
  };
  CHECK(key("", "a/b") == "a/b");
  CHECK(key("a", "") == "a");
  CHECK(key("", "") == "");
  CHECK(key("a/b", "./c//d/") == "a/b/c/d");
  CHECK(key("a/b", "../../c") == "c");
  CHECK(key("a", "../../c") == "../c");
  CHECK(key("../x", "../c") == "../c");
  CHECK(key("", "a/.hidden/../..b") == "a/..b");
  CHECK(key("", "/etc/hosts") == "/etc/hosts");
  CHECK(key("x", "/home/me/proj/src/./a") == "src/a");
  CHECK(key("", "/home/me/proj") == "");
  CHECK(key("", "/home/me/project") == "/home/me/project");
  CHECK(key("/usr", "bin/../lib") == "/usr/lib");
  CHECK(key("/usr", "../..") == "/");
}

TEST_CASE("A key is a directory and a name", "[hash][path_key]") {
  using Pair = std::pair<std::string_view, std::string_view>;
  CHECK(split_key("a/b/c") == Pair{"a/b", "c"});
  CHECK(split_key("x") == Pair{"", "x"});
  CHECK(split_key("/x") == Pair{"/", "x"});
  CHECK(split_key("/").second.empty());
  CHECK(split_key("").second.empty());
  CHECK(split_key("../..").second.empty());
  CHECK(is_within("a/b", "a"));
  CHECK(is_within("a", "a"));
  CHECK_FALSE(is_within("ab", "a"));
  CHECK(is_within("a", ""));
  CHECK_FALSE(is_within("../a", ""));
  CHECK(is_within("/a", "/"));
}
