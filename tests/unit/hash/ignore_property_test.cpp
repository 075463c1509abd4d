// Random rules over random trees, and git itself as the judge.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdio>
#include <random>
#include <set>

#include "hash/ignore.h"
#include "project.h"

using namespace ggen;
using namespace ggen::hash;
using ggen::test::Project;

namespace {

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  std::size_t below(std::size_t count) { return random_() % count; }
  bool one_in(std::size_t count) { return below(count) == 0; }
  template <class List>
  auto pick(const List& list) {
    return *(std::begin(list) + static_cast<std::ptrdiff_t>(below(std::size(list))));
  }

 private:
  std::mt19937 random_;
};

// Few letters, so that patterns match; some that are special, and one that is not UTF-8.
const char* const kNames[] = {"a",  "b",  "ab",  "a.o", "b.o", "A",  "a b",  "b ", "#a",
                              "!b", "ba", "a-b", "\\a", "[a]", "**", "\xff", "]",  "a*"};
const char* const kDirs[] = {"a", "b", "d", "d.o", "ab", "build", "a b"};
const char* const kPieces[] = {
    "a",           "b",       "*",       "**", "?",     "/",     "[ab]", "[!a]",  "[^b]",
    ".o",          "\\a",     "\\*",     "d",  "build", "[a-c]", "[]]",  "[!]a]", "[[:alpha:]]",
    "[[:punct:]]", "[a-",     "\\",      " ",  "\\ ",   "**/",   "/**",  "*.o",   "/*/",
    "[\\]]",       "[a\\-c]", "[[:x:]]", "-",  "!",     "#"};

std::string random_rules(Dice& dice) {
  std::string text;
  for (std::size_t lines = 1 + dice.below(6); lines > 0; --lines) {
    if (dice.one_in(4)) text += '!';
    if (dice.one_in(5)) text += '/';
    for (std::size_t pieces = 1 + dice.below(4); pieces > 0; --pieces) {
      text += dice.one_in(3) ? dice.pick(kNames) : dice.pick(kPieces);
    }
    if (dice.one_in(5)) text += '/';
    if (dice.one_in(8)) text += "  ";
    text += dice.one_in(8) ? "\r\n" : "\n";
  }
  return text;
}

std::string random_dir(Dice& dice) {
  std::string path;
  for (std::size_t depth = dice.below(4); depth > 0; --depth) {
    path += dice.pick(kDirs);
    path += '/';
  }
  return path;
}

std::string shell(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  char block[4096];
  for (std::size_t count; (count = std::fread(block, 1, sizeof block, pipe)) > 0;) {
    output.append(block, count);
  }
  ::pclose(pipe);
  return output;
}

const std::string kGit =
    "env HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 XDG_CONFIG_HOME=/nonexistent git ";

