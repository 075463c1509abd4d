// SPDX-License-Identifier: MIT
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <random>
#include <utility>

namespace ggen {

namespace {

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using Dir = std::unique_ptr<DIR, CloseDir>;

Error failed(std::string_view action, const std::string& path, int code = errno) {
  return Error::from_errno(code, std::string(action) + " " + path);
}

// The C functions would stop at the NUL and do something to another file.
Result<void> check_path(std::string_view action, const std::string& path) {
  if (path.empty()) return Error{ErrorKind::invalid, std::string(action) + ": the path is empty"};
  if (path.find('\0') != std::string::npos) {
    return Error{ErrorKind::invalid, std::string(action) + ": the path has a NUL byte inside"};
  }
  return {};
}

FileType type_of_mode(mode_t mode) {
  if (S_ISREG(mode)) return FileType::file;
  if (S_ISDIR(mode)) return FileType::directory;
  if (S_ISLNK(mode)) return FileType::link;
  return FileType::other;
}

// Not every file system fills d_type.
FileType type_of_entry(DIR* dir, const dirent& entry) {
  switch (entry.d_type) {
    case DT_REG: return FileType::file;
    case DT_DIR: return FileType::directory;
    case DT_LNK: return FileType::link;
    case DT_UNKNOWN: break;
    default: return FileType::other;
  }
  struct stat info {};
  if (::fstatat(::dirfd(dir), entry.d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
    return FileType::other;
  return type_of_mode(info.st_mode);
}

bool is_dot_name(const char* name) {
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

// What open() and mkdir() are tried with until a name is free.
std::string random_suffix() {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device source;
  std::string text;
  for (int i = 0; i < 16; ++i) text.push_back(kDigits[source() % kDigits.size()]);
  return text;
}

// The directory part with its slash, "" for a bare name.
std::string dir_prefix(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

}  // namespace

std::string_view file_type_name(FileType type) {
  switch (type) {
    case FileType::file: return "file";
    case FileType::directory: return "directory";
    case FileType::link: return "link";
    case FileType::other: return "other";
  }
  report_bug(__FILE__, __LINE__, "a file type without a name");
}

Result<FileInfo> stat_path(const std::string& path, FollowLinks follow) {
  GGEN_TRY(check_path("stat", path));
  struct stat info {};
  const int flags = follow == FollowLinks::yes ? 0 : AT_SYMLINK_NOFOLLOW;
  if (::fstatat(AT_FDCWD, path.c_str(), &info, flags) != 0) return failed("stat", path);
  return FileInfo{type_of_mode(info.st_mode), static_cast<std::uint64_t>(info.st_size),
                  info.st_mode & 07777,
                  std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec};
}

Result<std::string> read_file(const std::string& path, std::uint64_t max) {
  GGEN_TRY(check_path("read", path));
  // O_NONBLOCK: to open a named pipe that nobody writes to must not hang.
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return failed("read", path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return failed("read", path);
  if (S_ISDIR(info.st_mode)) return failed("read", path, EISDIR);
  if (!S_ISREG(info.st_mode))
    return Error{ErrorKind::invalid, "read " + path + ": not a regular file"};
  const Error too_long{ErrorKind::limit,
                       "read " + path + ": more than " + std::to_string(max) + " bytes"};
  if (static_cast<std::uint64_t>(info.st_size) > max) return too_long;

  // The size is a hint: files of /proc have none, and any file may grow meanwhile. Those of
  // /proc/sys give all they have at the first read, or never.
  std::string bytes;
  bytes.resize(std::max<std::size_t>(static_cast<std::size_t>(info.st_size) + 1, 256));
  std::size_t used = 0;
  for (;;) {
    if (used == bytes.size()) bytes.resize(bytes.size() * 2 + 4096);
    const ssize_t count = ::read(file.get(), bytes.data() + used, bytes.size() - used);
    if (count < 0) {
      if (errno == EINTR) continue;
      return failed("read", path);
    }
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
    if (used > max) return too_long;
  }
  bytes.resize(used);
  return bytes;
}

Result<FileReplacement> FileReplacement::open(const std::string& path) {
  GGEN_TRY(check_path("write", path));
  struct stat old {};
  bool exists = ::lstat(path.c_str(), &old) == 0;
  if (exists && S_ISLNK(old.st_mode)) {
    // A link to nothing yet is replaced by the file.
    if (auto target = real_path(path)) return open(*target);
    exists = false;
  }
  if (exists && S_ISDIR(old.st_mode)) return failed("write", path, EISDIR);
  if (exists && !S_ISREG(old.st_mode)) {
    return Error{ErrorKind::invalid, "write " + path + ": not a regular file"};
  }
  FileReplacement result;
  result.path_ = path;
  if (exists) result.mode_ = old.st_mode & 07777;
  std::string name;
  do {
    name = dir_prefix(path) + ".ggen-tmp-" + random_suffix();
    result.file_.reset(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  } while (!result.file_ && errno == EEXIST);
  if (!result.file_) return failed("write", path);
  result.temporary_ = std::move(name);
  return result;
}

FileReplacement::FileReplacement(FileReplacement&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      mode_(other.mode_),
      file_(std::move(other.file_)) {}

FileReplacement::~FileReplacement() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> FileReplacement::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return failed("write", path_);
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> FileReplacement::commit(Durable durable) {
  if (mode_ >= 0 && ::fchmod(file_.get(), static_cast<mode_t>(mode_)) != 0) {
    return failed("chmod", path_);
  }
  if (durable == Durable::yes && ::fsync(file_.get()) != 0) return failed("fsync", path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return failed("write", path_);
  temporary_.clear();
  if (durable == Durable::yes) {
    const auto prefix = dir_prefix(path_);
    const Fd dir(::open(prefix.empty() ? "." : prefix.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!dir || ::fsync(dir.get()) != 0) return failed("fsync the directory of", path_);
  }
  return {};
}

Result<void> write_file(const std::string& path, std::string_view bytes, Durable durable) {
  auto file = FileReplacement::open(path);
  if (!file) return file.error();
  GGEN_TRY(file->write(bytes));
  return file->commit(durable);
}

Result<std::vector<DirEntry>> list_dir(const std::string& path) {
  GGEN_TRY(check_path("list", path));
  const Dir dir(::opendir(path.c_str()));
  if (!dir) return failed("list", path);
  std::vector<DirEntry> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) break;
    if (is_dot_name(entry->d_name)) continue;
    entries.push_back({entry->d_name, type_of_entry(dir.get(), *entry)});
  }
  if (errno != 0) return failed("list", path);
  std::sort(entries.begin(), entries.end(),
            [](const DirEntry& a, const DirEntry& b) { return a.name < b.name; });
  return entries;
}

Result<void> make_dirs(const std::string& path) {
  GGEN_TRY(check_path("mkdir", path));
  // Upwards to the first directory that is there, then down again.
  std::vector<std::string> missing;
  std::string_view rest = path;
  for (;;) {
    while (rest.size() > 1 && rest.ends_with('/')) rest.remove_suffix(1);
    const std::string dir(rest);
    if (::mkdir(dir.c_str(), 0777) == 0) break;
    if (errno == EEXIST) {
      struct stat info {};
      if (::stat(dir.c_str(), &info) != 0) return failed("mkdir", dir);
      if (!S_ISDIR(info.st_mode)) return failed("mkdir", dir, EEXIST);
      break;
    }
    const auto slash = rest.rfind('/');
    if (errno != ENOENT || slash == std::string_view::npos || slash == 0)
      return failed("mkdir", dir);
    missing.push_back(dir);
    rest.remove_suffix(rest.size() - slash);
  }
  for (auto dir = missing.rbegin(); dir != missing.rend(); ++dir) {
    // Another process may make the same directories at the same time.
    if (::mkdir(dir->c_str(), 0777) != 0 && errno != EEXIST) return failed("mkdir", *dir);
  }
  return {};
}

Result<std::string> make_temp_dir(const std::string& parent, std::string_view prefix) {
  std::string path = parent + "/" + std::string(prefix) + "XXXXXX";
  GGEN_TRY(check_path("mkdir", path));
  if (::mkdtemp(path.data()) == nullptr) return failed("mkdir", path);
  return path;
}

Result<void> remove_path(const std::string& path) {
  GGEN_TRY(check_path("remove", path));
  if (::unlink(path.c_str()) == 0) return {};
  // unlink of a directory is EISDIR on Linux, EPERM elsewhere.
  if (errno != EISDIR && errno != EPERM) return failed("remove", path);
  if (::rmdir(path.c_str()) == 0) return {};
  return failed("remove", path, errno == ENOTDIR ? EPERM : errno);
}

Result<void> rename_path(const std::string& from, const std::string& to) {
  GGEN_TRY(check_path("rename", from));
  GGEN_TRY(check_path("rename", to));
  if (::rename(from.c_str(), to.c_str()) != 0) return failed("rename", from + " to " + to);
  return {};
}

Result<std::string> real_path(const std::string& path) {
  GGEN_TRY(check_path("realpath", path));
  const std::unique_ptr<char, void (*)(void*)> resolved(::realpath(path.c_str(), nullptr),
                                                        std::free);
  if (!resolved) return failed("realpath", path);
  return std::string(resolved.get());
}

Result<std::string> current_dir() {
  const std::unique_ptr<char, void (*)(void*)> dir(::getcwd(nullptr, 0), std::free);
  if (!dir) return Error::from_errno(errno, "getcwd");
  return std::string(dir.get());
}

bool is_executable(const std::string& path) {
  struct stat info {};
  return check_path("stat", path).has_value() && ::stat(path.c_str(), &info) == 0 &&
         S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace ggen
