// SPDX-License-Identifier: MIT
#include "watch/names.h"

#include <utility>

#include "hash/checksum.h"

namespace ggen::watch {

namespace {

std::uint64_t sum_of(std::string_view name) {
  const std::uint64_t sum = hash::checksum(name);
  return sum == 0 ? 1 : sum;
}

}  // namespace

// The slot that has the sum, or the free one where it belongs.
std::size_t Names::slot_of(std::uint64_t sum) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = sum & mask;
  while (slots_[at] != 0 && slots_[at] != sum) at = (at + 1) & mask;
  return at;
}

void Names::grow() {
  const auto old =
      std::exchange(slots_, std::vector<std::uint64_t>(slots_.empty() ? 8 : slots_.size() * 2));
  for (const std::uint64_t sum : old) {
    if (sum != 0) slots_[slot_of(sum)] = sum;
  }
}

bool Names::add(std::string_view name) {
  if (used_ * 4 >= slots_.size() * 3) grow();
  const std::uint64_t sum = sum_of(name);
  std::uint64_t& slot = slots_[slot_of(sum)];
  if (slot == sum) return false;
  slot = sum;
  ++used_;
  return true;
}

bool Names::remove(std::string_view name) {
  if (used_ == 0) return false;
  std::size_t hole = slot_of(sum_of(name));
  if (slots_[hole] == 0) return false;
  --used_;
  // What stands behind it moves up, so that no search ends too early.
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = (hole + 1) & mask; slots_[at] != 0; at = (at + 1) & mask) {
    const std::size_t home = slots_[at] & mask;
    if (((at - home) & mask) >= ((at - hole) & mask)) {
      slots_[hole] = slots_[at];
      hole = at;
    }
  }
  slots_[hole] = 0;
  return true;
}

}  // namespace ggen::watch
