// Which commit is checked out, from git's own files: starting git would take longer than many a
// run. Knows HEAD, references, packed references, and working trees that lie elsewhere; asks
// nothing of the index, so it does not know whether files have changed.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

namespace ggen::state {

struct Checkout {
  std::string commit;  // 40 or 64 digits; empty where there is no commit yet, or git keeps it in
                       // another way (reftable)
  std::string branch;  // "main"; empty when no branch is checked out

  bool operator==(const Checkout&) const = default;
};

// Of the repository that the directory (absolute) is in. Nothing outside of one.
std::optional<Checkout> find_checkout(const std::string& dir);

}  // namespace ggen::state
