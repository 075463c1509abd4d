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
//
// Beside it there may be a second file of the same form, "<path>.changes": what is otherwise since
// the first one was written, so that a small change does not cost writing all of it. It names the
// first file by the checksum of its head; beside another one it counts for nothing. Directories in
// it take the place of those in the first file, its notes that of all notes there.
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
  std::uint32_t watched = 0;  // 1: verify_all() looks at it; 2 (in changes): there is none any more
};
static_assert(sizeof(FileItem) == 40);

class FileIndex {
 public:
  // Of the second file's name.
  static constexpr const char* kChangesSuffix = ".changes";

  FileIndex() = default;
  FileIndex(const FileIndex&) = delete;
  FileIndex& operator=(const FileIndex&) = delete;

  // Not there: stays empty. Damaged, or not ours: stays empty, and damage() says what it is.
  Result<void> open(const std::string& path);
  const std::string& damage() const { return damage_; }

  std::span<const FileItem> dirs() const { return dirs_; }
  const char* name(const FileItem& item) const {
    return is_change(item) ? changes_.names + (item.name & ~kChangedName) : base_.names + item.name;
  }
  // Position in dirs(), or npos.
  std::size_t find(std::string_view key) const;
  // Verifies the checksum: nothing for a damaged record. From any thread.
  std::optional<DirRecord> record(const FileItem& item) const;
  // The bytes of a directory's record as they are.
  std::string_view bytes(const FileItem& item) const {
    const char* at =
        is_change(item) ? changes_.map + (item.offset & ~kChange) : base_.map + item.offset;
    return {at, static_cast<std::size_t>(item.size)};
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
    bool gone = false;       // there is none any more
    bool as_before = false;  // as the first file has it
    // Of bytes that were carried over unseen: damage stays visible.
    std::optional<std::uint64_t> known_checksum;
  };
  // Whether the second file has it.
  static bool is_change(const FileItem& item) { return (item.offset & kChange) != 0; }
  // Writes all of it, or leaves it as it was. What is as in the first file may be left there: then
  // the rest goes to the second one, if it is little and the first one is still there. Each
  // directory of dirs() is among the parts, perhaps as gone. Sorts the parts. Makes the directory.
  Result<void> save(const std::string& path, std::vector<Part>& dirs, std::vector<Part>& notes);

 private:
  static constexpr std::uint64_t kChange = std::uint64_t{1} << 63;
  static constexpr std::uint32_t kChangedName = std::uint32_t{1} << 31;

  // One of the two files.
  struct Mapped {
    ~Mapped();
    Result<void> open(const std::string& path);
    // What is wrong with the head and the table; empty if nothing is.
    std::string check(std::string_view magic);

    const char* map = nullptr;
    std::size_t size = 0;
    const char* names = nullptr;
    std::span<const FileItem> dirs;
    std::span<const FileItem> notes;
    std::uint64_t checksum = 0;  // of the head
  };

  static Result<void> write(std::string_view magic, const std::string& path,
                            std::vector<Part>& dirs, std::vector<Part>& notes);
  static std::string_view name_in(const Mapped& file, const FileItem& item) {
    return {file.names + item.name, item.name_size};
  }
  std::string take_in_changes();
  void merge();
  std::vector<Part> changed(const std::vector<Part>& dirs) const;
  static bool has(const Mapped& file, std::string_view key);

  Mapped base_;
  Mapped changes_;
  bool has_changes_ = false;      // and they are of base_
  std::vector<FileItem> merged_;  // of both files
  std::vector<FileItem> merged_notes_;
  std::span<const FileItem> dirs_;
  std::span<const FileItem> notes_;
  std::string damage_;
};

}  // namespace ggen::hash
