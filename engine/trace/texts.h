// Texts, each kept once and known by a number: two traces that share a pool are compared by
// numbers. Knows nothing of what the texts are.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ggen::trace {

using TextIndex = std::uint32_t;

class Texts {
 public:
  static constexpr TextIndex kEmpty = 0;  // of the empty text, which is always there
  static constexpr TextIndex kNone = ~TextIndex{0};

  Texts();

  TextIndex add(std::string_view text);
  // kNone when it has not been added.
  TextIndex find(std::string_view text) const;
  std::string_view operator[](TextIndex index) const {
    return {bytes_.data() + starts_[index], starts_[index + 1] - starts_[index]};
  }
  std::size_t size() const { return starts_.size() - 1; }
  // Chosen by chance, so that nobody can write texts that all fall into one place of a hash table.
  std::uint64_t seed() const { return seed_; }

 private:
  std::size_t slot_of(std::string_view text, std::uint64_t hash) const;
  std::uint64_t hash_of(std::string_view text) const;
  void grow();

  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t index = 0;  // + 1; 0 is free
  };

  std::string bytes_;
  std::vector<std::uint64_t> starts_;  // one more than there are texts
  std::vector<Slot> slots_;            // a power of two of them
  std::uint64_t seed_;
};

}  // namespace ggen::trace
