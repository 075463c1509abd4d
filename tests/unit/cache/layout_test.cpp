// SPDX-License-Identifier: MIT
#include "cache/layout.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "cache/verify.h"
#include "harness.h"

using namespace ggen;
using namespace ggen::cache;
using cache_test::Scratch;
namespace fs = std::filesystem;

namespace {

// Sets or unsets a variable for a scope.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    if (value != nullptr)
      ::setenv(name, value, 1);
    else
      ::unsetenv(name);
  }
  ~Variable() {
    if (before_)
      ::setenv(name_, before_->c_str(), 1);
    else
      ::unsetenv(name_);
  }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("layout: where the cache is", "[cache][layout]") {
  const Variable own("GGEN_CACHE_DIR", nullptr), xdg("XDG_CACHE_HOME", nullptr);
  const Variable home("HOME", "/home/x");
  CHECK(default_root().value() == "/home/x/.cache/ggen-lua");
  {
    const Variable set("XDG_CACHE_HOME", "/var/c");
    CHECK(default_root().value() == "/var/c/ggen-lua");
    const Variable more("GGEN_CACHE_DIR", "/mine");
    CHECK(default_root().value() == "/mine");
    const Variable relative("GGEN_CACHE_DIR", "mine");
    CHECK(default_root().error().kind == ErrorKind::invalid);
  }
  // The specification says that a relative path here does not count.
  const Variable relative("XDG_CACHE_HOME", "c");
  CHECK(default_root().value() == "/home/x/.cache/ggen-lua");
  const Variable none("HOME", nullptr);
  CHECK(default_root().error().kind == ErrorKind::not_found);
}

TEST_CASE("layout: names of digests", "[cache][layout]") {
  const Digest digest = hash::sha256("x");
  const std::string name = DigestName(digest).c_str();
  CHECK(name == digest.hex().substr(0, 2) + "/" + digest.hex().substr(2));
  CHECK(digest_of_name(name.substr(0, 2), name.substr(3)) == digest);
  CHECK_FALSE(digest_of_name(name.substr(0, 3), name.substr(4)));
  CHECK_FALSE(digest_of_name(name.substr(0, 2), name.substr(4)));
  CHECK_FALSE(digest_of_name(name.substr(0, 2), ".ggen-tmp-1"));
  std::string upper = name;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  CHECK_FALSE(digest_of_name(upper.substr(0, 2), upper.substr(3)));
}

TEST_CASE("directory: made, opened, refused", "[cache][layout]") {
  const Scratch scratch;
  const std::string root = scratch / "deep/cache";
  CHECK(Directory::open_existing(root).error().kind == ErrorKind::not_found);
  CHECK(Directory::open(root).has_value());
  CHECK(read_file(root + "/version").value() == kVersionText);
  CHECK(Directory::open(root).has_value());
  CHECK(Directory::open_existing(root).has_value());

  SECTION("of a newer version") {
    REQUIRE(write_file(root + "/version", "ggen-lua cache 2\n").has_value());
    const auto refused = Directory::open(root);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("written by a newer ggen-lua") != std::string::npos);
  }
  SECTION("version damaged") {
    REQUIRE(write_file(root + "/version", "").has_value());
    CHECK(Directory::open(root).has_value());
    CHECK(read_file(root + "/version").value() == kVersionText);
  }
  SECTION("something else's directory") {
    REQUIRE(make_dirs(scratch / "home").has_value());
    REQUIRE(write_file(scratch / "home/letter", "").has_value());
    const auto refused = Directory::open(scratch / "home");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("no cache of ggen-lua: it holds letter") !=
          std::string::npos);
    CHECK(list_dir(scratch / "home").value().size() == 1);
  }
}

TEST_CASE("directory: parts that are missing and cannot be made", "[cache][layout]") {
  const Scratch scratch;
  const std::string root = scratch / "cache";
  REQUIRE(Directory::open(root).has_value());
  for (const char* part : {"actions", "blobs", "tmp"}) {
    fs::remove(root + "/" + part);
    REQUIRE(write_file(root + "/" + part, "in the way").has_value());
  }
  cache_test::Cache cache(root);
  CHECK_FALSE(cache.actions.get(hash::sha256("k")).value());
  CHECK_FALSE(cache.blobs.has(hash::sha256("k")));
  CHECK(cache.blobs.read(hash::sha256("k")).error().kind == ErrorKind::not_found);
  CHECK(cache.blobs.put_bytes(hash::sha256("k"), "k").error().kind == ErrorKind::permission);
  CHECK(verify(cache.directory)->problems.empty());
}

TEST_CASE("directory: says each file once", "[cache][layout]") {
  const Scratch scratch;
  const auto directory = Directory::open(scratch / "c").value();
  directory.warn(hash::sha256("a"), "first");
  directory.warn(hash::sha256("a"), "second");
  directory.warn(hash::sha256("b"), "third");
  CHECK(directory.take_warnings() == std::vector<std::string>{"first", "third"});
  directory.warn(hash::sha256("a"), "fourth");
  CHECK(directory.take_warnings().empty());
}
