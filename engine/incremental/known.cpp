// SPDX-License-Identifier: MIT
#include "incremental/known.h"

#include "base/pack.h"

namespace ggen::incremental {

namespace {

constexpr std::size_t kBits = 8;

std::size_t bytes_for(std::size_t tasks) { return (tasks + kBits - 1) / kBits; }

}  // namespace

Known Known::load(std::string_view packed, const Digest& situation, std::size_t tasks) {
  Known known(tasks);
  Unpacker in(packed);
  const Digest of = in.digest();
  const auto count = in.number<std::uint32_t>();
  const std::string_view bytes = in.raw(bytes_for(tasks));
  if (!in.at_end() || of != situation || count != tasks) return known;
  for (std::size_t i = 0; i < tasks; ++i) {
    known.bits_[i] = (static_cast<unsigned char>(bytes[i / kBits]) >> (i % kBits) & 1) != 0;
  }
  return known;
}

std::string Known::pack(const Digest& situation) const {
  std::string bytes(bytes_for(bits_.size()), '\0');
  for (std::size_t i = 0; i < bits_.size(); ++i) {
    if (bits_[i]) bytes[i / kBits] = static_cast<char>(bytes[i / kBits] | 1 << (i % kBits));
  }
  Packer out;
  out.digest(situation);
  out.number(static_cast<std::uint32_t>(bits_.size()));
  out.raw(bytes);
  return out.take();
}

}  // namespace ggen::incremental
