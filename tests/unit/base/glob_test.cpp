// SPDX-License-Identifier: MIT
#include "base/glob.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <string>
#include <vector>

using namespace ggen;

namespace {

bool match(std::string_view pattern, std::string_view path) {
  auto glob = Glob::compile(pattern);
  INFO(pattern);
  REQUIRE(glob);
  return glob->match(path);
}

std::string problem(std::string_view pattern) {
  auto glob = Glob::compile(pattern);
  REQUIRE_FALSE(glob);
  return glob.error().message;
}

GlobSet set_of(const std::vector<std::string>& patterns) {
  auto set = GlobSet::compile(patterns);
  REQUIRE(set);
  return std::move(set).value();
}

// ---- the naive matcher: braces written out, then plain backtracking ----

// Stands where a brace began or ended: stars on its two sides are not one **.
constexpr char kSeam = '\x01';

// All patterns that the braces stand for. Escapes and sets are passed over.
std::vector<std::string> expand(const std::string& pattern) {
  std::size_t open = std::string::npos;
  int depth = 0;
  std::vector<std::size_t> commas;
  bool in_set = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      ++i;
    } else if (in_set) {
      in_set = c != ']';
    } else if (c == '[') {
      in_set = true;
      if (pattern[i + 1] == '!') ++i;
      ++i;  // a "]" here is a byte of the set; the generator never escapes the first one
    } else if (c == '{') {
      if (depth++ == 0) open = i;
    } else if (c == ',' && depth == 1) {
      commas.push_back(i);
    } else if (c == '}' && depth > 0 && --depth == 0) {
      std::vector<std::string> all;
      commas.push_back(i);
      std::size_t start = open + 1;
      for (const auto comma : commas) {
        for (const auto& text :
             expand(pattern.substr(0, open) + kSeam + pattern.substr(start, comma - start) + kSeam +
                    pattern.substr(i + 1))) {
          all.push_back(text);
        }
        start = comma + 1;
      }
      return all;
    }
  }
  return {pattern};
}

bool naive_set(std::string_view body, char byte) {
  if (byte == '/') return false;
  const bool negated = body[0] == '!';
  if (negated) body.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (i + 2 < body.size() && body[i + 1] == '-') {
      found = found || (body[i] <= byte && byte <= body[i + 2]);
      i += 2;
    } else {
      found = found || body[i] == byte;
    }
  }
  return found != negated;
}

// `start`: the byte before `path` is "/", or there is none.
bool naive(std::string_view pattern, std::string_view path, bool start) {
  while (pattern.starts_with(kSeam)) pattern.remove_prefix(1);
  if (pattern.empty()) return path.empty();
  if (pattern[0] == '*') {
    const auto stars = std::min(pattern.find_first_not_of('*'), pattern.size());
    const auto rest = pattern.substr(stars);
    for (std::size_t i = 0;; ++i) {
      if (naive(rest, path.substr(i), i == 0 && start)) return true;
      if (i == path.size() || path[i] == '/') break;
    }
    if (stars == 1 || !start) return false;
    const auto name = rest.find_first_not_of(kSeam);
    if (name != std::string_view::npos && rest[name] == '/' &&
        naive(rest.substr(name + 1), path, true)) {
      return true;
    }
    for (std::size_t i = 0; i <= path.size(); ++i) {
      const bool end = i == path.size() || path[i] == '/';
      if (end && naive(rest, path.substr(i), i == 0 || path[i - 1] == '/')) return true;
    }
    return false;
  }
  if (path.empty()) return false;
  std::size_t used = 1;
  bool same = false;
  if (pattern[0] == '?') {
    same = path[0] != '/';
  } else if (pattern[0] == '[') {
    used = pattern.find(']', pattern[1] == '!' ? 3 : 2) + 1;
    same = naive_set(pattern.substr(1, used - 2), path[0]);
  } else {
    if (pattern[0] == '\\') used = 2;
    same = pattern[used - 1] == path[0];
  }
  return same && naive(pattern.substr(used), path.substr(1), path[0] == '/');
}

bool naive_match(const std::string& pattern, const std::string& path) {
  for (const auto& one : expand(pattern)) {
    if (naive(one, path, true)) return true;
  }
  return false;
}

constexpr int kNoBraces = 2;

std::string random_pattern(std::mt19937& random, int depth = 0) {
  static const std::vector<std::string> kPieces{"a",   "b",    "/",    "*",     "?",   "**", "**/",
                                                "/**", "[ab]", "[!a]", "[a-b]", "\\?", "/",  "a"};
  std::string text;
  const auto count = random() % 5 + 1;
  for (unsigned i = 0; i < count; ++i) {
    if (depth < kNoBraces && random() % 6 == 0) {
      text += "{" + random_pattern(random, depth + 1);
      const auto more = random() % 3;
      for (unsigned j = 0; j < more; ++j) {
        text += "," + (random() % 4 == 0 ? "" : random_pattern(random, depth + 1));
      }
      text += "}";
    } else {
      text += kPieces[random() % kPieces.size()];
    }
  }
  return text;
}

