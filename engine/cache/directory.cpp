// SPDX-License-Identifier: MIT
#include "cache/directory.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/file.h"
#include "cache/layout.h"

namespace ggen::cache {

namespace {

Fd open_dir(int parent, const char* name) {
  return Fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// Refuses what is not ours and what is newer than we are; makes the file in an empty directory.
Result<void> check_version(const std::string& root, bool make) {
  const std::string path = root + "/" + kVersionFile;
  auto text = read_file(path, 4096);
  if (text && *text == kVersionText) return {};
  if (text && text->starts_with("ggen-lua cache ")) {
    return Error{ErrorKind::invalid, root + " was written by a newer ggen-lua (" +
                                         text->substr(0, text->find('\n')) +
                                         "); use that version, or another directory with "
                                         "GGEN_CACHE_DIR"};
  }
  // Emptied or damaged: the rest of the directory is checked piece by piece anyway.
  if (!text && text.error().kind != ErrorKind::not_found) return std::move(text).error();
  auto names = list_dir(root);
  if (!names) return std::move(names).error();
  for (const DirEntry& entry : *names) {
    const bool ours = entry.name == kActions || entry.name == kBlobs || entry.name == kJournal ||
                      entry.name == kUsage || entry.name == kTemporary ||
                      entry.name == kVersionFile || entry.name == kIgnoreFile ||
                      entry.name.starts_with(".ggen-tmp-");
    if (!ours) {
      return Error{ErrorKind::invalid, root + " is no cache of ggen-lua: it holds " + entry.name +
                                           " (use another directory with GGEN_CACHE_DIR)"};
    }
  }
  if (make) return write_file(path, kVersionText);
  return {};
}

}  // namespace

Result<Directory> Directory::open_root(std::string root) {
  Directory directory(std::move(root));
  directory.root_fd_ = open_dir(AT_FDCWD, directory.root_.c_str());
  if (!directory.root_fd_) return Error::from_errno(errno, "open the cache " + directory.root_);
  return directory;
}

void Directory::open_parts() {
  actions_ = open_dir(fd(), kActions);
  blobs_ = open_dir(fd(), kBlobs);
  temporary_ = open_dir(fd(), kTemporary);
}

Result<Directory> Directory::open_existing(std::string root) {
  GGEN_TRY_ASSIGN(Directory directory, open_root(std::move(root)));
  GGEN_TRY(check_version(directory.root_, false));
  directory.open_parts();
  return directory;
}

Result<Directory> Directory::open(std::string root) {
  if (auto made = make_dirs(root); !made)
    return std::move(made).error().with_context("make the cache");
  GGEN_TRY_ASSIGN(Directory directory, open_root(std::move(root)));
  auto version = check_version(directory.root_, true);
  // What cannot be written may still be read.
  if (!version && version.error().kind == ErrorKind::invalid) return std::move(version).error();
  directory.open_parts();
  if (!directory.actions_ || !directory.blobs_ || !directory.temporary_) {
    for (const char* name : {kActions, kBlobs, kTemporary}) ::mkdirat(directory.fd(), name, 0777);
    directory.open_parts();
  }
  if (::faccessat(directory.fd(), kIgnoreFile, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT) {
    // Where it cannot be written nothing else can.
    static_cast<void>(write_file(directory.path(kIgnoreFile), kIgnoreText));
  }
  return directory;
}

void Directory::warn(const Digest& what, std::string message) const {
  const std::lock_guard lock(said_->mutex);
  if (said_->about.insert(what).second) said_->messages.push_back(std::move(message));
}

std::vector<std::string> Directory::take_warnings() const {
  const std::lock_guard lock(said_->mutex);
  return std::exchange(said_->messages, {});
}

}  // namespace ggen::cache
