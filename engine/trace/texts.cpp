// SPDX-License-Identifier: MIT
#include "trace/texts.h"

#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ggen::trace {

namespace {

constexpr std::size_t kFirstSlots = 256;

}  // namespace

Texts::Texts() : starts_{0}, slots_(kFirstSlots) {
  if (::getrandom(&seed_, sizeof seed_, 0) != sizeof seed_) seed_ = 0;
  add("");
}

std::uint64_t Texts::hash_of(std::string_view text) const {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed_);
}

std::size_t Texts::slot_of(std::string_view text, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  const auto mark = static_cast<std::uint32_t>(hash >> 32U);
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.index == 0 || (slot.hash == mark && (*this)[slot.index - 1] == text)) return at;
  }
}

TextIndex Texts::add(std::string_view text) {
  const std::uint64_t hash = hash_of(text);
  const std::size_t at = slot_of(text, hash);
  if (slots_[at].index != 0) return slots_[at].index - 1;
  const auto index = static_cast<TextIndex>(size());
  bytes_.append(text);
  starts_.push_back(bytes_.size());
  slots_[at] = {static_cast<std::uint32_t>(hash >> 32U), index + 1};
  if (size() * 2 > slots_.size()) grow();
  return index;
}

TextIndex Texts::find(std::string_view text) const {
  const Slot& slot = slots_[slot_of(text, hash_of(text))];
  return slot.index == 0 ? kNone : slot.index - 1;
}

void Texts::grow() {
  slots_.assign(slots_.size() * 4, Slot{});
  const std::size_t mask = slots_.size() - 1;
  for (TextIndex i = 0; i < size(); ++i) {
    const std::uint64_t hash = hash_of((*this)[i]);
    std::size_t at = hash & mask;
    while (slots_[at].index != 0) at = (at + 1) & mask;
    slots_[at] = {static_cast<std::uint32_t>(hash >> 32U), i + 1};
  }
}

}  // namespace ggen::trace
