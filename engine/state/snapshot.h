// A flat file of named sections and numbered records, mapped read-only: reading it costs nothing
// until something in it is asked for. Every section and every record has a checksum of its own,
// which is compared when it is asked for, so that damage is never taken for content. Knows nothing
// of what the bytes mean.
//
// Numbers are in the order of the machine; a file of another order is foreign, as one of another
// format version or of another build of this program is.
//
//   head     64 bytes: "ggensnap", u32 version, u32 0x01020304, u64 identity of the program,
//            u64 size of the file, u64 offset of the table, u32 sections, u32 0,
//            u64 0, u64 XXH3-64 of the head before it and of the table
//   section  bytes, at offsets that 16 divides
//   table    for each section 48 bytes: 24 bytes name (filled up with NUL), u64 offset, u64 size,
//            u64 XXH3-64
//
// The section "records" has the records end to end, without a checksum of its own; "record index"
// has for each of them u64 offset in "records" and u64 XXH3-64, and at the end the size of
// "records" and 0.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ggen::state {

class Snapshot {
 public:
  static constexpr std::uint32_t kVersion = 1;
  static constexpr std::size_t kMaxName = 23;

  // not_found when there is none; invalid with the reason for one that cannot be used: damaged,
  // foreign, or owned by somebody else. `identity` is that of the program (identity.h).
  static Result<Snapshot> open(const std::string& path, std::uint64_t identity);

  // Of all that it holds: two snapshots with the same checksum say the same.
  std::uint64_t checksum() const { return checksum_; }

  // Nothing when there is no such section, or a damaged one. The bytes live as long as the object.
  std::optional<std::string_view> section(std::string_view name) const;

  std::size_t record_count() const { return record_count_; }
  // Nothing when it is damaged, or there are not so many.
  std::optional<std::string_view> record(std::size_t number) const;

  // The names of all sections but those of the records.
  std::vector<std::string_view> names() const;

 private:
  struct Unmap {
    std::size_t size;
    void operator()(const char* bytes) const;
  };
  struct Section {
    std::string_view bytes;
    std::uint64_t checksum;
  };

  Result<void> read_table(const std::string& path, std::uint64_t identity);
  Result<void> read_record_index(const std::string& path);

  std::unique_ptr<const char, Unmap> map_;
  std::map<std::string, Section, std::less<>> sections_;
  std::string_view records_;
  std::uint64_t checksum_ = 0;
  const char* record_index_ = nullptr;
  std::size_t record_count_ = 0;
};

}  // namespace ggen::state
