// Numbers and texts as bytes, for the cache's own files: little-endian, texts as a four-byte length
// and the bytes. The reader takes any input: past a mistake it gives zeros, and ok() says no.
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace ggen::cache {

static_assert(std::endian::native == std::endian::little, "the files are little-endian");

class WireWriter {
 public:
  template <class Integer>
  void number(Integer value) {
    static_assert(std::is_unsigned_v<Integer>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void raw(std::string_view bytes) { bytes_.append(bytes); }
  void text(std::string_view text) {
    number(static_cast<std::uint32_t>(text.size()));
    raw(text);
  }
  void digest(const Digest& digest) { raw(digest.view()); }

  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  template <class Integer>
  Integer number() {
    static_assert(std::is_unsigned_v<Integer>);
    Integer value = 0;
    const std::string_view bytes = raw(sizeof value);
    if (ok_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string_view raw(std::size_t size) {
    if (size > rest_.size()) ok_ = false;
    if (!ok_) return {};
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  std::string_view text() { return raw(number<std::uint32_t>()); }
  Digest digest() {
    Digest digest;
    const std::string_view bytes = raw(Digest::kSize);
    if (ok_) std::memcpy(digest.bytes.data(), bytes.data(), Digest::kSize);
    return digest;
  }
  // How many elements follow, each of `least` bytes or more: a number that cannot be right is
  // refused before anything is reserved for it.
  std::uint32_t count(std::size_t least) {
    const auto count = number<std::uint32_t>();
    if (count > rest_.size() / least) ok_ = false;
    return ok_ ? count : 0;
  }

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  void fail() { ok_ = false; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace ggen::cache
