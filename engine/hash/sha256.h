// SHA-256 of bytes and of files. Knows nothing of paths or of what the bytes mean.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"
#include "hash/stamp.h"

namespace ggen::hash {

class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  // Once, as the last call.
  Digest finish();

 private:
  // libcrypto's SHA256_CTX; its header stays out of ours.
  alignas(8) std::array<unsigned char, 112> state_;
};

Digest sha256(std::string_view bytes);

// A regular file's bytes as they were under one stamp: what is read while the file is written is
// read again, a few times at most.
struct FileDigest {
  Digest digest;
  Stamp stamp;
  bool racy = false;  // it may have changed, or may change again, without its stamp telling
};

// `name` is relative to `dir_fd` (AT_FDCWD: to the current directory). A link is not followed, and
// what is not a regular file is refused (invalid). Blocks: for worker threads.
Result<FileDigest> hash_file(int dir_fd, const char* name);

// The same of the first `size` bytes of what is open for reading, from where it stands: what was
// appended since somebody asked for the size is left out. Ends earlier where there is less; a size
// of 0 is no limit (the kernel's own files have it). `name` is for messages.
Result<Digest> hash_fd(int fd, std::uint64_t size, const char* name);

// The digest of a link's target text.
Result<FileDigest> hash_link(int dir_fd, const char* name);

}  // namespace ggen::hash
