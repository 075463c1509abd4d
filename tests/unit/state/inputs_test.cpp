// SPDX-License-Identifier: MIT
#include "state/inputs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "base/file.h"

using namespace ggen;
using namespace ggen::state;

namespace {

struct TempDir {
  std::string path = make_temp_dir("/tmp", "ggen-inputs-").value();
  ~TempDir() { (void)remove_tree(path); }
  std::string operator/(const std::string& name) const { return path + "/" + name; }
  void write(const std::string& name, std::string_view bytes) const {
    REQUIRE(write_file(*this / name, bytes));
  }
};

void sample(const TempDir& dir) {
  for (const char* name : {"packages/a", "packages/b", "packages/.hidden", "src/x", "src/y"})
    REQUIRE(make_dirs(dir / name));
  dir.write("pipeline.lua", "return 1");
  dir.write("packages/file", "");
  for (const char* name : {"src/a.c", "src/a.h", "src/x/c.c", "src/y/b.c"}) dir.write(name, "");
  REQUIRE(::symlink("src/x", (dir / "link").c_str()) == 0);
  REQUIRE(::symlink("nowhere", (dir / "broken").c_str()) == 0);
  ::setenv("GGEN_TEST_SET", "1", 1);
  ::unsetenv("GGEN_TEST_UNSET");
}

// Every kind of question. The answers are given by what sample() made.
Inputs ask_all(const TempDir& dir) {
  Inputs inputs;
  CHECK(inputs.read(dir / "pipeline.lua").value() == "return 1");
  CHECK_FALSE(inputs.read(dir / "missing.lua"));
  CHECK(inputs.exists(dir / "packages"));
  CHECK_FALSE(inputs.exists(dir / "none"));
  CHECK(inputs.directories(dir / "packages", "*").value() == std::vector<std::string>{"a", "b"});
  CHECK(inputs.files(dir.path, {"src/**/*.c", "!src/x/**"}).value() ==
        std::vector<std::string>{"src/a.c", "src/y/b.c"});
  CHECK(inputs.variable("GGEN_TEST_SET") == "1");
  CHECK_FALSE(inputs.variable("GGEN_TEST_UNSET"));
  CHECK(inputs.real_path(dir / "link").value() == dir / "src/x");
  CHECK_FALSE(inputs.real_path(dir / "broken"));
  return inputs;
}

Inputs stored(const Inputs& inputs) {
  auto decoded = Inputs::decode(inputs.encode());
  REQUIRE(decoded);
  return *decoded;
}

struct Change {
  const char* what;
  const char* named;  // the question; "" is the directory itself
  void (*make)(const TempDir&);
};

void write_under_the_same_time(const TempDir& dir) {
  struct stat before {};
  REQUIRE(::stat((dir / "pipeline.lua").c_str(), &before) == 0);
  dir.write("pipeline.lua", "return 3");
  const timespec times[2] = {before.st_atim, before.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, (dir / "pipeline.lua").c_str(), times, 0) == 0);
}

void turn_into_a_file(const TempDir& dir) {
  REQUIRE(remove_tree(dir / "packages/a"));
  dir.write("packages/a", "");
}

void add_directory_with_a_match(const TempDir& dir) {
  REQUIRE(make_dirs(dir / "src/z"));
  dir.write("src/z/new.c", "");
}

const Change kChanges[] = {
    {"a file", "pipeline.lua", [](const TempDir& dir) { dir.write("pipeline.lua", "return 2"); }},
    {"a file of the same size and time", "pipeline.lua", write_under_the_same_time},
    {"a file is gone", "pipeline.lua",
     [](const TempDir& dir) { REQUIRE(remove_path(dir / "pipeline.lua")); }},
    {"a file appears", "missing.lua", [](const TempDir& dir) { dir.write("missing.lua", "x"); }},
    {"a name appears", "none", [](const TempDir& dir) { REQUIRE(make_dirs(dir / "none")); }},
    {"a name disappears", "packages",
     [](const TempDir& dir) { REQUIRE(remove_tree(dir / "packages")); }},
    {"a directory more", "packages",
     [](const TempDir& dir) { REQUIRE(make_dirs(dir / "packages/c")); }},
    {"a directory becomes a file", "packages", turn_into_a_file},
    {"a new file that matches", "", [](const TempDir& dir) { dir.write("src/y/new.c", ""); }},
    {"a new directory with a file that matches", "", add_directory_with_a_match},
    {"a matching file is gone", "",
     [](const TempDir& dir) { REQUIRE(remove_path(dir / "src/a.c")); }},
    {"a variable", "GGEN_TEST_SET", [](const TempDir&) { ::setenv("GGEN_TEST_SET", "2", 1); }},
    {"a variable is unset", "GGEN_TEST_SET", [](const TempDir&) { ::unsetenv("GGEN_TEST_SET"); }},
    {"a variable is set to nothing", "GGEN_TEST_UNSET",
     [](const TempDir&) { ::setenv("GGEN_TEST_UNSET", "", 1); }},
    {"a link leads elsewhere", "link",
     [](const TempDir& dir) {
       REQUIRE(remove_path(dir / "link"));
       REQUIRE(::symlink("src/y", (dir / "link").c_str()) == 0);
     }},
    {"a link leads somewhere", "broken",
     [](const TempDir& dir) { REQUIRE(make_dirs(dir / "nowhere")); }},
};

}  // namespace

