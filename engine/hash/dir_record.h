// What is known of one directory: its listing and its files' stamps and digests, as one block of
// bytes that is the same in memory and in the index. A record that nobody changes stays where the
// index is mapped; the first change copies it. Knows no file system.
//
// RecordHead, RecordEntry[entries] sorted by the bytes of their names, and the names, each with a
// zero byte behind it. All numbers are the machine's own.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "hash/stamp.h"

namespace ggen::hash {

enum class EntryType : std::uint8_t { missing, file, link, directory, other };

EntryType type_of_mode(std::uint32_t mode);

struct RecordEntry {
  enum Flag : std::uint8_t {
    kTracked = 1,  // verify_all() looks at it
    kDigest = 2,   // digest belongs to stamp
    kRacy = 4,     // and may not for long, see stamp.h
    kIgnored = 8,  // by git, if RecordHead::rules says by which rules
    kQueued = 16,  // to be hashed by the walk that is going on
  };

  Stamp stamp;             // as last looked at; zero: never
  Digest digest;           // zero unless kDigest
  std::uint32_t name = 0;  // offset in the names
  std::uint16_t name_size = 0;
  EntryType type = EntryType::missing;
  std::uint8_t flags = 0;

  bool has(Flag flag) const { return (flags & flag) != 0; }
  void set(Flag flag, bool on) {
    flags = static_cast<std::uint8_t>(on ? flags | flag : flags & ~flag);
  }
  // Known to be what the stamp says, for as long as the stamp is the file's.
  bool settled() const { return has(kDigest) && !has(kRacy); }
  void forget() {
    stamp = {};
    digest = {};
    set(kDigest, false);
    set(kRacy, false);
    set(kQueued, false);
  }
};
static_assert(sizeof(RecordEntry) == 88);

struct RecordHead {
  Stamp dir;                // of the directory when it was listed; zero: the listing is not known
  std::uint64_t rules = 0;  // checksum of the ignore rules that decided kIgnored; 0: undecided
  std::uint32_t entries = 0;
  std::uint32_t names = 0;  // bytes
  std::uint32_t racy = 0;   // 1: the listing may change and keep its stamp
  std::uint32_t reserved = 0;

  bool listed() const { return dir.ino != 0; }
};
static_assert(sizeof(RecordHead) == 72);

class DirRecord {
 public:
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  DirRecord() = default;  // of a directory of which nothing is known
  // A record in somebody else's memory, aligned to 8. Nothing if its sizes do not add up.
  static std::optional<DirRecord> view(std::string_view bytes);

  const RecordHead& head() const { return *reinterpret_cast<const RecordHead*>(data()); }
  std::span<const RecordEntry> entries() const {
    return {reinterpret_cast<const RecordEntry*>(data() + sizeof(RecordHead)), head().entries};
  }
  const RecordEntry& operator[](std::size_t i) const { return entries()[i]; }
  // With a zero byte behind it.
  const char* name(const RecordEntry& entry) const {
    return data() + sizeof(RecordHead) + head().entries * sizeof(RecordEntry) + entry.name;
  }
  std::string_view name_view(const RecordEntry& entry) const {
    return {name(entry), entry.name_size};
  }
  std::size_t find(std::string_view name) const;

  RecordHead& edit_head();
  RecordEntry& edit(std::size_t i);

  struct Item {
    std::string_view name;  // need not outlive the call
    RecordEntry entry;
  };
  // Replaces the entries; sorts the items.
  void rebuild(std::vector<Item>& items);

  std::string_view bytes() const { return {data(), size_}; }
  bool owned() const { return owned_ != nullptr; }

 private:
  const char* data() const { return data_; }
  void own();

  static const RecordHead kNothing;
  const char* data_ = reinterpret_cast<const char*>(&kNothing);
  std::size_t size_ = sizeof(RecordHead);
  std::unique_ptr<char[]> owned_;
};

}  // namespace ggen::hash
