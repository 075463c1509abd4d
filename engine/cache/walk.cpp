// SPDX-License-Identifier: MIT
#include "cache/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <ctime>
#include <memory>
#include <string_view>

#include "base/fd.h"
#include "cache/layout.h"

namespace ggen::cache {

namespace {

constexpr std::time_t kLeftoverAge = 3600;

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using Dir = std::unique_ptr<DIR, CloseDir>;

Dir open_dir(int parent, const char* name) {
  Fd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return nullptr;
  Dir dir(::fdopendir(fd.get()));
  if (dir) static_cast<void>(fd.release());
  return dir;
}

// The next name but "." and "..", null at the end.
const char* next_name(DIR* dir) {
  while (const dirent* entry = ::readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return entry->d_name;
  }
  return nullptr;
}

}  // namespace

Result<void> each_file_of(int dir_fd, std::uint8_t first,
                          const std::function<void(StoredFile)>& visit) {
  if (dir_fd < 0) return {};
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::string sub = {kDigits[first >> 4U], kDigits[first & 15U]};
  const Dir dir = open_dir(dir_fd, sub.c_str());
  if (!dir && errno == ENOENT) return {};
  if (!dir) return Error::from_errno(errno, "list the cache's directory " + sub);
  while (const char* name = next_name(dir.get()))
    visit({sub + "/" + name, digest_of_name(sub, name)});
  return {};
}

Result<void> each_file(int dir_fd, const std::function<void(StoredFile)>& visit) {
  if (dir_fd < 0) return {};
  const Dir top = open_dir(dir_fd, ".");
  if (!top) return Error::from_errno(errno, "list the cache");
  while (const char* sub = next_name(top.get())) {
    const Dir dir = open_dir(dir_fd, sub);
    if (!dir && errno == ENOENT) continue;
    if (!dir && errno == ENOTDIR) {
      visit({sub, std::nullopt});
      continue;
    }
    if (!dir) return Error::from_errno(errno, std::string("list the cache's directory ") + sub);
    while (const char* name = next_name(dir.get()))
      visit({std::string(sub) + "/" + name, digest_of_name(sub, name)});
  }
  return {};
}

std::size_t remove_leftovers(int temporary_fd) {
  if (temporary_fd < 0) return 0;
  const Dir dir = open_dir(temporary_fd, ".");
  if (!dir) return 0;
  std::size_t removed = 0;
  const std::time_t now = std::time(nullptr);
  while (const char* name = next_name(dir.get())) {
    struct stat info {};
    if (::fstatat(temporary_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (now - info.st_mtim.tv_sec < kLeftoverAge) continue;
    if (::unlinkat(temporary_fd, name, 0) == 0) ++removed;
  }
  return removed;
}

}  // namespace ggen::cache