TEST_CASE("inputs: nothing changed", "[state]") {
  const TempDir dir;
  sample(dir);
  const Inputs asked = ask_all(dir);
  CHECK(asked.refused().empty());
  Inputs inputs = stored(asked);
  CHECK(inputs.check().same);
  CHECK(asked.answers() == ask_all(dir).answers());
}

TEST_CASE("inputs: each change of an answer is noticed and named", "[state]") {
  for (const Change& change : kChanges) {
    INFO(change.what);
    const TempDir dir;
    sample(dir);
    Inputs inputs = stored(ask_all(dir));
    change.make(dir);
    const auto result = inputs.check();
    CHECK_FALSE(result.same);
    const std::string named = change.named;
    if (named.starts_with("GGEN_"))
      CHECK(result.changed == named);
    else
      CHECK(result.changed == (named.empty() ? dir.path : dir / named));
  }
}

TEST_CASE("inputs: what does not change an answer does not count", "[state]") {
  const TempDir dir;
  sample(dir);
  Inputs inputs = stored(ask_all(dir));
  dir.write("pipeline.lua", "return 1");
  dir.write("src/new.h", "");
  dir.write("src/x/new.c", "");
  dir.write("packages/other-file", "");
  REQUIRE(make_dirs(dir / "packages/.other"));
  CHECK(inputs.check().same);
}

TEST_CASE("inputs: a stamp that could still move is not trusted", "[state]") {
  const TempDir dir;
  Inputs inputs;
  const auto trusted = [&] { return !(inputs.list()[0].places[0].stamp == hash::Stamp{}); };
  // Read in the tick in which it was written, unless the machine is very busy.
  for (int attempt = 0; attempt == 0 || (trusted() && attempt < 1000); ++attempt) {
    dir.write("f", "1");
    inputs = {};
    CHECK(inputs.read(dir / "f").has_value());
  }
  REQUIRE_FALSE(trusted());
  struct stat info {};
  REQUIRE(::stat((dir / "f").c_str(), &info) == 0);
  hash::wait_out_tick(hash::Stamp::of(info).ctime_ns);
  auto result = inputs.check();
  CHECK(result.same);
  CHECK(result.moved);  // from now on it is
  result = inputs.check();
  CHECK(result.same);
  CHECK_FALSE(result.moved);
}

TEST_CASE("inputs: what cannot be compared is refused", "[state]") {
  const TempDir dir;
  Inputs inputs;
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  CHECK_FALSE(inputs.read(dir / "pipe"));
  CHECK(inputs.refused() == "it read " + (dir / "pipe") + ", which is no regular file");

  Inputs twice;
  dir.write("f", "1");
  CHECK(twice.read(dir / "f").has_value());
  CHECK(twice.read(dir / "f").has_value());
  CHECK(twice.refused().empty());
  dir.write("f", "2");
  CHECK(twice.read(dir / "f").has_value());
  CHECK(twice.refused() == (dir / "f") + " changed while it was read");
}

TEST_CASE("inputs: files of the kernel are compared by content each time", "[state]") {
  Inputs inputs;
  REQUIRE(inputs.read("/proc/self/comm"));
  CHECK(inputs.list()[0].places[0].stamp == hash::Stamp{});
}

TEST_CASE("inputs: answers do not depend on the order of the questions", "[state]") {
  const TempDir dir;
  dir.write("a", "1");
  dir.write("b", "2");
  Inputs one;
  CHECK(one.read(dir / "a").has_value());
  CHECK(one.read(dir / "b").has_value());
  Inputs other;
  CHECK(other.read(dir / "b").has_value());
  CHECK(other.read(dir / "a").has_value());
  CHECK(one.answers() == other.answers());
  CHECK(other.exists(dir / "a"));
  CHECK(one.answers() != other.answers());
}

TEST_CASE("inputs: bytes that are none are refused", "[state][property]") {
  const TempDir dir;
  sample(dir);
  const std::string bytes = ask_all(dir).encode();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(Inputs::decode(std::string_view(bytes).substr(0, size)));
  CHECK_FALSE(Inputs::decode(bytes + "x"));
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string broken = bytes;
    for (int i = 0; i < 4; ++i) broken[random() % broken.size()] = static_cast<char>(random());
    (void)Inputs::decode(broken).has_value();  // whatever it is, it must not reach outside
  }
}
