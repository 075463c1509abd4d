// The cache's directory, opened: descriptors that everything else works relative to, and what there
// is to warn about. One object serves all threads of a run.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/fd.h"
#include "base/result.h"

namespace ggen::cache {

class Directory {
 public:
  // Makes the directory where it is missing. Fails when it was written by a newer version, or holds
  // something else. A directory that cannot be written is no failure: reading works, and each
  // attempt to store something says why it does not.
  static Result<Directory> open(std::string root);
  // As open(), but makes nothing: kind not_found when there is none.
  static Result<Directory> open_existing(std::string root);
  Directory(Directory&&) = default;
  Directory& operator=(Directory&&) = default;

  const std::string& root() const { return root_; }
  std::string path(std::string_view name) const { return root_ + "/" + std::string(name); }
  int fd() const { return root_fd_.get(); }
  int actions() const { return actions_.get(); }
  int blobs() const { return blobs_.get(); }
  // Where files are written before they get their name; -1 when that cannot be.
  int temporary() const { return temporary_.get(); }

  // Takes what was found damaged: each file is said once.
  void warn(const Digest& what, std::string message) const;
  // Hands over what has been said since the last call.
  std::vector<std::string> take_warnings() const;

 private:
  struct Said {
    std::mutex mutex;
    std::set<Digest> about;
    std::vector<std::string> messages;
  };
  explicit Directory(std::string root) : root_(std::move(root)), said_(new Said) {}
  static Result<Directory> open_root(std::string root);
  void open_parts();

  std::string root_;
  Fd root_fd_, actions_, blobs_, temporary_;
  std::unique_ptr<Said> said_;
};

}  // namespace ggen::cache
