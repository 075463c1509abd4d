// See staging.h.
// SPDX-License-Identifier: MIT
#include "cache/staging.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_set>

#include "base/glob.h"
#include "cache/new_file.h"
#include "cache/open_beneath.h"
#include "cache/parallel.h"
#include "hash/tree.h"

namespace ggen::cache {

namespace {

using hash::EntryKind;

// So many files of one directory are a unit of work: the directory is opened once for them.
constexpr std::size_t kUnit = 64;
constexpr std::size_t kBlock = 1 << 16;

Result<Fd> open_dir(const std::string& path) {
  Fd dir(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return Error::from_errno(errno, "open " + path);
  return dir;
}

// The bytes of `from` into `to`.
Result<std::uint64_t> copy_bytes(int from, int to, std::uint64_t size) {
  if (size > 0 && ::ioctl(to, FICLONE, from) == 0) return size;
  std::uint64_t copied = 0;
  bool in_kernel = true;
  for (;;) {
    ssize_t count = -1;
    if (in_kernel) {
      count = ::copy_file_range(from, nullptr, to, nullptr, kBlock * 16, 0);
      if (count < 0 && errno != EINTR) in_kernel = false;
      if (count < 0) continue;
    } else {
      thread_local char block[kBlock];
      count = ::read(from, block, sizeof(block));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return Error::from_errno(errno, "read a file");
      for (ssize_t done = 0; done < count;) {
        const ssize_t part = ::write(to, block + done, static_cast<std::size_t>(count - done));
        if (part < 0 && errno == EINTR) continue;
        if (part < 0) return Error::from_errno(errno, "write a file");
        done += part;
      }
    }
    if (count == 0) return copied;
    copied += static_cast<std::uint64_t>(count);
  }
}

Error moved(const std::string& path) {
  return {ErrorKind::cancelled, path + " has changed meanwhile"};
}

// One input into the open directory that it belongs to.
Result<std::uint64_t> copy_input(const std::string& root, const Input& input, int dir) {
  const std::string source = root + "/" + input.path;
  const char* name = name_of(input.path).data();
  if (input.kind == EntryKind::link) {
    char target[PATH_MAX];
    const ssize_t length = ::readlink(source.c_str(), target, sizeof(target) - 1);
    if (length < 0) return moved(input.path);
    target[length] = 0;
    if (::symlinkat(target, dir, name) != 0) return Error::from_errno(errno, "link " + input.path);
    return std::uint64_t{0};
  }
  const Fd from(::open(source.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (!from && (errno == ENOENT || errno == ELOOP)) return moved(input.path);
  if (!from) return Error::from_errno(errno, "open " + input.path);
  if (::fstat(from.get(), &info) != 0 || !S_ISREG(info.st_mode)) return moved(input.path);
  const Fd to(::openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!to) return Error::from_errno(errno, "make a copy of " + input.path);
  auto copied = copy_bytes(from.get(), to.get(),
                           static_cast<std::uint64_t>(std::max<off_t>(info.st_size, 0)));
  if (!copied) return std::move(copied).error().with_context("copy " + input.path);
  const timespec times[2] = {info.st_atim, info.st_mtim};
  if (::fchmod(to.get(), info.st_mode & 07777) != 0 || ::futimens(to.get(), times) != 0)
    return Error::from_errno(errno, "copy " + input.path);
  return copied;
}

struct Unit {
  std::size_t first;
  std::size_t count;
};

}  // namespace

Result<Staged> stage(const std::string& root, std::span<const Input> inputs, const std::string& dir,
                     unsigned threads) {
  GGEN_TRY_ASSIGN(const Fd dir_fd, open_dir(dir));
  std::vector<Unit> units;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].kind == EntryKind::missing) continue;
    const bool same = !units.empty() && units.back().first + units.back().count == i &&
                      units.back().count < kUnit &&
                      parent_of(inputs[i - 1].path) == parent_of(inputs[i].path);
    if (same)
      ++units.back().count;
    else
      units.push_back({i, 1});
  }
  Staged staged;
  std::mutex mutex;
  const auto copy_unit = [&](std::size_t u) -> Result<void> {
    const std::string parent(parent_of(inputs[units[u].first].path));
    GGEN_TRY_ASSIGN(const Fd into, open_beneath(dir_fd.get(), parent, MakeDirs::yes));
    std::uint64_t bytes = 0;
    for (std::size_t i = units[u].first; i < units[u].first + units[u].count; ++i) {
      if (inputs[i].kind == EntryKind::directory) {
        GGEN_TRY(open_beneath(dir_fd.get(), inputs[i].path, MakeDirs::yes));
        continue;
      }
      GGEN_TRY_ASSIGN(const std::uint64_t copied, copy_input(root, inputs[i], into.get()));
      bytes += copied;
    }
    const std::lock_guard lock(mutex);
    staged.files += units[u].count;
    staged.bytes += bytes;
    return {};
  };
  GGEN_TRY(for_each_parallel(units.size(), threads, 4, copy_unit));
  return staged;
}

namespace {

// What the patterns match below a directory, as the outputs of a task.
Result<std::vector<Input>> matched(const std::string& dir,
                                   const std::vector<std::string>& patterns) {
  hash::Tree tree(dir, "", 1);
  const hash::SetId set = tree.add({"", patterns, {}, true, true});
  GGEN_TRY(tree.resolve(std::span(&set, 1)));
  std::vector<Input> found;
  tree.each(set, [&](const hash::TreeEntry& entry) {
    if (entry.kind != EntryKind::missing) found.push_back({std::string(entry.path), entry.kind});
  });
  return found;
}

class Collection {
 public:
  Collection(int from, int to, std::vector<Input> made, std::vector<Input> present)
      : from_(from), to_(to), made_(std::move(made)), present_(std::move(present)) {}

