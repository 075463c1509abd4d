// Files by the SHA-256 of their bytes. Whatever is read is verified on the way: what has other
// bytes than its name says is removed, warned of once, and counts as missing. All calls may come
// from several threads and processes at once.
//
// Failures: not_found for a blob that is missing, invalid for one that was damaged (both are a
// miss), everything else is a refusal of the file system.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/fd.h"
#include "base/result.h"
#include "cache/directory.h"
#include "hash/stamp.h"

namespace ggen::cache {

class BlobStore {
 public:
  explicit BlobStore(const Directory& directory) : directory_(directory) {}

  // Whether there is a file of that name (of that size, unless any will do).
  static constexpr std::uint64_t kAnySize = UINT64_MAX;
  bool has(const Digest& digest, std::uint64_t size = kAnySize) const;

  // Makes sure that the blob is there; copies the file `name` of the open directory. Its bytes are
  // hashed once more on the way: other ones than `digest` says (somebody changed the file since) is
  // an error of kind cancelled, and nothing is stored. Never follows a link.
  Result<void> put_file(int dir_fd, const char* name, const Digest& digest, std::uint64_t size);
  Result<void> put_bytes(const Digest& digest, std::string_view bytes);
  // Takes over a file that was fetched from elsewhere: verified, moved in, gone from `path`
  // whatever happens.
  Result<void> import(const std::string& path, const Digest& digest);
  // Takes an open file without a name (see NewFile), whose bytes are known to have the digest.
  Result<void> adopt(class NewFile file, const Digest& digest);

  // The bytes. More than `max` of them is an error of kind limit.
  Result<std::string> read(const Digest& digest, std::uint64_t max = UINT64_MAX) const;
  // Open for reading and verified as a whole.
  Result<Fd> open_verified(const Digest& digest) const;
  // Where it is or would be, for a store that sends it elsewhere.
  std::string path(const Digest& digest) const;

  // Makes the file `name` in the open directory, or replaces what is there (no directory). It
  // appears whole or not at all. The mode is 0777 or 0666 less the umask.
  struct Placed {
    hash::Stamp stamp;
    // Whether the file can change without its stamp telling (hash/stamp.h). No as a rule: its time
    // of modification is one that no later write can have.
    bool racy = true;
  };
  Result<Placed> restore(const Digest& digest, std::uint64_t size, bool executable, int dir_fd,
                         const char* name) const;

  // Bytes that this object has added: what usage.h wants to know.
  std::int64_t bytes_added() const { return bytes_added_.load(std::memory_order_relaxed); }

 private:
  Result<Fd> open(const Digest& digest) const;
  Error damaged(const Digest& digest, int fd, const char* what) const;
  Result<void> publish(class NewFile& file, const Digest& digest, std::uint64_t size);
  bool keep(const Digest& digest, std::uint64_t size) const;

  const Directory& directory_;
  std::atomic<std::int64_t> bytes_added_{0};
};

}  // namespace ggen::cache
