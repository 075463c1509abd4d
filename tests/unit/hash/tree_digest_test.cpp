// SPDX-License-Identifier: MIT
#include "hash/tree_digest.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

using namespace ggen;
using namespace ggen::hash;

namespace {

// The format at the top of tree_digest.h, written once more.
std::string encoded(std::string_view path, char letter, const Digest& digest) {
  std::string bytes(1, letter);
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(path.size() >> (8 * i));
  bytes += path;
  bytes += digest.view();
  return bytes;
}

}  // namespace

TEST_CASE("A tree digest is the SHA-256 of the documented bytes", "[hash][tree_digest]") {
  const Digest content = sha256("content");
  const std::string long_path(5000, 'p');
  TreeDigest tree;
  std::string expected = "ggen tree 1\n";
  for (int i = 0; i < 300; ++i) {
    const std::string path = "a/" + std::to_string(1000 + i);
    tree.add(path, EntryKind::file, i % 2 != 0, content);
    expected += encoded(path, i % 2 != 0 ? 'x' : 'f', content);
  }
  tree.add("b", EntryKind::directory, false, {});
  tree.add(long_path, EntryKind::link, false, content);
  tree.add("q", EntryKind::missing, false, {});
  expected += encoded("b", 'd', {}) + encoded(long_path, 'l', content) + encoded("q", '-', {});
  CHECK(tree.finish() == sha256(expected));
}

TEST_CASE("Whatever differs in an entry differs in the tree digest", "[hash][tree_digest]") {
  const auto digest = [](std::string_view path, EntryKind kind, bool executable,
                         std::string_view content) {
    TreeDigest tree;
    tree.add(path, kind, executable, content.empty() ? Digest{} : sha256(content));
    return tree.finish();
  };
  const std::set<Digest> all{
      TreeDigest().finish(),
      digest("a", EntryKind::file, false, "x"),
      digest("b", EntryKind::file, false, "x"),
      digest("a", EntryKind::file, true, "x"),
      digest("a", EntryKind::file, false, "y"),
      digest("a", EntryKind::link, false, "x"),
      digest("a", EntryKind::missing, false, ""),
      digest("a", EntryKind::directory, false, ""),
  };
  CHECK(all.size() == 8);
}
