// The Tree and the cache agree on what outputs are: after a restore the Tree sees what it saw when
// the result was stored, whatever lay there meanwhile and however the outputs were declared.
// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <random>

#include "harness.h"
#include "hash/tree.h"

using namespace ggen;
using namespace ggen::cache;
using namespace ggen::cache_test;

namespace {

using Patterns = std::vector<std::string>;

// What the Tree sees of a set of outputs.
struct Seen {
  Digest digest;
  std::vector<Output> outputs;
};

Seen resolve(hash::Tree& tree, const Patterns& patterns) {
  hash::SetSpec spec;
  spec.patterns = patterns;
  spec.outputs = true;
  const hash::SetId set = tree.add(spec);
  tree.new_epoch();
  must(tree.resolve({&set, 1}));
  Seen seen;
  seen.digest = tree.digest(set);
  tree.each(set, [&](const hash::TreeEntry& entry) {
    Output output;
    output.path = entry.path;
    output.kind = entry.kind;
    output.executable = entry.executable;
    output.size = entry.kind == EntryKind::file ? entry.stamp.size : 0;
    output.digest = entry.digest;
    seen.outputs.push_back(std::move(output));
  });
  return seen;
}

std::vector<Present> present_of(const Seen& seen) {
  std::vector<Present> present;
  for (const Output& output : seen.outputs)
    present.push_back({output.path, output.kind, output.executable, output.digest});
  return present;
}

// Below out/ and build/, such that a path may be a file in one and a directory in another.
Files random_files(std::mt19937& random) {
  Files files;
  const std::string names[] = {"a", "b", "c.o"};
  for (std::size_t i = random() % 9; i > 0; --i) {
    std::string path = random() % 3 == 0 ? "build" : "out";
    for (std::size_t depth = 1 + random() % 3; depth > 0; --depth)
      path += "/" + names[random() % 3];
    bool clash = false;
    for (const auto& [other, node] : files)
      clash =
          clash || other == path || other.starts_with(path + "/") || path.starts_with(other + "/");
    if (clash) continue;
    const auto kind = random() % 5;
    if (kind == 0)
      files[path] = {EntryKind::link, names[random() % 3], false};
    else if (kind == 1)
      files[path] = {EntryKind::directory, "", false};
    else
      files[path] = {EntryKind::file, std::to_string(random() % 3), random() % 2 == 0};
  }
  return files;
}

}  // namespace

TEST_CASE("outputs: the Tree sees again what it saw", "[cache][outputs]") {
  const auto seed = static_cast<unsigned>(GENERATE(take(60, random(0, 1'000'000))));
  std::mt19937 random(seed);
  const Patterns choices[] = {{"out"},
                              {"out/**"},
                              {"out/*"},
                              {"out/a"},
                              {"out/a", "build/b"},
                              {"out", "!out/c.o"},
                              {"**/*.o"},
                              {"build/*.o", "out"},
                              {"out/b/a"},
                              {"out", "!out/*/a"}};
  const Patterns& patterns = choices[random() % std::size(choices)];
  CAPTURE(seed, patterns);

  const Scratch scratch;
  const std::string root = scratch / "tree";
  Cache cache(scratch / "cache");
  fs::create_directories(root);
  hash::Tree tree(root, scratch / "index", 1);
  must(tree.open());

  make(root, random_files(random));
  const Files before = look(root);
  const Seen stored = resolve(tree, patterns);
  Action action;
  action.outputs = stored.outputs;
  action.output_patterns = patterns;
  if (const auto captured = capture(cache.blobs, root, action.outputs); !captured) {
    // The Tree follows a link in the fixed part of a pattern; what is behind it is not stored.
    CHECK(captured.error().message.find("links") != std::string::npos);
    return;
  }
  REQUIRE(decode(encode(action)).value() == action);

  for (const char* dir : {"out", "build"}) fs::remove_all(root + "/" + dir);
  make(root, random_files(random));
  const Files between = look(root);
  CAPTURE(before.size(), between.size());
  const auto restored = restore(cache.blobs, root, action, present_of(resolve(tree, patterns)));
  if (!restored) {
    // Something that is no output is in the way of one: said, and nothing is forced.
    CHECK((restored.error().kind == ErrorKind::invalid || restored.error().kind == ErrorKind::io));
    return;
  }
  for (const Written& written : restored->written)
    tree.learn(written.path, written.stamp, written.digest);
  const Seen seen = resolve(tree, patterns);
  std::string difference;
  for (const Output& output : seen.outputs) difference += "now " + output.path + "\n";
  for (const Output& output : stored.outputs) difference += "was " + output.path + "\n";
  CAPTURE(difference);
  // A directory that was empty, and in which lies what was taken out of the outputs, is not seen as
  // empty again: it is restored again the next time.
  for (const Output& output : stored.outputs) {
    if (output.kind == EntryKind::directory && !fs::is_empty(root + "/" + output.path)) return;
  }
  CHECK(seen.digest.hex() == stored.digest.hex());
}

TEST_CASE("outputs: nothing but what was taken out is as good as nothing", "[cache][outputs]") {
  const Scratch scratch;
  const std::string root = scratch / "tree";
  fs::create_directories(root);
  hash::Tree tree(root, scratch / "index", 1);
  must(tree.open());
  const Patterns patterns = {"out", "!out/c.o"};
  const Digest without = resolve(tree, patterns).digest;

  make(root, {{"out/c.o", {EntryKind::file, "c", false}}});
  const Seen seen = resolve(tree, patterns);
  CHECK(seen.digest.hex() == without.hex());
  REQUIRE(seen.outputs.size() == 1);
  CHECK(seen.outputs[0].kind == EntryKind::missing);
}
