// Numbers and texts as bytes, for the files that we write and read back: little-endian numbers,
// texts with their length before them. Reading checks every length: bytes from a file may be
// anything. Knows no format.
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/digest.h"

namespace ggen {

static_assert(std::endian::native == std::endian::little, "our files are little-endian");

class Packer {
 public:
  template <std::unsigned_integral T>
  void number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  // At most 4 GiB - 1.
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes_ += value;
  }
  void digest(const Digest& value) { bytes_ += value.view(); }
  // Bytes whose length the reader knows.
  void raw(std::string_view value) { bytes_ += value; }

  std::size_t size() const { return bytes_.size(); }
  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads in the order of packing. After the first thing that does not fit everything is empty or 0,
// and good() says so: one look at the end is enough.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

  template <std::unsigned_integral T>
  T number() {
    T value = 0;
    const std::string_view bytes = raw(sizeof value);
    if (good_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string_view text() { return raw(number<std::uint32_t>()); }
  Digest digest() {
    Digest value;
    const std::string_view bytes = raw(Digest::kSize);
    if (good_) std::memcpy(value.bytes.data(), bytes.data(), bytes.size());
    return value;
  }
  std::string_view raw(std::size_t size) {
    if (!good_ || size > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  // Whether so many items of at least `size` bytes each can still follow.
  bool can_hold(std::uint64_t count, std::size_t size) {
    if (count > rest_.size() / size) fail();
    return good_;
  }
  // A count (four bytes) of items of at least `size` bytes each; one that cannot be is refused
  // before memory is taken for it.
  std::uint32_t count(std::size_t size) {
    const auto items = number<std::uint32_t>();
    return can_hold(items, size) ? items : 0;
  }
  // For what the reader itself finds wrong.
  void fail() { good_ = false; }

  bool good() const { return good_; }
  // All of it was read, and all of it fitted.
  bool at_end() const { return good_ && rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace ggen
