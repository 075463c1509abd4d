// The parts of a snapshot file as they lie in it (snapshot.h), for those who write and read it.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ggen::state {

constexpr std::array<char, 8> kMagic{'g', 'g', 'e', 'n', 's', 'n', 'a', 'p'};
constexpr std::uint32_t kByteOrder = 0x01020304;
constexpr std::size_t kAlignment = 16;
constexpr const char* kRecords = "records";
constexpr const char* kRecordIndex = "record index";

struct SnapshotHead {
  std::array<char, 8> magic = kMagic;
  std::uint32_t version = 0;
  std::uint32_t byte_order = kByteOrder;
  std::uint64_t identity = 0;
  std::uint64_t file_size = 0;
  std::uint64_t table_offset = 0;
  std::uint32_t sections = 0;
  std::uint32_t reserved = 0;
  std::uint64_t reserved_too = 0;
  std::uint64_t checksum = 0;
};
static_assert(sizeof(SnapshotHead) == 64);
constexpr std::size_t kCheckedHead = 56;  // bytes of the head that its checksum covers

struct SectionEntry {
  std::array<char, 24> name{};
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t checksum = 0;
};
static_assert(sizeof(SectionEntry) == 48);

struct RecordEntry {
  std::uint64_t offset = 0;
  std::uint64_t checksum = 0;
};
static_assert(sizeof(RecordEntry) == 16);

// XXH3-64 of the head and the table together, so that both can be believed.
std::uint64_t checksum_of(const SnapshotHead& head, std::string_view table);

}  // namespace ggen::state