std::set<std::string> split_zero(const std::string& text) {
  std::set<std::string> parts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\0', at);
    parts.insert(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

}  // namespace

TEST_CASE("The rules of one file agree with git check-ignore", "[hash][ignore][property]") {
  const unsigned seed = GENERATE(take(4, random(0, 1000000)));
  INFO("seed " << seed);
  Dice dice(seed);
  Project p;
  REQUIRE(std::system((kGit + "init -q '" + p.dir + "'").c_str()) == 0);
  for (int round = 0; round < 25; ++round) {
    const std::string rules = random_rules(dice);
    p.write(".gitignore", rules);
    // Paths without ignored directories above them: only names in the root, as files that are not
    // there and so no directories.
    std::set<std::string> names;
    std::string input;
    for (int i = 0; i < 60; ++i) {
      std::string name = dice.pick(kNames);
      if (dice.one_in(2)) name += dice.pick(kNames);
      if (names.insert(name).second) input.append(name).push_back('\0');
    }
    p.write(".ggen/input", input);
    const auto ignored = split_zero(shell("cd '" + p.dir + "' && " + kGit +
                                          "check-ignore --no-index -z --stdin < .ggen/input"));
    const IgnoreFile file = IgnoreFile::parse(rules);
    for (const auto& name : names) {
      INFO("rules:\n" << rules << "\nname: " << name);
      CHECK((file.check(name, false) == IgnoreFile::Verdict::ignore) == ignored.contains(name));
    }
  }
}

TEST_CASE("The default set is what git lists", "[hash][ignore][tree][property]") {
  const unsigned seed = GENERATE(take(12, random(0, 1000000)));
  INFO("seed " << seed);
  Dice dice(seed);
  Project outer;
  // The project is at times the top of its repository, at times below it.
  const std::string below = dice.one_in(3) ? "d/b" : "";
  outer.make_dir(below.empty() ? "." : below);
  REQUIRE(std::system((kGit + "init -q '" + outer.dir + "'").c_str()) == 0);
  for (int i = 0; i < 80; ++i) {
    const std::string path =
        (below.empty() ? "" : below + "/") + random_dir(dice) + dice.pick(kNames);
    std::error_code error;
    if (std::filesystem::exists(std::filesystem::symlink_status(outer.path(path), error))) continue;
    if (auto made = make_dirs(outer.path(path).substr(0, outer.path(path).rfind('/'))); !made)
      continue;
    if (dice.one_in(10)) {
      outer.link(path, dice.pick(kNames));
    } else {
      outer.write(path, "");
    }
  }
  for (int i = 0; i < 4; ++i) {
    const std::string dir = outer.path((below.empty() ? "" : below + "/") + random_dir(dice));
    std::error_code error;
    if (i == 0) outer.write(".gitignore", random_rules(dice));
    if (std::filesystem::is_directory(dir, error)) {
      REQUIRE(write_file(dir + ".gitignore", random_rules(dice)));
    }
  }
  if (dice.one_in(2)) outer.write(".git/info/exclude", random_rules(dice));

  const std::string root = below.empty() ? outer.dir : outer.path(below);
  auto expected =
      split_zero(shell("cd '" + root + "' && " + kGit + "ls-files -z -o --exclude-standard"));
  // git has no entries for what is in a directory that is a repository's own.
  const bool ignored_root =
      !below.empty() &&
      std::system(
          ("cd '" + outer.dir + "' && " + kGit + "check-ignore -q --no-index " + below).c_str()) ==
          0;
  if (ignored_root) return;
  Tree tree(root, outer.dir + "/.git/ggen-index", 2);
  const SetId id = tree.add({});
  REQUIRE(tree.resolve(std::span(&id, 1)));
  std::set<std::string> ours;
  tree.each(id, [&](const TreeEntry& entry) { ours.emplace(entry.path); });
  INFO(outer.dir);
  CHECK(ours == expected);

  // A second run that knows the tree, after the rules changed.
  REQUIRE(tree.save());
  outer.write((below.empty() ? "" : below + "/") + std::string(".gitignore"), random_rules(dice));
  Tree again(root, outer.dir + "/.git/ggen-index", 2);
  REQUIRE(again.open());
  again.verify_all();
  const SetId same = again.add({});
  REQUIRE(again.resolve(std::span(&same, 1)));
  ours.clear();
  again.each(same, [&](const TreeEntry& entry) { ours.emplace(entry.path); });
  expected =
      split_zero(shell("cd '" + root + "' && " + kGit + "ls-files -z -o --exclude-standard"));
  CHECK(ours == expected);
}

TEST_CASE("A .ggenignore has the last word in its directory", "[hash][ignore][tree]") {
  Project p;
  p.write(".gitignore", "*.o\n");
  p.write(".ggenignore", "!a.o\n*.md\n");
  for (const char* name : {"a.o", "b.o", "c.md", "d"}) p.write(name, "");
  CHECK(p.list(SetSpec{}) == test::Lines{"f .ggenignore", "f .gitignore", "f a.o", "f d"});
}