  Result<void> prepare();
  Result<void> remove_stale(const GlobSet& declared);
  Result<void> move();
  Collected take() const { return collected_; }

 private:
  int from_, to_;
  std::vector<Input> made_, present_;
  std::unordered_set<std::string_view> wanted_;  // files, links, and all directories of them
  Collected collected_;
};

// Finds out what is in the way before anything moves.
Result<void> Collection::prepare() {
  for (const Input& output : made_) {
    wanted_.insert(output.path);
    for (auto above = parent_of(output.path); !above.empty(); above = parent_of(above))
      if (!wanted_.insert(above).second) break;
    const auto source = open_beneath(from_, std::string(parent_of(output.path)), MakeDirs::no);
    if (!source) return Error(source.error()).with_context("take " + output.path + " back");
  }
  // Files that were outputs may stand where directories have to be: these go first.
  std::unordered_set<std::string_view> going;
  for (const Input& entry : present_)
    if (entry.kind != EntryKind::directory) going.insert(entry.path);
  for (const std::string_view path : wanted_) {
    struct stat info {};
    const std::string name(path);
    if (::fstatat(to_, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const bool is_dir = std::none_of(made_.begin(), made_.end(), [&](const Input& output) {
      return output.path == path && output.kind != EntryKind::directory;
    });
    if (is_dir && !S_ISDIR(info.st_mode) && !going.contains(path))
      return Error{ErrorKind::invalid, name + " is in the way: it is no directory"};
  }
  return {};
}

Result<void> Collection::remove_stale(const GlobSet& declared) {
  std::set<std::string, std::greater<>> dirs;  // what is deeper comes first
  std::unordered_set<std::string_view> files;
  for (const Input& output : made_)
    if (output.kind != EntryKind::directory) files.insert(output.path);
  for (const Input& entry : present_) {
    for (auto above = parent_of(entry.path); !above.empty(); above = parent_of(above))
      if (!dirs.emplace(above).second) break;
    if (entry.kind == EntryKind::directory) dirs.emplace(entry.path);
    if (entry.kind == EntryKind::directory || files.contains(entry.path)) continue;
    auto dir = open_beneath(to_, std::string(parent_of(entry.path)), MakeDirs::no);
    if (!dir) return std::move(dir).error();
    if (::unlinkat(dir->get(), name_of(entry.path).data(), 0) == 0)
      ++collected_.removed;
    else if (errno != ENOENT)
      return Error::from_errno(errno, "remove " + entry.path);
  }
  for (const std::string& path : dirs) {
    if (!files.contains(path) && (wanted_.contains(path) || !declared.match(path))) continue;
    const auto dir = open_beneath(to_, std::string(parent_of(path)), MakeDirs::no);
    if (dir && ::unlinkat(dir->get(), name_of(path).data(), AT_REMOVEDIR) == 0)
      ++collected_.removed;
  }
  return {};
}

// A rename, or a whole new file where the two are on different file systems.
Result<void> move_one(int from, int to, const Input& output) {
  const char* name = name_of(output.path).data();
  if (::renameat(from, name, to, name) == 0) return {};
  if (errno != EXDEV || output.kind != EntryKind::file)
    return Error::from_errno(errno, "bring " + output.path + " back");
  const Fd source(::openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!source || ::fstat(source.get(), &info) != 0)
    return Error::from_errno(errno, "open " + output.path);
  GGEN_TRY_ASSIGN(NewFile file, NewFile::create(to, info.st_mode & 0777));
  GGEN_TRY(copy_bytes(source.get(), file.fd(), static_cast<std::uint64_t>(info.st_size)));
  GGEN_TRY(file.publish(to, name, Replace::yes));
  return {};
}

Result<void> Collection::move() {
  for (const Input& output : made_) {
    if (output.kind == EntryKind::directory) {
      GGEN_TRY(open_beneath(to_, output.path, MakeDirs::yes));
      continue;
    }
    const std::string parent(parent_of(output.path));
    GGEN_TRY_ASSIGN(const Fd from, open_beneath(from_, parent, MakeDirs::no));
    GGEN_TRY_ASSIGN(const Fd to, open_beneath(to_, parent, MakeDirs::yes));
    GGEN_TRY(move_one(from.get(), to.get(), output));
    ++collected_.files;
  }
  return {};
}

}  // namespace

Result<Collected> collect(const std::string& dir, const std::string& root,
                          const std::vector<std::string>& patterns) {
  if (patterns.empty()) return Collected{};  // to a set that means all files
  GGEN_TRY_ASSIGN(const Fd from, open_dir(dir));
  GGEN_TRY_ASSIGN(const Fd to, open_dir(root));
  std::vector<std::string> covered;
  for (const std::string& pattern : patterns) {
    covered.push_back(pattern);
    if (!pattern.starts_with('!')) covered.push_back(pattern + "/**");
  }
  GGEN_TRY_ASSIGN(const GlobSet declared, GlobSet::compile(covered));
  GGEN_TRY_ASSIGN(std::vector<Input> made, matched(dir, patterns));
  GGEN_TRY_ASSIGN(std::vector<Input> present, matched(root, patterns));
  Collection collection(from.get(), to.get(), std::move(made), std::move(present));
  GGEN_TRY(collection.prepare());
  GGEN_TRY(collection.remove_stale(declared));
  GGEN_TRY(collection.move());
  return collection.take();
}

}  // namespace ggen::cache
