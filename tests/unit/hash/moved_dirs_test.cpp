// SPDX-License-Identifier: MIT
#include "hash/moved_dirs.h"

#include <catch2/catch.hpp>

#include "hash/tree.h"

using namespace ggen::hash;

namespace {

SetSpec set_of(std::string base, std::vector<std::string> patterns) {
  SetSpec spec;
  spec.base = std::move(base);
  spec.patterns = std::move(patterns);
  return spec;
}

bool concern(std::vector<std::string> moved, const SetSpec& spec) {
  const bool few = MovedDirs(moved).concern("/root", spec);
  // So many are looked up in another way.
  for (int i = 0; i < 20; ++i) moved.push_back("zz/" + std::to_string(i));
  CHECK(MovedDirs(moved).concern("/root", spec) == few);
  return few;
}

}  // namespace

TEST_CASE("What moved concerns the sets that begin at, below or above it", "[hash][moved_dirs]") {
  const SetSpec all = set_of("a/b", {});
  CHECK_FALSE(concern({}, all));
  CHECK(concern({"a/b"}, all));
  CHECK(concern({"a/b/c/d"}, all));
  CHECK(concern({"a"}, all));
  CHECK(concern({""}, all));
  CHECK_FALSE(concern({"a/bc", "a/b.c", "a/a", "b", "ab"}, all));

  const SetSpec some = set_of("a", {"src/**/*.c", "lib/x.c", "!lib/y"});
  CHECK(concern({"a/src/x/y"}, some));
  CHECK(concern({"a/src"}, some));
  CHECK(concern({"a/lib"}, some));
  CHECK(concern({"a/lib/x.c/y"}, some));
  CHECK_FALSE(concern({"a/lib/z"}, some));
  CHECK_FALSE(concern({"a/other"}, some));
  CHECK(concern({"b"}, set_of("a", {"../b/*.c"})));
  CHECK(concern({"a"}, set_of("a", {"*.c"})));
  CHECK(concern({"anywhere"}, set_of("", {})));
  CHECK(concern({"a[b]/x"}, set_of("", {"a\\[b]/*"})));
}

TEST_CASE("What moved outside of the root, or where git has its rules, concerns all of them",
          "[hash][moved_dirs]") {
  for (const char* dir : {"/usr/bin", "/", "..", "../lib", ".git/info", "modules/x/info"}) {
    INFO(dir);
    CHECK(concern({dir}, set_of("a", {"b/*"})));
  }
  CHECK_FALSE(concern({".git"}, set_of("a", {"b/*"})));
  CHECK_FALSE(concern({"b"}, set_of("/usr/include", {"**"})));
}
