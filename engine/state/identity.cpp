// SPDX-License-Identifier: MIT
#include "state/identity.h"

#include "hash/checksum.h"
#include "hash/stamp.h"

namespace ggen::state {

std::uint64_t program_identity() {
  struct stat info {};
  if (::stat("/proc/self/exe", &info) != 0) return 0;
  const hash::Stamp stamp = hash::Stamp::of(info);
  return hash::checksum({reinterpret_cast<const char*>(&stamp), sizeof stamp});
}

}  // namespace ggen::state
