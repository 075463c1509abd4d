// SPDX-License-Identifier: MIT
#include "hash/file_index.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/fd.h"
#include "base/file.h"
#include "hash/checksum.h"

namespace ggen::hash {

namespace {

struct FileHead {
  char magic[8] = {'g', 'g', 'e', 'n', 'i', 'd', 'x', '\n'};
  std::uint32_t version = 1;
  std::uint32_t order = 0x01020304;  // another machine's bytes read otherwise
  std::uint64_t file_size = 0;
  std::uint64_t dirs = 0;
  std::uint64_t notes = 0;
  std::uint64_t names = 0;     // bytes
  std::uint64_t checksum = 0;  // of this head with a zero here, the table and the names
};
static_assert(sizeof(FileHead) == 56);

std::uint64_t rounded(std::uint64_t size) { return (size + 7) / 8 * 8; }

std::uint64_t head_checksum(FileHead head, std::string_view rest) {
  head.checksum = 0;
  return checksum(rest, checksum({reinterpret_cast<const char*>(&head), sizeof head}));
}

// Writes through a buffer of its own; errors stick.
class Writer {
 public:
  explicit Writer(int fd) : fd_(fd) { buffer_.reserve(kBuffer); }

  void add(std::string_view bytes) {
    if (buffer_.size() + bytes.size() > kBuffer) flush();
    if (bytes.size() > kBuffer) {
      put(bytes);
    } else {
      buffer_.append(bytes);
    }
    written_ += bytes.size();
  }
  void pad() { add(std::string_view("\0\0\0\0\0\0\0", rounded(written_) - written_)); }
  int finish() {
    flush();
    return error_;
  }

 private:
  static constexpr std::size_t kBuffer = 256 * 1024;

  void flush() {
    put(buffer_);
    buffer_.clear();
  }
  void put(std::string_view bytes) {
    while (error_ == 0 && !bytes.empty()) {
      const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) {
        error_ = errno;
      } else {
        bytes.remove_prefix(static_cast<std::size_t>(count));
      }
    }
  }

  int fd_;
  int error_ = 0;
  std::uint64_t written_ = 0;
  std::string buffer_;
};

// Removes what writers that were killed have left beside the file. One that is at work is younger.
void remove_leftovers(const std::string& path, const std::string& dir) {
  constexpr std::int64_t kOld = std::int64_t{600} * 1000000000;
  const std::string prefix = path.substr(dir.size()) + ".";
  const auto entries = list_dir(dir.empty() ? "." : dir);
  if (!entries) return;
  for (const DirEntry& entry : *entries) {
    if (!entry.name.starts_with(prefix) || entry.name.size() != prefix.size() + 6) continue;
    const auto info = stat_path(dir + entry.name, FollowLinks::no);
    if (info && info->mtime_ns < coarse_now_ns() - kOld) (void)remove_path(dir + entry.name);
  }
}

}  // namespace

FileIndex::~FileIndex() {
  if (map_ != nullptr) ::munmap(const_cast<char*>(map_), map_size_);
}

void FileIndex::drop() {
  dirs_ = {};
  notes_ = {};
}

