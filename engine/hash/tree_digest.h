// The digest of a list of files, the same for inputs and for outputs: what was in a tree, and
// nothing of when, where or by whom. Knows no file system.
//
// SHA-256 of "ggen tree 1\n" and then for each entry, in the order of the bytes of the paths:
//   kind        1 byte: "f" file, "x" executable file, "l" link, "d" directory, "-" missing
//   length      4 bytes, little-endian: of the path
//   path        bytes, no terminator
//   digest      32 bytes: of the content, of the link's target text; zero for "d" and "-"
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "base/digest.h"
#include "hash/sha256.h"

namespace ggen::hash {

enum class EntryKind : std::uint8_t {
  missing,    // named, and not there
  file,       // a regular file
  link,       // a symbolic link: its target text, whatever is there
  directory,  // an empty one that counts
};

// The letter of the table above.
char kind_letter(EntryKind kind, bool executable);

class TreeDigest {
 public:
  TreeDigest();
  // In the order of the paths' bytes, each path once.
  void add(std::string_view path, EntryKind kind, bool executable, const Digest& digest);
  // Once, as the last call.
  Digest finish();

 private:
  void flush();
  Sha256 hash_;
  std::size_t used_ = 0;
  char block_[4096];
};

}  // namespace ggen::hash
