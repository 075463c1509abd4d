// A SHA-256 digest as a value: 32 bytes here, 64 lower-case hexadecimal digits wherever people or
// Lua see it. Knows nothing of how it is computed (hash/sha256.h).
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ggen {

struct Digest {
  static constexpr std::size_t kSize = 32;

  std::array<std::uint8_t, kSize> bytes{};

  auto operator<=>(const Digest&) const = default;

  bool is_zero() const { return *this == Digest{}; }
  // The bytes as they are, for files and for hashing.
  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::string hex() const;
  // Nothing unless it is exactly 64 hexadecimal digits.
  static std::optional<Digest> parse(std::string_view hex);
};

}  // namespace ggen

// The bytes are as good as random: the first eight of them are a hash.
template <>
struct std::hash<ggen::Digest> {
  std::size_t operator()(const ggen::Digest& digest) const noexcept {
    std::size_t value;
    std::memcpy(&value, digest.bytes.data(), sizeof value);
    return value;
  }
};
