// SPDX-License-Identifier: MIT
#include "process/command_line.h"

#include <catch2/catch.hpp>
#include <random>

#include "harness.h"

using namespace ggen::process;
using Words = std::vector<std::string>;

TEST_CASE("command line: simple commands are split", "[process]") {
  const std::pair<const char*, Words> cases[] = {
      {"true", {"true"}},
      {"  gcc -O2  -o\tout main.c \n", {"gcc", "-O2", "-o", "out", "main.c"}},
      {"a 'b c' \"d e\"", {"a", "b c", "d e"}},
      {"a x'y'\"z\"w", {"a", "xyzw"}},
      {"a '' \"\"", {"a", "", ""}},
      {"a '$x `y` \\ * # ; | &'", {"a", "$x `y` \\ * # ; | &"}},
      {"a \"it's\" 'say \"no\"' \"* ; # | ~\"", {"a", "it's", "say \"no\"", "* ; # | ~"}},
      {"make CC=gcc -j2 a/b:c,d+e@f%g", {"make", "CC=gcc", "-j2", "a/b:c,d+e@f%g"}},
      {"./run --name=caf\xc3\xa9", {"./run", "--name=caf\xc3\xa9"}},
      {"/bin/echo a", {"/bin/echo", "a"}},
      {"a 'one\ntwo'", {"a", "one\ntwo"}},
  };
  for (const auto& [text, words] : cases) {
    CAPTURE(text);
    const auto split = split_command(text);
    REQUIRE(split);
    CHECK(*split == words);
  }
}

TEST_CASE("command line: what only a shell understands", "[process]") {
  for (const char* text :
       {"",          "   ",      "\n",        "a $x",      "a ${x}",     "a \"$x\"", "a `b`",
        "a \"`b`\"", "a \\b",    "a \"\\b\"", "a *.c",     "a ?",        "a [b]",    "a {b,c}",
        "a > b",     "a < b",    "a 2>&1",    "a | b",     "a && b",     "a & b",    "a;b",
        "a ; b",     "(a)",      "~/bin/a",   "a ~",       "# a",        "a # b",    "A=b c",
        "A=b",       "a\nb",     "'a",        "\"a",       "a 'b",       "!a",       "a \"b!\"",
        "''",        "if a",     "cd x",      "'cd' x",    "echo a",     ". a",      ": a",
        "test a",    "[ a ]",    "exit 1",    "export A",  "exec a",     "umask",    "wait",
        "kill 1",    "printf a", "type a",    "command a", "while true", "time a",   "a\rb",
        "a \001"}) {
    CAPTURE(text);
    CHECK_FALSE(split_command(text));
  }
}

TEST_CASE("command line: the words are those of the shell, for any text", "[process]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  // Mostly harmless, so that there is something to compare.
  const std::string alphabet =
      "abcdefghijklmnop   \t-_=./,:+@%0123456789''''\"\"\"\"\xc3\xa9$`\\*?[]{}()<>|&;#~!\n";
  std::uniform_int_distribution<std::size_t> letter(0, alphabet.size() - 1);
  std::uniform_int_distribution<int> harmless(0, 61);
  std::uniform_int_distribution<int> length(0, 24);
  World world;
  int compared = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (int i = length(random); i > 0; --i) {
      const bool any = i % 8 == 0;
      text += alphabet[any ? letter(random) : static_cast<std::size_t>(harmless(random)) % 46];
    }
    const auto words = split_command("program " + text);
    if (!words) continue;
    if (++compared > 300) break;
    CAPTURE(text);
    std::string expected;
    for (std::size_t i = 1; i < words->size(); ++i) expected += (*words)[i] + '\0';
    const Outcome shown = world.run(shell("printf '%s\\0' first " + text));
    CHECK(shown.code == 0);
    CHECK(shown.out == std::string("first") + '\0' + expected);
  }
  CHECK(compared > 100);
}
