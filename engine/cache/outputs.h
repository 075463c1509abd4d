// A task's outputs between the tree and the blob store. Both directions leave links alone: nothing
// outside of the root is ever read or written through one.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cache/action.h"
#include "cache/blob_store.h"
#include "hash/stamp.h"

namespace ggen::cache {

// Makes sure that the blobs of the outputs are there, and fills in the targets of links. A file
// that no longer is what its output says is an error of kind cancelled.
Result<void> capture(BlobStore& blobs, const std::string& root, std::span<Output> outputs,
                     unsigned threads = 2);

// What is in the tree now, of the set of the declared outputs: the digests as the Tree knows them.
struct Present {
  std::string path;
  hash::EntryKind kind = hash::EntryKind::missing;
  bool executable = false;
  Digest digest;
};

struct Written {
  std::string path;
  hash::Stamp stamp;
  bool racy = true;  // BlobStore::Placed
  Digest digest;
};

struct Restored {
  std::vector<Written> written;  // files; in no order
  std::size_t links = 0;         // links made
  std::size_t kept = 0;          // outputs that were right
  std::size_t removed = 0;       // stale files and directories
  std::uint64_t bytes = 0;       // written
};

// Makes the declared outputs exactly what was recorded: writes what differs, removes what the
// action does not name (with directories that become empty, where the patterns cover them), touches
// nothing else. A file appears whole or not at all. Missing blobs are found before anything that is
// there is touched; a damaged one may be found when other outputs are restored already, and is a
// miss all the same (kinds not_found and invalid): the task then runs and makes them all.
Result<Restored> restore(const BlobStore& blobs, const std::string& root, const Action& action,
                         std::span<const Present> present, unsigned threads = 2);

}  // namespace ggen::cache
