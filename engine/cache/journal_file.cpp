// The file of cache/journal.h. Appending takes a shared lock and compacting an exclusive one, so
// that no record goes into a file that was just replaced.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>
#include <unordered_set>

#include "base/file.h"
#include "cache/accesses.h"
#include "cache/journal.h"
#include "cache/layout.h"

namespace ggen::cache {

namespace {

Error failed(const char* action) {
  return Error::from_errno(errno, std::string(action) + " the cache's journal");
}

// Opens the journal under a lock; the file is the one that has the name now.
Result<Fd> open_locked(const Directory& directory, int lock) {
  for (;;) {
    Fd file(::openat(directory.fd(), kJournal, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
    if (!file) return failed("open");
    // A file system without locks: appends are whole anyway.
    while (::flock(file.get(), lock) != 0 && errno == EINTR) {
    }
    struct stat opened {};
    if (::fstat(file.get(), &opened) != 0) return failed("stat");
    if (opened.st_nlink > 0) return file;
  }
}

// Calls visit(record) for each one that checks; returns the bytes that belong to none.
template <class Visit>
std::uint64_t each_record(std::string_view bytes, const Visit& visit) {
  std::uint64_t damaged = 0;
  Record record;
  std::size_t at = 0;
  while (at + kRecordSize <= bytes.size()) {
    if (decode(bytes.data() + at, record)) {
      visit(record);
      at += kRecordSize;
    } else {
      ++at;
      ++damaged;
    }
  }
  return damaged + (bytes.size() - at);
}

std::string bytes_of(std::span<const Record> records) {
  std::string bytes(records.size() * kRecordSize, '\0');
  for (std::size_t i = 0; i < records.size(); ++i)
    encode(records[i], bytes.data() + i * kRecordSize);
  return bytes;
}

// What is left of the records before the kept ones: the newest store and eviction of each key, the
// groups that kept repeats name, and the sum of the hits.
std::vector<Record> condense(std::span<const Record> old, std::span<const Record> kept) {
  std::unordered_set<ShortKey, ShortKeyHash> repeated, groups, stores, evicted;
  for (const Record& record : kept) {
    if (record.op == Op::repeat) repeated.insert(record.key);
    if (record.op == Op::group) groups.insert(record.key);
  }
  std::vector<Record> result;
  Record total;
  total.op = Op::total;
  // From the newest back; turned around at the end.
  for (std::size_t i = old.size(); i-- > 0;) {
    const Record& record = old[i];
    total.time_ms = std::max(total.time_ms, record.time_ms);
    if (record.op == Op::store && stores.insert(record.key).second) result.push_back(record);
    if (record.op == Op::evict && evicted.insert(record.key).second) result.push_back(record);
    if (record.op == Op::group) {
      const bool needed = repeated.contains(record.key) && groups.insert(record.key).second;
      const std::size_t size = std::min<std::size_t>(record.bytes, old.size() - i - 1);
      if (needed) {
        // Its hits are counted in it from now on: not in the total.
        for (std::size_t j = size; j > 0; --j) result.push_back(old[i + j]);
        result.push_back(record);
        for (std::size_t j = 1; j <= size; ++j) {
          total.bytes -= 1;
          total.cost_ms -= old[i + j].cost_ms;
        }
      }
    }
    if (record.op == Op::hit) {
      total.bytes += 1;
      total.cost_ms += record.cost_ms;
    } else if (record.op == Op::repeat || record.op == Op::total) {
      total.bytes += record.bytes;
      total.cost_ms += record.cost_ms;
    }
  }
  if (total.bytes > 0) result.push_back(total);
  std::reverse(result.begin(), result.end());
  return result;
}

}  // namespace

// One write, as a whole or (disk full) in part.
Result<void> Journal::append_bytes(std::string_view bytes) {
  GGEN_TRY_ASSIGN(const Fd file, open_locked(directory_, LOCK_SH));
  const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
  if (count < 0) return failed("write to");
  if (static_cast<std::size_t>(count) != bytes.size()) {
    errno = ENOSPC;
    return failed("write to");
  }
  return {};
}

Result<void> Journal::append(std::span<const Record> records) {
  if (records.empty()) return {};
  return append_bytes(bytes_of(records));
}

Result<void> Journal::append_group(const Group& group, std::span<const Record> hits,
                                   std::uint64_t time_ms) {
  const Record head = group_record(group, Op::group, time_ms);
  return append_bytes(bytes_of({&head, 1}) + bytes_of(hits));
}

Result<void> Journal::append_repeat(const Group& group, std::uint64_t time_ms) {
  const Record record = group_record(group, Op::repeat, time_ms);
  return append({&record, 1});
}

Result<Journal::Read> Journal::read() const {
  auto bytes = read_file(directory_.path(kJournal));
  if (!bytes && bytes.error().kind == ErrorKind::not_found) return Read{};
  if (!bytes) return std::move(bytes).error();
  Read read;
  read.records.reserve(bytes->size() / kRecordSize);
  read.damaged_bytes =
      each_record(*bytes, [&](const Record& record) { read.records.push_back(record); });
  return read;
}

Result<void> Journal::look_back(const std::function<bool(const RawRecord&)>& visit,
                                std::uint64_t most) const {
  constexpr std::uint64_t kBlock = 128 * 1024;
  const Fd file(::openat(directory_.fd(), kJournal, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file && errno == ENOENT) return {};
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0) return failed("open");
  auto end = static_cast<std::uint64_t>(info.st_size);
  const std::uint64_t first = end - std::min(end, most);
  std::vector<char> block(kBlock);
  while (end - first >= kRecordSize) {
    const std::uint64_t size = std::min(kBlock, end - first);
    const ssize_t count = ::pread(file.get(), block.data(), size, static_cast<off_t>(end - size));
    if (count < 0) return failed("read");
    if (static_cast<std::uint64_t>(count) != size) return {};  // somebody cut it off
    std::uint64_t left = size;
    while (left >= kRecordSize) {
      const char* bytes = block.data() + left - kRecordSize;
      if (!RawRecord::fits(bytes)) {
        --left;
        continue;
      }
      if (!visit(RawRecord(bytes))) return {};
      left -= kRecordSize;
    }
    end -= size - left;
  }
  return {};
}

Result<bool> Journal::compact(std::uint64_t bound, std::size_t keep) {
  struct stat info {};
  if (::fstatat(directory_.fd(), kJournal, &info, 0) != 0 ||
      static_cast<std::uint64_t>(info.st_size) <= bound)
    return false;
  GGEN_TRY_ASSIGN(const Fd lock, open_locked(directory_, LOCK_EX));
  GGEN_TRY_ASSIGN(const Read read, this->read());
  const std::span<const Record> all = read.records;
  std::size_t first = all.size() - std::min(all.size(), keep);
  // A group is kept with its hits or not at all.
  while (first < all.size() && all[first].op == Op::hit) ++first;
  const std::vector<Record> old = condense(all.first(first), all.subspan(first));
  // Renamed over the old one, so that the name is never free and nobody makes a new file meanwhile.
  // Our lock is on the old one: whoever waits for it finds it without a name and opens the new one.
  GGEN_TRY(write_file(directory_.path(kJournal), bytes_of(old) + bytes_of(all.subspan(first))));
  return true;
}

}  // namespace ggen::cache
