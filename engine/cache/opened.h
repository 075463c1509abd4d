// An opened cache with all its parts, for those that share it. They may be used by several threads
// at once.
// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "cache/action_store.h"
#include "cache/blob_store.h"
#include "cache/directory.h"
#include "cache/journal.h"

namespace ggen::cache {

// Stays where it is: the parts refer to the directory.
struct Opened {
  explicit Opened(Directory of)
      : directory(std::move(of)), blobs(directory), actions(directory), journal(directory) {}
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  Directory directory;
  BlobStore blobs;
  ActionStore actions;
  Journal journal;
};

}  // namespace ggen::cache
