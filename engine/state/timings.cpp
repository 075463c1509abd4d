// Appending takes a shared lock and writing anew an exclusive one, so that no record goes into a
// file that was just replaced.
// SPDX-License-Identifier: MIT
#include "state/timings.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/fd.h"
#include "base/file.h"
#include "hash/checksum.h"

namespace ggen::state {

namespace {

constexpr double kAging = 0.8;
// A run of very many tasks keeps fewer of each.
constexpr std::size_t kManyBytes = 4 * 1024 * 1024;
constexpr std::size_t kFewest = 3;
constexpr std::size_t kPiece = 256 * 1024;
// Below this nothing depends on how long a task takes.
constexpr float kNoTime = 1;  // ms

using Record = std::array<char, Timings::kRecordSize>;
constexpr std::size_t kChecked = Timings::kRecordSize - 4;

std::uint32_t checksum_of(const char* record) {
  return static_cast<std::uint32_t>(hash::checksum({record, kChecked}));
}

// Puts a number into a record, or gets it, and returns where the next one is.
template <class T>
char* put(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}
template <class T>
const char* get(const char* at, T& value) {
  std::memcpy(&value, at, sizeof value);
  return at + sizeof value;
}

Record encode(const Sample& sample) {
  Record record{};
  char* at = put(record.data(), sample.task);
  at = put(at, sample.ended_ms);
  at = put(at, sample.wall_ms);
  at = put(at, sample.cpu_ms);
  at = put(at, sample.peak_kib);
  at = put(at, sample.attempts);
  put(at, static_cast<std::uint16_t>(sample.failed ? 1 : 0));
  put(record.data() + kChecked, checksum_of(record.data()));
  return record;
}

bool is_time(float value) { return std::isfinite(value) && value >= 0; }

std::optional<Sample> decode(const char* record) {
  Sample sample;
  std::uint16_t flags = 0;
  std::uint32_t check = 0;
  const char* at = get(record, sample.task);
  at = get(at, sample.ended_ms);
  at = get(at, sample.wall_ms);
  at = get(at, sample.cpu_ms);
  at = get(at, sample.peak_kib);
  at = get(at, sample.attempts);
  get(at, flags);
  get(record + kChecked, check);
  sample.failed = (flags & 1) != 0;
  if (check != checksum_of(record)) return std::nullopt;
  if (!is_time(sample.wall_ms) || !is_time(sample.cpu_ms)) return std::nullopt;
  return sample;
}

// Calls take(sample) with each record of a file, piece by piece: it may be large. Returns how many
// bytes are none.
template <class Take>
Result<std::uint64_t> each_record(const std::string& path, Take take) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return Error::from_errno(errno, "open " + path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return Error::from_errno(errno, "stat " + path);
  if (!S_ISREG(info.st_mode)) return Error{ErrorKind::invalid, path + " is not a file"};
  std::uint64_t damaged = 0;
  std::vector<char> piece(std::min<std::size_t>(
      std::max<std::size_t>(static_cast<std::size_t>(info.st_size) + 1, Timings::kRecordSize),
      kPiece));
  for (std::size_t kept = 0;;) {
    const ssize_t count = ::read(file.get(), piece.data() + kept, piece.size() - kept);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error::from_errno(errno, "read " + path);
    const std::size_t size = kept + static_cast<std::size_t>(count);
    std::size_t at = 0;
    while (size - at >= Timings::kRecordSize) {
      const auto sample = decode(piece.data() + at);
      if (sample) take(*sample);
      at += sample ? Timings::kRecordSize : 1;
      damaged += sample ? 0 : 1;
    }
    kept = size - at;
    if (count == 0) return damaged + kept;
    std::memmove(piece.data(), piece.data() + at, kept);
  }
}

std::string bytes_of(std::span<const Sample> samples) {
  std::string bytes;
  bytes.reserve(samples.size() * Timings::kRecordSize);
  for (const Sample& sample : samples) {
    const Record record = encode(sample);
    bytes.append(record.data(), record.size());
  }
  return bytes;
}

// The file that has the name now, under a lock.
Result<Fd> open_locked(const std::string& path, int lock) {
  for (;;) {
    Fd file(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!file) return Error::from_errno(errno, "open " + path);
    // A file system without locks: appends are whole anyway.
    while (::flock(file.get(), lock) != 0 && errno == EINTR) {
    }
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return Error::from_errno(errno, "stat " + path);
    if (!S_ISREG(info.st_mode)) return Error{ErrorKind::invalid, path + " is not a file"};
    if (info.st_nlink > 0) return file;
  }
}

// How many samples of a task a file keeps to which a run adds so many bytes.
std::size_t kept_of(std::uint64_t run) {
  return std::clamp<std::size_t>(kManyBytes / run, kFewest, Timings::kKept);
}

}  // namespace

std::uint64_t Timings::id(std::string_view task) { return hash::checksum(task); }

Result<Timings> Timings::read(const std::string& path, std::size_t most) {
  Timings timings;
  const auto damaged =
      each_record(path, [&](const Sample& sample) { timings.samples_.push_back(sample); });
  if (!damaged && damaged.error().kind == ErrorKind::not_found) return timings;
  if (!damaged) return damaged.error();
  timings.damaged_ = *damaged;
  timings.arrange(std::min(most, kKept));
  return timings;
}

// A sort by counting: the samples of a task go where those of the tasks seen before it end.
void Timings::arrange(std::size_t most) {
  slots_.assign(std::bit_ceil(samples_.size() * 2 + 1), 0);
  std::vector<std::uint32_t> task_of(samples_.size()), left;
  std::vector<std::uint64_t> ids;
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    std::uint32_t& slot = slots_[slot_of(samples_[i].task, ids)];
    if (slot == 0) {
      ids.push_back(samples_[i].task);
      left.push_back(0);
      slot = static_cast<std::uint32_t>(ids.size());
    }
    task_of[i] = slot - 1;
    ++left[slot - 1];
  }
  starts_.assign(ids.size() + 1, 0);
  for (std::size_t i = 0; i < ids.size(); ++i)
    starts_[i + 1] = starts_[i] + static_cast<std::uint32_t>(std::min<std::size_t>(left[i], most));
  std::vector<Sample> kept(starts_.back());
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    const std::uint32_t task = task_of[i];
    const std::uint32_t newer = --left[task];
    if (newer < most) kept[starts_[task + 1] - 1 - newer] = samples_[i];
  }
  samples_ = std::move(kept);
  ids_ = std::move(ids);
}

