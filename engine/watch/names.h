// Which names a directory has, as 64-bit checksums: 16 bytes or so for a name. Tells a file that
// was replaced from one that is new, which the kernel does not.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ggen::watch {

class Names {
 public:
  // Whether that changed anything.
  bool add(std::string_view name);
  bool remove(std::string_view name);
  std::size_t size() const { return used_; }

 private:
  std::size_t slot_of(std::uint64_t sum) const;
  void grow();

  std::vector<std::uint64_t> slots_;  // a power of two, or none; 0: free
  std::size_t used_ = 0;
};

}  // namespace ggen::watch
