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
#include <unordered_set>

#include "base/fd.h"
#include "base/file.h"
#include "hash/checksum.h"

namespace ggen::hash {

namespace {

constexpr std::string_view kMagic = "ggenidx\n";
constexpr std::string_view kChangesMagic = "ggenchg\n";

struct FileHead {
  char magic[8] = {};
  std::uint32_t version = 1;
  std::uint32_t order = 0x01020304;  // another machine's bytes read otherwise
  std::uint64_t file_size = 0;
  std::uint64_t dirs = 0;
  std::uint64_t notes = 0;
  std::uint64_t names = 0;     // bytes
  std::uint64_t checksum = 0;  // of this head with a zero here, the table and the names
};
static_assert(sizeof(FileHead) == 56);

// The note of a file of changes that names the file that they belong to.
constexpr std::string_view kBaseNote = "base";
constexpr std::uint32_t kGone = 2;
// Changes of less than one part in so many are written beside the file.
constexpr std::uint64_t kFewChanges = 4;

std::string number_bytes(std::uint64_t number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

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

// Whether the file at `path` is the one with this head: another run may have written it anew.
bool has_head(const std::string& path, std::uint64_t sum) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  FileHead head;
  return file && ::pread(file.get(), &head, sizeof head, 0) == sizeof head && head.checksum == sum;
}

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

FileIndex::Mapped::~Mapped() {
  if (map != nullptr) ::munmap(const_cast<char*>(map), size);
}

Result<void> FileIndex::Mapped::open(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    return Error::from_errno(errno, "open " + path);
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return Error::from_errno(errno, "stat " + path);
  // A directory, say: there is no index then, and save() tells whether there can be one.
  if (!S_ISREG(info.st_mode)) return {};
  size = static_cast<std::size_t>(info.st_size);
  // Nothing can be mapped of an empty file; one that is too short is told by check().
  static const char kNothing[1] = {};
  if (size == 0) {
    names = kNothing;
    return {};
  }
  void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (mapped == MAP_FAILED) return Error::from_errno(errno, "map " + path);
  map = names = static_cast<const char*>(mapped);
  return {};
}

std::string FileIndex::Mapped::check(std::string_view magic) {
  if (size < sizeof(FileHead)) return "cut short";
  const auto& head = *reinterpret_cast<const FileHead*>(map);
  const FileHead ours;
  if (std::string_view(head.magic, sizeof head.magic) != magic) return "not a file index";
  if (head.version != ours.version || head.order != ours.order) return "of another version";
  if (head.file_size != size) return "cut short";
  const std::uint64_t limit = size;
  if (head.dirs > limit / sizeof(FileItem) || head.notes > limit / sizeof(FileItem) ||
      head.names > limit) {
    return "damaged";
  }
  const std::uint64_t table = (head.dirs + head.notes) * sizeof(FileItem);
  if (sizeof(FileHead) + table + head.names > limit) return "damaged";
  const std::string_view rest(map + sizeof(FileHead), static_cast<std::size_t>(table + head.names));
  if (head_checksum(head, rest) != head.checksum) return "damaged";
  const auto* items = reinterpret_cast<const FileItem*>(map + sizeof(FileHead));
  names = map + sizeof(FileHead) + table;
  dirs = {items, static_cast<std::size_t>(head.dirs)};
  notes = {items + head.dirs, static_cast<std::size_t>(head.notes)};
  checksum = head.checksum;
  return {};
}

void FileIndex::drop() {
  dirs_ = {};
  notes_ = {};
  base_.checksum = 0;
}

Result<void> FileIndex::open(const std::string& path) {
  GGEN_BUG_IF(base_.names != nullptr, "the index is open already");
  GGEN_TRY(base_.open(path));
  if (base_.names == nullptr) return {};
  damage_ = base_.check(kMagic);
  if (!damage_.empty()) return {};
  dirs_ = base_.dirs;
  notes_ = base_.notes;
  GGEN_TRY(changes_.open(path + kChangesSuffix));
  if (changes_.names == nullptr) return {};
  damage_ = changes_.check(kChangesMagic);
  if (damage_.empty()) damage_ = take_in_changes();
  if (!damage_.empty()) drop();
  return {};
}

// Takes them in if they are changes of the first file; what is wrong with them.
std::string FileIndex::take_in_changes() {
  const auto base =
      std::find_if(changes_.notes.begin(), changes_.notes.end(),
                   [&](const FileItem& item) { return name_in(changes_, item) == kBaseNote; });
  if (base == changes_.notes.end()) return "damaged";
  const std::string_view number(changes_.map + base->offset, static_cast<std::size_t>(base->size));
  if (hash::checksum(number) != base->checksum) return "damaged";
  if (number == number_bytes(base_.checksum)) merge();
  return {};
}

void FileIndex::merge() {
  has_changes_ = true;
  const auto add = [](std::vector<FileItem>& list, const FileItem& item) {
    FileItem& added = list.emplace_back(item);
    added.offset |= kChange;
    added.name |= kChangedName;
  };
  merged_.reserve(base_.dirs.size() + changes_.dirs.size());
  const FileItem* at = base_.dirs.data();
  const FileItem* const end = at + base_.dirs.size();
  for (const FileItem& item : changes_.dirs) {
    const std::string_view key = name_in(changes_, item);
    const FileItem* next =
        std::lower_bound(at, end, key, [&](const FileItem& before, std::string_view wanted) {
          return name_in(base_, before) < wanted;
        });
    merged_.insert(merged_.end(), at, next);
    at = next != end && name_in(base_, *next) == key ? next + 1 : next;
    if ((item.watched & kGone) == 0) add(merged_, item);
  }
  merged_.insert(merged_.end(), at, end);
  for (const FileItem& item : changes_.notes) {
    if (name_in(changes_, item) != kBaseNote) add(merged_notes_, item);
  }
  dirs_ = merged_;
  notes_ = merged_notes_;
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

bool FileIndex::has(const Mapped& file, std::string_view key) {
  const auto found = std::lower_bound(
      file.dirs.begin(), file.dirs.end(), key,
      [&](const FileItem& item, std::string_view wanted) { return name_in(file, item) < wanted; });
  return found != file.dirs.end() && name_in(file, *found) == key;
}

// What of the directories is not as in the first file.
std::vector<FileIndex::Part> FileIndex::changed(const std::vector<Part>& dirs) const {
  std::vector<Part> list;
  std::unordered_set<std::string_view> there;
  for (const Part& part : dirs) {
    if (part.as_before || (part.gone && !has(base_, part.name))) continue;
    list.push_back(part);
    there.insert(part.name);
  }
  // What had gone before, and did not come back.
  for (const FileItem& item : has_changes_ ? changes_.dirs : std::span<const FileItem>()) {
    const std::string_view key = name_in(changes_, item);
    if ((item.watched & kGone) == 0 || there.contains(key)) continue;
    Part& gone = list.emplace_back();
    gone.name = key;
    gone.gone = true;
  }
  return list;
}

Result<void> FileIndex::save(const std::string& path, std::vector<Part>& dirs,
                             std::vector<Part>& notes) {
  const std::string changes_path = path + kChangesSuffix;
  if (base_.checksum != 0 && has_head(path, base_.checksum)) {
    std::vector<Part> list = changed(dirs);
    const std::string base = number_bytes(base_.checksum);
    std::uint64_t bytes = 0;
    for (const auto* parts : {&list, &notes}) {
      for (const Part& part : *parts)
        bytes += sizeof(FileItem) + part.name.size() + part.bytes.size();
    }
    if (bytes < base_.size / kFewChanges) {
      Part& note = notes.emplace_back();
      note.name = kBaseNote;
      note.bytes = base;
      return write(kChangesMagic, changes_path, list, notes);
    }
  }
  std::erase_if(dirs, [](const Part& part) { return part.gone; });
  GGEN_TRY(write(kMagic, path, dirs, notes));
  base_.checksum = 0;  // another file by now
  // They are of the file before.
  if (::unlink(changes_path.c_str()) != 0 && errno != ENOENT) {
    return Error::from_errno(errno, "remove " + changes_path);
  }
  return {};
}

Result<void> FileIndex::write(std::string_view magic, const std::string& path,
                              std::vector<Part>& dirs, std::vector<Part>& notes) {
  FileHead head;
  magic.copy(head.magic, sizeof head.magic);
  head.dirs = dirs.size();
  head.notes = notes.size();
  std::string names;
  std::vector<FileItem> items;
  items.reserve(dirs.size() + notes.size());
  for (auto* parts : {&dirs, &notes}) {
    std::sort(parts->begin(), parts->end(),
              [](const Part& a, const Part& b) { return a.name < b.name; });
    for (const Part& part : *parts) {
      items.push_back({0, part.bytes.size(),
                       part.known_checksum ? *part.known_checksum : checksum(part.bytes),
                       static_cast<std::uint32_t>(names.size()),
                       static_cast<std::uint32_t>(part.name.size()), part.entries,
                       part.gone      ? kGone
                       : part.watched ? 1U
                                      : 0U});
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
