// The file index on disk: one record a directory (hash/dir_record.h) and the notes, in one flat
// file that is mapped to be read and replaced as a whole to be changed. Knows no file but itself.
//
//   FileHead      magic, version, sizes; checksum of itself and of the table behind it
//   FileItem[]    the table: directories sorted by key, then notes sorted by name
//   the keys and names, each with a zero byte behind it, in the order of the table
//   the records and the notes' bytes, each at a multiple of 8
//
// The head's checksum covers everything up to the records. Each record and note has its own in the
// table, verified when it is used; a wrong one means that nothing of the file can be relied on.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hash/dir_record.h"

namespace ggen::hash {

struct FileItem {
  std::uint64_t offset = 0;    // in the file
  std::uint64_t size = 0;      // bytes
  std::uint64_t checksum = 0;  // of the bytes
  std::uint32_t name = 0;      // offset in the names
  std::uint32_t name_size = 0;
  std::uint32_t entries = 0;  // of the record
  std::uint32_t watched = 0;  // 1: verify_all() looks at it
};
static_assert(sizeof(FileItem) == 40);

class FileIndex {
 public:
  FileIndex() = default;
  ~FileIndex();
  FileIndex(const FileIndex&) = delete;
  FileIndex& operator=(const FileIndex&) = delete;

  // Not there: stays empty. Damaged, or not ours: stays empty, and damage() says what it is.
  Result<void> open(const std::string& path);
  const std::string& damage() const { return damage_; }

  std::span<const FileItem> dirs() const { return dirs_; }
  const char* name(const FileItem& item) const { return names_ + item.name; }
  // Position in dirs(), or npos.
  std::size_t find(std::string_view key) const;
  // Verifies the checksum: nothing for a damaged record. From any thread.
  std::optional<DirRecord> record(const FileItem& item) const;
  // The bytes of a directory's record as they are.
  std::string_view bytes(const FileItem& item) const {
    return {map_ + item.offset, static_cast<std::size_t>(item.size)};
  }

  std::span<const FileItem> notes() const { return notes_; }
  // Verifies the checksum: nothing for a damaged note.
  std::optional<std::string_view> note(const FileItem& item) const;

  // Forgets the contents. What views them stays valid.
  void drop();

  struct Part {
    std::string_view name;
    std::string_view bytes;
    std::uint32_t entries = 0;
    bool watched = false;
    // Of bytes that were carried over unseen: damage stays visible.
    std::optional<std::uint64_t> known_checksum;
  };
  // Replaces the file, or leaves it as it was. Sorts the parts. Makes the directory.
  static Result<void> write(const std::string& path, std::vector<Part>& dirs,
                            std::vector<Part>& notes);

 private:
  std::string check();

  const char* map_ = nullptr;
  std::size_t map_size_ = 0;
  const char* names_ = nullptr;
  std::span<const FileItem> dirs_;
  std::span<const FileItem> notes_;
  std::string damage_;
};

}  // namespace ggen::hash