std::string random_path(std::mt19937& random) {
  static const std::string kBytes = "aaabbb//c?";
  std::string text;
  const auto count = random() % 8;
  for (unsigned i = 0; i < count; ++i) text += kBytes[random() % kBytes.size()];
  return text;
}

}  // namespace

TEST_CASE("glob: a star stays within a component") {
  CHECK(match("*.c", "main.c"));
  CHECK(match("*", ""));
  CHECK(match("src/*.c", "src/main.c"));
  CHECK(match("*", ".hidden"));
  CHECK_FALSE(match("*.c", "src/main.c"));
  CHECK_FALSE(match("src/*", "src/a/b"));
}

TEST_CASE("glob: two stars span components only as a whole component") {
  CHECK(match("**", "a/b/c"));
  CHECK(match("**/a", "a"));
  CHECK(match("**/a", "x/y/a"));
  CHECK(match("a/**", "a/b/c"));
  CHECK(match("a/**/b", "a/b"));
  CHECK(match("a/**/b", "a/x/y/b"));
  CHECK(match("**/a/**/b", "x/a/b"));
  CHECK(match("**/**/a", "a"));
  CHECK_FALSE(match("a/**", "a"));
  CHECK_FALSE(match("**/a", "xa"));
  CHECK_FALSE(match("a/**/b", "ab"));
  CHECK_FALSE(match("a**b", "a/b"));
  CHECK(match("a**b", "axxb"));
  CHECK_FALSE(match("**.c", "src/main.c"));
  CHECK(match("***/a", "x/y/a"));
}

TEST_CASE("glob: one byte and sets") {
  CHECK(match("?.c", "a.c"));
  CHECK_FALSE(match("a?b", "a/b"));
  CHECK(match("[a-c]x", "bx"));
  CHECK_FALSE(match("[a-c]x", "dx"));
  CHECK(match("[!a-c]x", "dx"));
  CHECK(match("[^a-c]x", "dx"));
  CHECK_FALSE(match("a[!b]c", "a/c"));
  CHECK(match("[]]", "]"));
  CHECK(match("[!]]", "a"));
  CHECK_FALSE(match("[!]]", "]"));
  CHECK(match("[a-]", "-"));
  CHECK(match("[\\]a]", "]"));
  CHECK_FALSE(match("[a]", "A"));
}

TEST_CASE("glob: braces") {
  CHECK(match("*.{c,h}", "a.h"));
  CHECK_FALSE(match("*.{c,h}", "a.o"));
  CHECK(match("a{,b}c", "ac"));
  CHECK(match("{a,{b,c}d}e", "cde"));
  CHECK(match("{src,**}/x", "x"));
  CHECK(match("{src,**}/x", "a/b/x"));
  CHECK(match("{a}", "a"));
  CHECK(match("a{}b", "ab"));
  CHECK(match("a,b}", "a,b}"));
}

TEST_CASE("glob: escapes, and bytes of every kind") {
  CHECK(match("\\*", "*"));
  CHECK_FALSE(match("\\*", "a"));
  CHECK(match("\\{a\\,b\\}", "{a,b}"));
  CHECK(match(std::string_view("a\0*", 3), std::string_view("a\0b", 3)));
  CHECK(match("?", "\xff"));
  CHECK_FALSE(match("?", "\xc3\xa9"));
  CHECK(match("[\x80-\xff][\x80-\xff]", "\xc3\xa9"));
}

TEST_CASE("glob: a broken pattern says where and why") {
  CHECK(problem("src/[ab") ==
        "glob \"src/[ab\", character 5: \"[\" is not closed (write \"\\[\" for the character "
        "itself)");
  CHECK(problem("[]") ==
        "glob \"[]\", character 1: \"[\" is not closed (write \"\\[\" for the "
        "character itself)");
  CHECK(
      problem("a{b{c}") ==
      "glob \"a{b{c}\", character 2: \"{\" is not closed (write \"\\{\" for the character itself)");
  CHECK(problem("a\\") == "glob \"a\\\", character 2: nothing follows the last \"\\\"");
  CHECK(problem("[z-a]") == "glob \"[z-a]\", character 1: a range of the set runs backwards");
  CHECK(problem("[[:alpha:]]") ==
        "glob \"[[:alpha:]]\", character 2: named sets such as [:alpha:] are not known (write "
        "a-zA-Z)");
  CHECK(problem("[\\").find("is not closed") != std::string::npos);
  CHECK(problem("[a-\\").find("is not closed") != std::string::npos);
  CHECK(Glob::compile(std::string(Glob::kMaxPattern + 1, 'a')).error().kind == ErrorKind::limit);
  CHECK(Glob::compile(std::string(Glob::kMaxPattern, '{')).error().kind == ErrorKind::limit);
}

