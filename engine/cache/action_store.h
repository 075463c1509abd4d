// Results by key: one small file each (action.h). Safe for several threads and processes at once: a
// file is whole or not there.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "cache/action.h"
#include "cache/directory.h"

namespace ggen::cache {

class ActionStore {
 public:
  explicit ActionStore(const Directory& directory) : directory_(directory) {}

  // Nothing: a miss. A damaged file is removed, warned of once, and a miss.
  Result<std::optional<Action>> get(const Digest& key) const;
  // The same, not looked at: whoever decodes it verifies it.
  Result<std::optional<std::string>> get_encoded(const Digest& key) const;
  bool has(const Digest& key) const;
  // Of its file, in bytes; 0 when there is none.
  std::uint64_t size(const Digest& key) const;

  // Replaces what is there. Its blobs must be stored before.
  Result<void> put(const Action& action);

  Result<void> remove(const Digest& key);

  // Bytes that this object has added.
  std::int64_t bytes_added() const { return bytes_added_.load(std::memory_order_relaxed); }

 private:
  Error damaged(const Digest& key, const char* what) const;

  const Directory& directory_;
  std::atomic<std::int64_t> bytes_added_{0};
};

}  // namespace ggen::cache