std::size_t Timings::slot_of(std::uint64_t task, const std::vector<std::uint64_t>& ids) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = task & mask;  // it is a hash already
  while (slots_[at] != 0 && ids[slots_[at] - 1] != task) at = (at + 1) & mask;
  return at;
}

std::span<const Sample> Timings::samples(std::uint64_t task) const {
  if (slots_.empty()) return {};
  const std::uint32_t found = slots_[slot_of(task, ids_)];
  if (found == 0) return {};
  return std::span(samples_).subspan(starts_[found - 1], starts_[found] - starts_[found - 1]);
}

Expected Timings::expected(std::uint64_t task) const {
  Expected expected;
  std::array<Weighted, kKept> wall, cpu;
  double weight = 1;
  const auto all = samples(task);
  for (auto sample = all.rbegin(); sample != all.rend(); ++sample) {
    if (sample->failed) continue;
    wall[expected.samples] = {sample->wall_ms, weight};
    cpu[expected.samples] = {sample->cpu_ms, weight};
    expected.peak_kib = std::max(expected.peak_kib, sample->peak_kib);
    weight *= kAging;
    ++expected.samples;
  }
  expected.wall_ms = static_cast<float>(weighted_median(std::span(wall).first(expected.samples)));
  expected.cpu_ms = static_cast<float>(weighted_median(std::span(cpu).first(expected.samples)));
  return expected;
}

bool Timings::has_told(const Sample& sample) const {
  const auto is_nothing = [](const Sample& one) {
    return one.wall_ms < kNoTime && one.cpu_ms < kNoTime && one.attempts <= 1 && !one.failed;
  };
  const auto known = samples(sample.task);
  if (known.empty() || !is_nothing(sample)) return false;
  if (!std::all_of(known.begin(), known.end(), is_nothing)) return false;
  return std::any_of(known.begin(), known.end(),
                     [&](const Sample& one) { return one.peak_kib >= sample.peak_kib; });
}

double weighted_median(std::span<Weighted> values) {
  std::sort(values.begin(), values.end(),
            [](const Weighted& a, const Weighted& b) { return a.value < b.value; });
  double total = 0;
  for (const Weighted& one : values) total += one.weight;
  double below = 0;
  for (const Weighted& one : values) {
    below += one.weight;
    if (below * 2 >= total) return one.value;
  }
  return 0;
}

Result<void> Timings::append(const std::string& path, std::span<const Sample> samples,
                             std::uint64_t bound) {
  if (samples.empty()) return {};
  struct stat info {};
  {
    GGEN_TRY_ASSIGN(const Fd file, open_locked(path, LOCK_SH));
    const std::string bytes = bytes_of(samples);
    const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
    if (count >= 0 && static_cast<std::size_t>(count) != bytes.size()) errno = ENOSPC;
    if (count < 0 || static_cast<std::size_t>(count) != bytes.size())
      return Error::from_errno(errno, "write " + path);
    if (::fstat(file.get(), &info) != 0) return Error::from_errno(errno, "stat " + path);
  }
  // Half of what is kept is left over for the next runs, so that not each writes it anew.
  const std::uint64_t run = samples.size() * kRecordSize;
  const std::size_t kept = kept_of(run);
  if (static_cast<std::uint64_t>(info.st_size) <= std::max(bound, run * (kept + kept / 2)))
    return {};
  GGEN_TRY_ASSIGN(const Fd lock, open_locked(path, LOCK_EX));
  GGEN_TRY_ASSIGN(const Timings all, read(path, kept));
  return write_file(path, bytes_of(all.samples_));
}

}  // namespace ggen::state
