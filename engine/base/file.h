// Whole files and directories, as Result. All calls block: for small files, and for worker threads.
// Paths are bytes; a path with a NUL byte inside is refused. Knows nothing of what is in the files.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ggen {

enum class FileType { file, directory, link, other };

// "file", "directory", "link", "other"
std::string_view file_type_name(FileType type);

struct FileInfo {
  FileType type = FileType::other;
  std::uint64_t size = 0;     // bytes
  std::uint32_t mode = 0;     // permission bits, 07777 at most
  std::int64_t mtime_ns = 0;  // since 1970-01-01 UTC
};

struct DirEntry {
  std::string name;
  FileType type = FileType::other;
};

enum class FollowLinks { yes, no };
Result<FileInfo> stat_path(const std::string& path, FollowLinks follow = FollowLinks::yes);

// Reads a regular file (a pipe or a device would block or never end). A file of more than `max`
// bytes is an error of kind limit, and nothing is kept.
Result<std::string> read_file(const std::string& path, std::uint64_t max = UINT64_MAX);

enum class Durable { yes, no };

// Gives a file its bytes piece by piece, or leaves it as it was: a temporary file beside it is
// renamed onto it. Keeps the mode of a file that is there, and follows a link. Only replaces
// regular files. What was not committed is removed with it.
class FileReplacement {
 public:
  static Result<FileReplacement> open(const std::string& path);
  FileReplacement(FileReplacement&& other) noexcept;
  FileReplacement& operator=(FileReplacement&&) = delete;
  ~FileReplacement();

  Result<void> write(std::string_view bytes);
  Result<void> commit(Durable durable = Durable::no);

 private:
  FileReplacement() = default;
  std::string path_, temporary_;
  int mode_ = -1;  // of the file that is there
  Fd file_;
};

// Makes `path` hold exactly `bytes`, or leaves it as it was, as FileReplacement.
Result<void> write_file(const std::string& path, std::string_view bytes,
                        Durable durable = Durable::no);

// The entries but "." and "..", sorted by bytes.
Result<std::vector<DirEntry>> list_dir(const std::string& path);

// Makes the directory and the missing ones above it.
Result<void> make_dirs(const std::string& path);

// Makes a new private directory <parent>/<prefix>XXXXXX and returns its path.
Result<std::string> make_temp_dir(const std::string& parent, std::string_view prefix);

// Removes one file, link or empty directory.
Result<void> remove_path(const std::string& path);

// Removes it with all that is below. A link is removed, never followed, also when another process
// swaps a directory for a link meanwhile. Needs few descriptors however deep the tree is.
Result<void> remove_tree(const std::string& path);

Result<void> rename_path(const std::string& from, const std::string& to);
Result<std::string> real_path(const std::string& path);
Result<std::string> current_dir();

// Whether it is a regular file that this user may execute.
bool is_executable(const std::string& path);

}  // namespace ggen