Result<void> FileIndex::open(const std::string& path) {
  GGEN_BUG_IF(map_ != nullptr, "the index is open already");
  const Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    return Error::from_errno(errno, "open " + path);
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return Error::from_errno(errno, "stat " + path);
  if (!S_ISREG(info.st_mode)) return Error{ErrorKind::invalid, path + " is not a regular file"};
  map_size_ = static_cast<std::size_t>(info.st_size);
  if (map_size_ < sizeof(FileHead)) {
    damage_ = "cut short";
    return {};
  }
  void* map = ::mmap(nullptr, map_size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (map == MAP_FAILED) return Error::from_errno(errno, "map " + path);
  map_ = static_cast<const char*>(map);
  damage_ = check();
  if (!damage_.empty()) drop();
  return {};
}

// What is wrong with the head and the table; empty if nothing is.
std::string FileIndex::check() {
  const auto& head = *reinterpret_cast<const FileHead*>(map_);
  const FileHead ours;
  if (std::memcmp(head.magic, ours.magic, sizeof ours.magic) != 0) return "not a file index";
  if (head.version != ours.version || head.order != ours.order) return "of another version";
  if (head.file_size != map_size_) return "cut short";
  const std::uint64_t limit = map_size_;
  if (head.dirs > limit / sizeof(FileItem) || head.notes > limit / sizeof(FileItem) ||
      head.names > limit) {
    return "damaged";
  }
  const std::uint64_t table = (head.dirs + head.notes) * sizeof(FileItem);
  if (sizeof(FileHead) + table + head.names > limit) return "damaged";
  const std::string_view rest(map_ + sizeof(FileHead),
                              static_cast<std::size_t>(table + head.names));
  if (head_checksum(head, rest) != head.checksum) return "damaged";
  const auto* items = reinterpret_cast<const FileItem*>(map_ + sizeof(FileHead));
  names_ = map_ + sizeof(FileHead) + table;
  dirs_ = {items, static_cast<std::size_t>(head.dirs)};
  notes_ = {items + head.dirs, static_cast<std::size_t>(head.notes)};
  return {};
}

std::size_t FileIndex::find(std::string_view key) const {
  const auto found = std::lower_bound(
      dirs_.begin(), dirs_.end(), key, [&](const FileItem& item, std::string_view wanted) {
        return std::string_view(name(item), item.name_size) < wanted;
      });
  if (found == dirs_.end() || std::string_view(name(*found), found->name_size) != key) {
    return DirRecord::npos;
  }
  return static_cast<std::size_t>(found - dirs_.begin());
}

std::optional<DirRecord> FileIndex::record(const FileItem& item) const {
  const std::string_view all = bytes(item);
  if (checksum(all) != item.checksum) return {};
  return DirRecord::view(all);
}

std::optional<std::string_view> FileIndex::note(const FileItem& item) const {
  const std::string_view all = bytes(item);
  if (checksum(all) != item.checksum) return {};
  return all;
}

Result<void> FileIndex::write(const std::string& path, std::vector<Part>& dirs,
                              std::vector<Part>& notes) {
  FileHead head;
  head.dirs = dirs.size();
  head.notes = notes.size();
  std::string names;
  std::vector<FileItem> items;
  items.reserve(dirs.size() + notes.size());
  for (auto* parts : {&dirs, &notes}) {
    std::sort(parts->begin(), parts->end(),
              [](const Part& a, const Part& b) { return a.name < b.name; });
    for (const Part& part : *parts) {
      items.push_back(
          {0, part.bytes.size(), part.known_checksum ? *part.known_checksum : checksum(part.bytes),
           static_cast<std::uint32_t>(names.size()), static_cast<std::uint32_t>(part.name.size()),
           part.entries, part.watched ? 1U : 0U});
      names.append(part.name).push_back('\0');
    }
  }
  head.names = names.size();
  std::uint64_t offset = sizeof head + items.size() * sizeof(FileItem) + names.size();
  for (FileItem& item : items) {
    item.offset = rounded(offset);
    offset = item.offset + item.size;
  }
  head.file_size = rounded(offset);
  std::string rest(reinterpret_cast<const char*>(items.data()), items.size() * sizeof(FileItem));
  rest += names;
  head.checksum = head_checksum(head, rest);

  const std::string dir = path.substr(0, path.rfind('/') + 1);
  if (!dir.empty()) GGEN_TRY(make_dirs(dir));
  remove_leftovers(path, dir);
  std::string temporary = path + ".XXXXXX";
  Fd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return Error::from_errno(errno, "write " + path);
  Writer writer(file.get());
  writer.add({reinterpret_cast<const char*>(&head), sizeof head});
  writer.add(rest);
  for (const auto* parts : {&dirs, &notes}) {
    for (const Part& part : *parts) {
      writer.pad();
      writer.add(part.bytes);
    }
  }
  writer.pad();
  int code = writer.finish();
  if (code == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) code = errno;
  if (code == 0) return {};
  ::unlink(temporary.c_str());
  return Error::from_errno(code, "write " + path);
}

}  // namespace ggen::hash
