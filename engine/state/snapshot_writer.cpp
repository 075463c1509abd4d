// SPDX-License-Identifier: MIT
#include "state/snapshot_writer.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>

#include "base/file.h"
#include "hash/checksum.h"

namespace ggen::state {

namespace {

constexpr std::size_t kBuffer = 256 * 1024;
constexpr const char* kTemporary = ".tmp-";
constexpr std::int64_t kAbandoned = 3600;  // seconds after which a temporary file is nobody's

template <class T>
std::string_view bytes_of(const std::vector<T>& items) {
  return {reinterpret_cast<const char*>(items.data()), items.size() * sizeof(T)};
}

// Files that writers which were killed have left.
void remove_abandoned(const std::string& dir, const std::string& prefix) {
  const auto entries = list_dir(dir);
  if (!entries) return;
  for (const DirEntry& entry : *entries) {
    if (!entry.name.starts_with(prefix)) continue;
    const std::string path = dir + "/" + entry.name;
    const auto info = stat_path(path, FollowLinks::no);
    if (info && info->mtime_ns / 1000000000 + kAbandoned < std::time(nullptr))
      (void)remove_path(path).has_value();
  }
}

}  // namespace

Result<SnapshotWriter> SnapshotWriter::create(const std::string& path, std::uint64_t identity) {
  const auto slash = path.rfind('/');
  GGEN_BUG_IF(slash == std::string::npos, "a snapshot without a directory");
  GGEN_TRY(make_dirs(path.substr(0, slash)));
  remove_abandoned(path.substr(0, slash), path.substr(slash + 1) + kTemporary);
  // mkostemp makes it readable for its owner only: a pipeline may have put secrets of its
  // environment into its tasks.
  std::string temporary = path + kTemporary + "XXXXXX";
  Fd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return Error::from_errno(errno, "write " + path);
  return SnapshotWriter(std::move(file), path, std::move(temporary), identity);
}

SnapshotWriter::SnapshotWriter(Fd file, std::string path, std::string temporary,
                               std::uint64_t identity)
    : file_(std::move(file)), path_(std::move(path)), temporary_(std::move(temporary)) {
  head_.version = Snapshot::kVersion;
  head_.identity = identity;
  buffer_.reserve(kBuffer);
  put(std::string(sizeof head_, '\0'));
  begin_section(kRecords);
}

SnapshotWriter::~SnapshotWriter() {
  if (file_ && !temporary_.empty()) ::unlink(temporary_.c_str());
}

void SnapshotWriter::put(std::string_view bytes) {
  written_ += bytes.size();
  if (buffer_.size() + bytes.size() > kBuffer) flush();
  buffer_ += bytes;
  if (buffer_.size() >= kBuffer) flush();
}

void SnapshotWriter::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty() && error_.message.empty()) {
    const ssize_t count = ::write(file_.get(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      error_ = Error::from_errno(errno, "write " + path_);
    else
      rest.remove_prefix(static_cast<std::size_t>(count));
  }
  buffer_.clear();
}

void SnapshotWriter::begin_section(std::string_view name) {
  GGEN_BUG_IF(name.empty() || name.size() > Snapshot::kMaxName, "a section with such a name");
  put(std::string((kAlignment - written_ % kAlignment) % kAlignment, '\0'));
  SectionEntry entry;
  std::copy(name.begin(), name.end(), entry.name.begin());
  entry.offset = written_;
  sections_.push_back(entry);
}

void SnapshotWriter::end_section(std::uint64_t checksum) {
  sections_.back().size = written_ - sections_.back().offset;
  sections_.back().checksum = checksum;
}

void SnapshotWriter::record(std::string_view bytes) {
  GGEN_BUG_IF(records_ended_, "a record after a section");
  records_.push_back({written_ - sections_.back().offset, hash::checksum(bytes)});
  put(bytes);
}

void SnapshotWriter::copy_records(const Snapshot& other) {
  for (std::size_t i = 0; i < other.record_count(); ++i) {
    const auto bytes = other.record(i);
    if (!bytes && error_.message.empty())
      error_ = {ErrorKind::invalid, "a record of the snapshot is damaged"};
    record(bytes.value_or(std::string_view{}));
  }
}

void SnapshotWriter::end_records() {
  if (records_ended_) return;
  records_ended_ = true;
  end_section(0);
  records_.push_back({sections_.back().size, 0});
  begin_section(kRecordIndex);
  put(bytes_of(records_));
  end_section(hash::checksum(bytes_of(records_)));
}

void SnapshotWriter::section(std::string_view name, std::string_view bytes) {
  end_records();
  if (has(name)) return;
  begin_section(name);
  put(bytes);
  end_section(hash::checksum(bytes));
}

bool SnapshotWriter::has(std::string_view name) const {
  return std::any_of(sections_.begin(), sections_.end(),
                     [&](const SectionEntry& entry) { return entry.name.data() == name; });
}

void SnapshotWriter::copy_sections(const Snapshot& other) {
  for (const std::string_view name : other.names()) {
    if (has(name)) continue;
    const auto bytes = other.section(name);
    if (bytes)
      section(name, *bytes);
    else if (error_.message.empty())
      error_ = {ErrorKind::invalid, "a section of the snapshot is damaged"};
  }
}

Result<void> SnapshotWriter::commit() {
  end_records();
  put(std::string((kAlignment - written_ % kAlignment) % kAlignment, '\0'));
  head_.table_offset = written_;
  head_.sections = static_cast<std::uint32_t>(sections_.size());
  put(bytes_of(sections_));
  head_.file_size = written_;
  head_.checksum = checksum_of(head_, bytes_of(sections_));
  flush();
  if (!error_.message.empty()) return error_;
  if (::pwrite(file_.get(), &head_, sizeof head_, 0) != sizeof head_)
    return Error::from_errno(errno, "write " + path_);
  GGEN_TRY(rename_path(temporary_, path_));
  temporary_.clear();
  return {};
}

}  // namespace ggen::state