TEST_CASE("glob: agrees with a naive matcher") {
  const auto seed = GENERATE(take(40, random(0, 1'000'000'000)));
  CAPTURE(seed);
  std::mt19937 random(static_cast<unsigned>(seed));
  int matches = 0;
  for (int i = 0; i < 250; ++i) {
    const auto pattern = random_pattern(random);
    const auto glob = Glob::compile(pattern);
    CAPTURE(pattern);
    REQUIRE(glob);
    for (int j = 0; j < 8; ++j) {
      const auto path = random_path(random);
      const bool expected = naive_match(pattern, path);
      matches += expected ? 1 : 0;
      if (glob->match(path) != expected) {
        CAPTURE(path, expected);
        FAIL("the matchers differ");
      }
    }
  }
  CHECK(matches > 20);  // or the generator tests nothing
}

TEST_CASE("glob: two stars that are not a whole component are one star") {
  const auto seed = GENERATE(take(20, random(0, 1'000'000'000)));
  CAPTURE(seed);
  std::mt19937 random(static_cast<unsigned>(seed));
  for (int i = 0; i < 500; ++i) {
    auto pattern = random_pattern(random, kNoBraces);
    auto plain = pattern;
    for (std::size_t at = 0; (at = plain.find('*', at)) != std::string::npos; ++at) {
      const auto end = std::min(plain.find_first_not_of('*', at), plain.size());
      const bool whole =
          (at == 0 || plain[at - 1] == '/') && (end == plain.size() || plain[end] == '/');
      if (!whole) plain.erase(at + 1, end - at - 1);
      if (whole) at = end - 1;
    }
    const auto path = random_path(random);
    CAPTURE(pattern, plain, path);
    REQUIRE(match(pattern, path) == match(plain, path));
  }
}

TEST_CASE("glob: what may match below a directory") {
  const auto seed = GENERATE(take(20, random(0, 1'000'000'000)));
  CAPTURE(seed);
  std::mt19937 random(static_cast<unsigned>(seed));
  for (int i = 0; i < 500; ++i) {
    const auto pattern = random_pattern(random);
    const auto path = random_path(random);
    const auto slash = path.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == path.size()) continue;
    const auto dir = path.substr(0, slash);
    const auto glob = Glob::compile(pattern);
    REQUIRE(glob);
    CAPTURE(pattern, path, dir);
    if (glob->match(path)) REQUIRE(glob->may_match_below(dir));
    if (glob->matches_all_below(dir)) REQUIRE(glob->match(path));
  }
  CHECK(Glob::compile("src/*.c")->may_match_below("src"));
  CHECK_FALSE(Glob::compile("src/*.c")->may_match_below("doc"));
  CHECK_FALSE(Glob::compile("src/*.c")->may_match_below("src/deep"));
  CHECK_FALSE(Glob::compile("src")->may_match_below("src"));
  CHECK(Glob::compile("src/**")->may_match_below("src/a/b"));
  CHECK(Glob::compile("a")->may_match_below(""));
  CHECK(Glob::compile("build/**")->matches_all_below("build"));
  CHECK(Glob::compile("build/**")->matches_all_below("build/x"));
  CHECK(Glob::compile("**")->matches_all_below(""));
  CHECK_FALSE(Glob::compile("build/**/*.o")->matches_all_below("build"));
  CHECK_FALSE(Glob::compile("build/*")->matches_all_below("build"));
}

TEST_CASE("glob: hostile patterns cost no more than pattern times path") {
  const std::string path(4000, 'a');
  std::string stars;
  std::string braces;
  std::string deep;
  for (int i = 0; i < 1000; ++i) stars += "*a";
  for (int i = 0; i < 400; ++i) braces += "{a,aa,*}";
  for (int i = 0; i < 400; ++i) deep += "**/";
  std::string dirs;
  for (int i = 0; i < 2000; ++i) dirs += "a/";
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(match(stars + "b", path));
  CHECK_FALSE(match(braces + "b", path));
  CHECK_FALSE(match(deep + "b", dirs + "a"));
  // Backtracking would need longer than the sun has; the bound only has to tell the two apart.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(60));
}

TEST_CASE("glob sets: the last pattern that matches decides") {
  const auto set = set_of({"src/**", "!**/*.md", "src/keep.md", "./README"});
  CHECK(set.match("src/a.c"));
  CHECK_FALSE(set.match("src/a.md"));
  CHECK(set.match("src/keep.md"));
  CHECK(set.match("README"));
  CHECK_FALSE(set.match("other"));
  CHECK_FALSE(set_of({}).match("a"));
  CHECK_FALSE(set_of({"!a"}).match("b"));
  CHECK(set_of({"src/"}).match("src/a/b"));
  CHECK_FALSE(GlobSet::compile({"a", "!["}).has_value());
}

TEST_CASE("glob sets: a walk need not enter what is excluded whole") {
  const auto set = set_of({"**", "!build/**", "build/keep/*"});
  CHECK(set.may_match_below("src"));
  CHECK(set.may_match_below("build"));
  CHECK(set.may_match_below("build/keep"));
  CHECK_FALSE(set.may_match_below("build/obj"));
  CHECK_FALSE(set_of({"src/*"}).may_match_below("doc"));
}
