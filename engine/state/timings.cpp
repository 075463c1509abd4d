// Appending takes a shared lock and writing anew an exclusive one, so that no record goes into a
// file that was just replaced.
// SPDX-License-Identifier: MIT
#include "state/timings.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <optional>

#include "base/fd.h"
#include "base/file.h"
#include "base/pack.h"
#include "hash/checksum.h"

namespace ggen::state {

namespace {

constexpr double kAging = 0.8;
constexpr std::uint64_t kMostBytes = 1024 * 1024 * 1024;

void encode(const Sample& sample, Packer& to) {
  Packer record;
  record.number(sample.task);
  record.number(sample.ended_ms);
  record.number(std::bit_cast<std::uint32_t>(sample.wall_ms));
  record.number(std::bit_cast<std::uint32_t>(sample.cpu_ms));
  record.number(sample.peak_kib);
  record.number(sample.attempts);
  record.number(static_cast<std::uint16_t>(sample.failed ? 1 : 0));
  record.number(std::uint32_t{0});
  to.raw(record.bytes());
  to.number(static_cast<std::uint32_t>(hash::checksum(record.bytes())));
}

bool is_time(float value) { return std::isfinite(value) && value >= 0; }

std::optional<Sample> decode(std::string_view bytes) {
  Unpacker from(bytes);
  const auto checked = bytes.substr(0, Timings::kRecordSize - 4);
  Sample sample;
  sample.task = from.number<std::uint64_t>();
  sample.ended_ms = from.number<std::uint64_t>();
  sample.wall_ms = std::bit_cast<float>(from.number<std::uint32_t>());
  sample.cpu_ms = std::bit_cast<float>(from.number<std::uint32_t>());
  sample.peak_kib = from.number<std::uint32_t>();
  sample.attempts = from.number<std::uint16_t>();
  sample.failed = (from.number<std::uint16_t>() & 1) != 0;
  from.number<std::uint32_t>();
  const auto check = from.number<std::uint32_t>();
  if (!from.good() || check != static_cast<std::uint32_t>(hash::checksum(checked)))
    return std::nullopt;
  if (!is_time(sample.wall_ms) || !is_time(sample.cpu_ms)) return std::nullopt;
  return sample;
}

bool by_task(const Sample& a, const Sample& b) { return a.task < b.task; }

// Sorted by task, each with its last ones. What was written anew is sorted already, so that only
// what came after it has to be.
void arrange(std::vector<Sample>& samples) {
  const auto tail = std::is_sorted_until(samples.begin(), samples.end(), by_task);
  std::stable_sort(tail, samples.end(), by_task);
  std::inplace_merge(samples.begin(), tail, samples.end(), by_task);
  std::vector<Sample> kept;
  kept.reserve(samples.size());
  for (auto first = samples.begin(); first != samples.end();) {
    const auto last = std::upper_bound(first, samples.end(), *first, by_task);
    const auto count = std::min<std::ptrdiff_t>(last - first, Timings::kKept);
    kept.insert(kept.end(), last - count, last);
    first = last;
  }
  samples = std::move(kept);
}

std::string bytes_of(std::span<const Sample> samples) {
  Packer bytes;
  for (const Sample& sample : samples) encode(sample, bytes);
  return bytes.take();
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

Result<void> write_anew(const std::string& path) {
  GGEN_TRY_ASSIGN(const Fd lock, open_locked(path, LOCK_EX));
  auto bytes = read_file(path, kMostBytes);
  std::vector<Sample> samples;
  if (bytes) {
    std::string_view rest = *bytes;
    while (rest.size() >= Timings::kRecordSize) {
      const auto sample = decode(rest.substr(0, Timings::kRecordSize));
      if (sample) samples.push_back(*sample);
      rest.remove_prefix(sample ? Timings::kRecordSize : 1);
    }
    arrange(samples);
  }
  return write_file(path, bytes_of(samples));
}

}  // namespace

std::uint64_t Timings::id(std::string_view task) { return hash::checksum(task); }

Result<Timings> Timings::read(const std::string& path) {
  Timings timings;
  auto bytes = read_file(path, kMostBytes);
  if (!bytes && bytes.error().kind == ErrorKind::not_found) return timings;
  if (!bytes) return std::move(bytes).error();
  std::string_view rest = *bytes;
  timings.samples_.reserve(rest.size() / kRecordSize);
  while (rest.size() >= kRecordSize) {
    const auto sample = decode(rest.substr(0, kRecordSize));
    if (sample) {
      timings.samples_.push_back(*sample);
      rest.remove_prefix(kRecordSize);
    } else {
      rest.remove_prefix(1);
      ++timings.damaged_;
    }
  }
  timings.damaged_ += rest.size();
  arrange(timings.samples_);
  return timings;
}

std::span<const Sample> Timings::samples(std::uint64_t task) const {
  Sample wanted;
  wanted.task = task;
  const auto [first, last] = std::equal_range(samples_.begin(), samples_.end(), wanted, by_task);
  return {first, last};
}

Expected Timings::expected(std::uint64_t task) const {
  Expected expected;
  std::vector<std::pair<double, double>> wall, cpu;
  double weight = 1;
  const auto all = samples(task);
  for (auto sample = all.rbegin(); sample != all.rend(); ++sample) {
    if (sample->failed) continue;
    wall.emplace_back(sample->wall_ms, weight);
    cpu.emplace_back(sample->cpu_ms, weight);
    expected.peak_kib = std::max(expected.peak_kib, sample->peak_kib);
    weight *= kAging;
  }
  expected.samples = wall.size();
  expected.wall_ms = static_cast<float>(weighted_median(std::move(wall)));
  expected.cpu_ms = static_cast<float>(weighted_median(std::move(cpu)));
  return expected;
}

double weighted_median(std::vector<std::pair<double, double>> values_and_weights) {
  std::sort(values_and_weights.begin(), values_and_weights.end());
  double total = 0;
  for (const auto& [value, weight] : values_and_weights) total += weight;
  double below = 0;
  for (const auto& [value, weight] : values_and_weights) {
    below += weight;
    if (below * 2 >= total) return value;
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
  // Twice what this run added is left over for the next ones, so that not each writes it anew.
  const std::uint64_t run = samples.size() * kRecordSize;
  if (static_cast<std::uint64_t>(info.st_size) <= std::max(bound, run * (kKept + 4))) return {};
  return write_anew(path);
}

}  // namespace ggen::state
