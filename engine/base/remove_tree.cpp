// remove_tree of base/file.h. Works on descriptors of the directories that it is inside of, so that
// no link can lead it elsewhere. It keeps kMaxOpen of them at most: directories deeper than that
// are first renamed up into the top one.
// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "base/file.h"

namespace ggen {

namespace {

constexpr std::size_t kMaxOpen = 64;

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

struct Level {
  std::unique_ptr<DIR, CloseDir> dir;
  std::string name;  // in the directory above; the whole path for the top

  int fd() const { return ::dirfd(dir.get()); }
};

class TreeRemover {
 public:
  explicit TreeRemover(const std::string& path) : path_(path) {}

  Result<void> run() {
    GGEN_TRY(enter(AT_FDCWD, path_));
    while (!levels_.empty()) {
      errno = 0;
      const dirent* entry = ::readdir(levels_.back().dir.get());
      if (entry == nullptr) {
        if (errno != 0) return failed();
        GGEN_TRY(leave());
        continue;
      }
      const std::string name = entry->d_name;
      if (name != "." && name != "..") GGEN_TRY(remove(name));
    }
    return {};
  }

 private:
  Result<void> enter(int parent, const std::string& name) {
    const int fd = ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return failed();
    std::unique_ptr<DIR, CloseDir> dir(::fdopendir(fd));
    if (!dir) {
      const int code = errno;
      ::close(fd);
      errno = code;
      return failed();
    }
    levels_.push_back({std::move(dir), name});
    return {};
  }

  // The directory at the end of levels_ has been read to its end.
  Result<void> leave() {
    if (levels_.size() == 1 && moved_) {
      moved_ = false;
      ::rewinddir(levels_.back().dir.get());
      return {};
    }
    const Level level = std::move(levels_.back());
    levels_.pop_back();
    const int parent = levels_.empty() ? AT_FDCWD : levels_.back().fd();
    if (::unlinkat(parent, level.name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
      return failed();
    return {};
  }

  Result<void> remove(const std::string& name) {
    const int dir = levels_.back().fd();
    if (::unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR && errno != EPERM) return failed();
    if (levels_.size() < kMaxOpen) return enter(dir, name);
    // A directory may be renamed onto an empty one, but never onto anything that holds something.
    while (::renameat(dir, name.c_str(), levels_.front().fd(), moved_name().c_str()) != 0) {
      if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR) return failed();
      ++number_;
    }
    ++number_;
    moved_ = true;
    return {};
  }

  std::string moved_name() const { return ".ggen-rm-" + std::to_string(number_); }

  // The path of the entry itself may be longer than any message should be.
  Error failed() const {
    const int code = errno;
    std::string where = path_;
    for (std::size_t i = 1; i < levels_.size() && where.size() < 200; ++i)
      where += "/" + levels_[i].name;
    return Error::from_errno(code, "remove " + where);
  }

  std::string path_;
  std::vector<Level> levels_;
  unsigned number_ = 0;
  bool moved_ = false;
};

}  // namespace

Result<void> remove_tree(const std::string& path) {
  std::string plain = path;
  // "link/" would be followed.
  while (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
  const auto name = plain.substr(plain.rfind('/') + 1);
  if (name.empty() || name == "." || name == "..") {
    return Error{ErrorKind::invalid, "remove \"" + path + "\": name the directory itself"};
  }
  auto simple = remove_path(plain);
  if (simple || simple.error().kind != ErrorKind::exists) return simple;
  return TreeRemover(plain).run();
}

}  // namespace ggen
