// A file that is being written and has no name yet: it gets its name when it is whole, and vanishes
// when it never does. Where the file system can, it has no name at all meanwhile (O_TMPFILE), so
// that not even a killed process leaves something behind.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace ggen::cache {

enum class Replace { yes, no };

class NewFile {
 public:
  // In the open directory `dir_fd`, which must outlive it, for a name there or in another directory
  // of the same file system. The mode is `mode` less the umask.
  static Result<NewFile> create(int dir_fd, unsigned mode);
  NewFile(NewFile&&) = default;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  int fd() const { return file_.get(); }
  Result<void> write(std::string_view bytes);

  // Gives it the name. Replace::no: a file that is there stays, which is no failure; false then.
  // Kind not_found when the directory of `name` is missing: make it and publish again.
  Result<bool> publish(int dir_fd, const char* name, Replace replace);

 private:
  NewFile(Fd file, int dir_fd, std::string temporary)
      : file_(std::move(file)), dir_fd_(dir_fd), temporary_(std::move(temporary)) {}

  Fd file_;
  int dir_fd_;
  std::string temporary_;  // its name meanwhile, where it has to have one
};

// Reads up to `size` bytes, fewer only at the end of the file. -1 and errno when it fails.
long read_full(int fd, char* to, std::size_t size);

}  // namespace ggen::cache
