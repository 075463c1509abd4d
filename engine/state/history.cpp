// SPDX-License-Identifier: MIT
#include "state/history.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/file.h"

namespace ggen::state {

namespace {

constexpr std::uint64_t kMostFile = std::uint64_t{1} << 30;
constexpr std::string_view kSuffix = ".json";
constexpr std::string_view kTemporary = ".json.tmp";
constexpr std::size_t kIdSize = 26;
constexpr std::int64_t kLongAgo = 3600;  // seconds

struct Locked {
  Fd file;
  off_t size = 0;
};

// The file that has the name now, under a lock.
Result<Locked> open_locked(const std::string& path, int lock) {
  for (;;) {
    Fd file(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                   0666));
    if (!file) return Error::from_errno(errno, "open " + path);
    // A file system without locks: appends are whole anyway.
    while (::flock(file.get(), lock) != 0 && errno == EINTR) {
    }
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return Error::from_errno(errno, "stat " + path);
    if (!S_ISREG(info.st_mode)) return Error{ErrorKind::invalid, path + " is not a file"};
    if (info.st_nlink > 0) return Locked{std::move(file), info.st_size};
  }
}

// The same; a missing directory is made.
Result<Locked> open_in_place(const std::string& path) {
  auto file = open_locked(path, LOCK_SH);
  if (file || file.error().kind != ErrorKind::not_found) return file;
  GGEN_TRY(make_dirs(path.substr(0, path.rfind('/'))));
  return open_locked(path, LOCK_SH);
}

Result<void> write_once(int fd, std::string_view bytes, const std::string& path) {
  ssize_t count = 0;
  do count = ::write(fd, bytes.data(), bytes.size());
  while (count < 0 && errno == EINTR);
  if (count >= 0 && static_cast<std::size_t>(count) != bytes.size()) errno = ENOSPC;
  if (count < 0 || static_cast<std::size_t>(count) != bytes.size())
    return Error::from_errno(errno, "write " + path);
  return {};
}

bool ends_a_line(int fd, off_t size) {
  char last = '\n';
  return size == 0 || ::pread(fd, &last, 1, size - 1) != 1 || last == '\n';
}

// The value of "time" in a line, "" without one.
std::string_view time_of(std::string_view line) {
  constexpr std::string_view kName = "\"time\":\"";
  const std::size_t at = line.find(kName);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + kName.size());
  return line.substr(0, line.find('"'));
}

}  // namespace

Result<SweepDue> append_history(const std::string& path, std::string_view line,
                                const HistoryLimits& limits) {
  GGEN_TRY_ASSIGN(const Locked locked, open_in_place(path));
  const int file = locked.file.get();
  std::string mended;
  if (!ends_a_line(file, locked.size)) mended.append("\n").append(line);
  const std::string_view bytes = mended.empty() ? line : mended;
  GGEN_TRY(write_once(file, bytes, path));
  const off_t after = ::lseek(file, 0, SEEK_CUR);
  const off_t start = after - static_cast<off_t>(bytes.size());
  // Somebody else has written meanwhile and died of it: what was written is part of a line of his.
  if (start != locked.size && mended.empty() && !ends_a_line(file, start))
    GGEN_TRY(write_once(file, std::string("\n").append(line), path));
  const auto crossed = [&](std::uint64_t kept) {
    const std::uint64_t each =
        kept < kSweepEach / kSmallLine ? std::max<std::uint64_t>(kept, 1) * kSmallLine : kSweepEach;
    return static_cast<std::uint64_t>(start) / each != static_cast<std::uint64_t>(after) / each;
  };
  // What is left of a torn line would be told by every reader.
  return SweepDue{crossed(limits.lines) || !mended.empty(), crossed(limits.runs)};
}

Result<void> sweep_history(const std::string& path, const HistoryLimits& limits,
                           std::string_view oldest) {
  GGEN_TRY_ASSIGN(const Locked lock, open_locked(path, LOCK_EX));
  GGEN_TRY_ASSIGN(const std::string bytes, read_file(path, kMostFile));
  std::vector<std::string_view> lines;  // the newest first
  std::uint64_t size = 0;
  bool dropped = false;
  for (std::size_t end = bytes.size(); end > 0;) {
    const std::size_t newline = end < 2 ? std::string::npos : bytes.rfind('\n', end - 2);
    const std::size_t start = newline == std::string::npos ? 0 : newline + 1;
    const std::string_view line(bytes.data() + start, end - start);
    end = start;
    const bool whole =
        line.size() > 2 && line.front() == '{' && line.substr(line.size() - 2) == "}\n";
    const std::string_view time = whole ? time_of(line) : std::string_view();
    if (!whole || time < oldest || lines.size() == limits.lines ||
        size + line.size() > limits.line_bytes) {
      dropped = true;
      continue;
    }
    lines.push_back(line);
    size += line.size();
  }
  if (!dropped) return {};
  std::string kept;
  kept.reserve(size);
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) kept += *line;
  return write_file(path, kept);
}

Result<void> write_run(const std::string& dir, const std::string& id, std::string_view text) {
  const std::string path = std::string(dir).append("/").append(id).append(kSuffix);
  const std::string temporary = std::string(dir).append("/").append(id).append(kTemporary);
  const auto open = [&] {
    return Fd(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
  };
  Fd file = open();
  if (!file && errno == ENOENT) {
    GGEN_TRY(make_dirs(dir));
    file = open();
  }
  if (!file) return Error::from_errno(errno, "write to " + dir);
  auto written = write_once(file.get(), text, dir);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0)
    written = Error::from_errno(errno, "write to " + dir);
  if (!written) ::unlink(temporary.c_str());
  return written;
}

bool is_run_file(std::string_view name) {
  if (name.size() != kIdSize + kSuffix.size() || name.substr(kIdSize) != kSuffix) return false;
  constexpr std::string_view kForm = "00000000T000000.000-xxxxxx";
  for (std::size_t i = 0; i < kIdSize; ++i) {
    const char c = name[i];
    const bool digit = c >= '0' && c <= '9';
    if (kForm[i] == '0'   ? !digit
        : kForm[i] == 'x' ? !digit && !(c >= 'a' && c <= 'f')
                          : c != kForm[i])
      return false;
  }
  return true;
}

Result<void> sweep_runs(const std::string& dir, const HistoryLimits& limits,
                        std::string_view oldest) {
  GGEN_TRY_ASSIGN(const auto entries, list_dir(dir));
  std::uint64_t runs = 0, size = 0;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    const std::string path = dir + '/' + entry->name;
    const std::string_view name = entry->name;
    if (!is_run_file(name)) {
      // A temporary file of this age is of somebody who died writing it.
      if (name.size() != kIdSize + kTemporary.size() || name.substr(kIdSize) != kTemporary)
        continue;
      const auto info = stat_path(path, FollowLinks::no);
      if (info && info->mtime_ns / 1'000'000'000 + kLongAgo < std::time(nullptr))
        ::unlink(path.c_str());
      continue;
    }
    const auto info = stat_path(path, FollowLinks::no);
    const std::uint64_t bytes = info ? info->size : 0;
    const bool first = runs == 0;
    ++runs;
    size += bytes;
    if (name < oldest || runs > limits.runs || (size > limits.run_bytes && !first))
      ::unlink(path.c_str());
  }
  return {};
}

}  // namespace ggen::state
