// SPDX-License-Identifier: MIT
#define XXH_INLINE_ALL
#include "state/snapshot.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "hash/checksum.h"
#include "state/snapshot_format.h"

namespace ggen::state {

namespace {

Error unusable(const std::string& path, const char* why) {
  return Error{ErrorKind::invalid, path + " " + why};
}

// [offset, offset + size) of `bytes`, nothing unless all of it is there.
std::optional<std::string_view> slice(std::string_view bytes, std::uint64_t offset,
                                      std::uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
  return bytes.substr(offset, size);
}

template <class T>
T value_at(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

}  // namespace

std::uint64_t checksum_of(const SnapshotHead& head, std::string_view table) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, &head, kCheckedHead);
  XXH3_64bits_update(&state, table.data(), table.size());
  return XXH3_64bits_digest(&state);
}

void Snapshot::Unmap::operator()(const char* bytes) const {
  ::munmap(const_cast<char*>(bytes), size);
}

Result<Snapshot> Snapshot::open(const std::string& path, std::uint64_t identity) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return Error::from_errno(errno, "open " + path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return Error::from_errno(errno, "stat " + path);
  if (!S_ISREG(info.st_mode)) return unusable(path, "is not a regular file");
  // What it says is done: whoever could write it could run programs as this user.
  if (info.st_uid != ::geteuid()) return unusable(path, "belongs to another user");
  if (static_cast<std::uint64_t>(info.st_size) < sizeof(SnapshotHead))
    return unusable(path, "is damaged (too short)");
  const auto size = static_cast<std::size_t>(info.st_size);
  void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (bytes == MAP_FAILED) return Error::from_errno(errno, "map " + path);

  Snapshot snapshot;
  snapshot.map_ = {static_cast<const char*>(bytes), Unmap{size}};
  GGEN_TRY(snapshot.read_table(path, identity));
  GGEN_TRY(snapshot.read_record_index(path));
  return snapshot;
}

Result<void> Snapshot::read_table(const std::string& path, std::uint64_t identity) {
  const std::string_view file(map_.get(), map_.get_deleter().size);
  const auto head = value_at<SnapshotHead>(file.data());
  if (head.magic != kMagic) return unusable(path, "is damaged (not a snapshot)");
  if (head.byte_order != kByteOrder) return unusable(path, "was written by another machine");
  if (head.version != kVersion) return unusable(path, "was written by another version");
  if (head.file_size != file.size()) return unusable(path, "is damaged (wrong size)");
  const auto table = slice(file, head.table_offset, head.sections * sizeof(SectionEntry));
  if (!table || head.checksum != checksum_of(head, *table))
    return unusable(path, "is damaged (wrong checksum)");
  checksum_ = head.checksum;
  if (head.identity != identity) return unusable(path, "was written by another build of ggen-lua");
  for (std::size_t i = 0; i < head.sections; ++i) {
    const auto entry = value_at<SectionEntry>(table->data() + i * sizeof(SectionEntry));
    const auto bytes = slice(file, entry.offset, entry.size);
    if (!bytes || entry.name.back() != '\0') return unusable(path, "is damaged (wrong table)");
    sections_[entry.name.data()] = {*bytes, entry.checksum};
  }
  return {};
}

Result<void> Snapshot::read_record_index(const std::string& path) {
  const auto records = sections_.find(kRecords);
  const auto index = section(kRecordIndex);
  if (records == sections_.end() || !index || index->size() < sizeof(RecordEntry) ||
      index->size() % sizeof(RecordEntry) != 0)
    return unusable(path, "is damaged (no records)");
  records_ = records->second.bytes;
  record_index_ = index->data();
  record_count_ = index->size() / sizeof(RecordEntry) - 1;
  return {};
}

std::optional<std::string_view> Snapshot::section(std::string_view name) const {
  const auto found = sections_.find(name);
  if (found == sections_.end() || hash::checksum(found->second.bytes) != found->second.checksum)
    return std::nullopt;
  return found->second.bytes;
}

std::optional<std::string_view> Snapshot::record(std::size_t number) const {
  if (number >= record_count_) return std::nullopt;
  const char* at = record_index_ + number * sizeof(RecordEntry);
  const auto entry = value_at<RecordEntry>(at);
  const auto next = value_at<RecordEntry>(at + sizeof(RecordEntry));
  if (next.offset < entry.offset) return std::nullopt;
  const auto bytes = slice(records_, entry.offset, next.offset - entry.offset);
  if (!bytes || hash::checksum(*bytes) != entry.checksum) return std::nullopt;
  return bytes;
}

std::vector<std::string_view> Snapshot::names() const {
  std::vector<std::string_view> names;
  for (const auto& [name, section] : sections_)
    if (name != kRecords && name != kRecordIndex) names.push_back(name);
  return names;
}

}  // namespace ggen::state
