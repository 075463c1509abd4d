// SPDX-License-Identifier: MIT
#include "state/lifecycle_state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdio>  // RENAME_NOREPLACE
#include <ctime>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace ggen::state {

namespace {

// What the original wrote without a bound in years is far below.
constexpr off_t kMaxSize = 64 << 20;
constexpr int kMaxKept = 1000;  // damaged files of one second

struct Wait {
  std::mutex mutex;
  std::condition_variable changed;
  bool ended = false;
};

// Locks for this process alone. There is no call that waits for a lock for some time only, so when
// another process holds it, a thread waits. Whoever holds it writes one small file, so that is
// rare, and short. Where a file system has no locks, there is none.
Result<void> lock_within(const Fd& file, std::chrono::milliseconds patience,
                         const std::string& path) {
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return {};
    const auto wait = std::make_shared<Wait>();
    // Another number for the same open file, so that the thread never has a closed one.
    const int same = ::fcntl(file.get(), F_DUPFD_CLOEXEC, 0);
    if (same < 0) return Error::from_errno(errno, "lock " + path);
    std::thread([wait, same] {
      while (::flock(same, LOCK_EX) != 0 && errno == EINTR) {
      }
      ::close(same);
      const std::lock_guard guard(wait->mutex);
      wait->ended = true;
      wait->changed.notify_one();
    }).detach();
    std::unique_lock guard(wait->mutex);
    if (wait->changed.wait_for(guard, patience, [&wait] { return wait->ended; })) return {};
    return Error{ErrorKind::timeout, "lock " + path + ": another process holds it"};
  }
  return {};
}

bool same_stamp(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

// `size` bytes from the start; fewer when the file has become shorter.
Result<std::string> read_bytes(const Fd& file, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t used = 0;
  while (used < size) {
    const ssize_t count = ::read(file.get(), bytes.data() + used, size - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error::from_errno(errno, "read");
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
  }
  bytes.resize(used);
  return bytes;
}

using Records = std::vector<LifecycleRecord>;

bool is_of(const LifecycleRecord& entry, std::string_view phase,
           const std::optional<std::string>& workspace) {
  return entry.phase == phase && entry.workspace == workspace;
}

}  // namespace

LifecycleState::LifecycleState(std::string project_dir, LifecycleOptions options)
    : directory_(std::move(project_dir) + "/.ggen"),
      path_(directory_ + "/state.json"),
      options_(options) {}

void LifecycleState::forget() {
  loaded_ = damaged_ = false;
  found_ = Found::no;
  file_.reset();
  content_ = LifecycleText();
  problem_.clear();
}

void LifecycleState::load() {
  if (loaded_) return;
  loaded_ = true;
  // O_NONBLOCK: to open a named pipe that nobody writes to must not hang.
  file_.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file_ && (errno == ENOENT || errno == ENOTDIR)) return;
  found_ = Found::unreadable;
  if (!file_ || ::fstat(file_.get(), &stamp_) != 0) {
    problem_ = Error::from_errno(errno, "cannot be read").message;
    return;
  }
  if (!S_ISREG(stamp_.st_mode)) {
    problem_ = "is not a regular file";
    return;
  }
  found_ = Found::yes;
  const auto damage = [this](const std::string& reason) {
    damaged_ = true;
    problem_ = "is damaged (" + reason + ")";
  };
  if (stamp_.st_size == 0) return damage("it is empty");
  if (stamp_.st_size > kMaxSize) return damage("it has more than 64 MiB");
  auto bytes = read_bytes(file_, static_cast<std::size_t>(stamp_.st_size));
  if (!bytes) {
    found_ = Found::unreadable;
    problem_ = "cannot be read: " + bytes.error().message;
    return;
  }
  auto parsed = LifecycleText::parse(*std::move(bytes));
  if (!parsed) return damage(parsed.error().message);
  content_ = *std::move(parsed);
}

const LifecycleText& LifecycleState::content() {
  load();
  return content_;
}

std::optional<LifecycleRecord> LifecycleState::last(std::string_view phase,
                                                    const std::optional<std::string>& workspace) {
  load();
  for (const Records* list : {&std::as_const(records_), &content_.records()}) {
    const auto found = std::find_if(list->rbegin(), list->rend(), [&](const auto& record) {
      return is_of(record, phase, workspace);
    });
    if (found != list->rend()) return *found;
  }
  return std::nullopt;
}

bool LifecycleState::succeeded(std::string_view phase,
                               const std::optional<std::string>& workspace) {
  load();
  for (const Records* list : {&std::as_const(records_), &content_.records()}) {
    if (std::any_of(list->rbegin(), list->rend(), [&](const auto& record) {
          return record.success && is_of(record, phase, workspace);
        }))
      return true;
  }
  return false;
}

// Whether the file of that name is still the one that was loaded.
Result<bool> LifecycleState::is_current() const {
  struct stat now {};
  if (::stat(path_.c_str(), &now) == 0) return same_stamp(now, stamp_);
  if (errno == ENOENT) return false;
  return Error::from_errno(errno, "stat " + path_);
}

Result<Fd> LifecycleState::lock_directory() {
  const auto open = [this] {
    return Fd(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  };
  Fd directory = open();
  if (!directory && errno == ENOENT) {
    if (::mkdir(directory_.c_str(), 0777) != 0 && errno != EEXIST)
      return Error::from_errno(errno, "mkdir " + directory_);
    directory = open();
  }
  if (!directory) return Error::from_errno(errno, "open " + directory_);
  GGEN_TRY(lock_within(directory, options_.patience, directory_));
  return directory;
}

// A second name for the damaged file; the first one is replaced later. Where there are no hard
// links it is moved. Never onto another file.
Result<void> LifecycleState::keep_aside() {
  std::array<char, 32> time{};
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::strftime(time.data(), time.size(), "%Y%m%d-%H%M%S", &parts);
  const std::string base = path_ + ".damaged-" + time.data();
  for (int number = 1; number <= kMaxKept; ++number) {
    const std::string kept = number == 1 ? base : base + "-" + std::to_string(number);
    if (::link(path_.c_str(), kept.c_str()) == 0 ||
        (errno != EEXIST &&
         ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, kept.c_str(), RENAME_NOREPLACE) == 0)) {
      problem_ += "; it is kept as " + kept.substr(directory_.size() + 1);
      return {};
    }
    if (errno != EEXIST) break;
  }
  return Error::from_errno(errno, "keep " + path_ + " aside");
}

Result<void> LifecycleState::write_and_rename(std::string_view bytes) const {
  const std::string temporary = path_ + ".tmp";
  const mode_t mode = found_ == Found::yes ? stamp_.st_mode & 0777 : 0666;
  const auto failed = [&](int code) {
    ::unlink(temporary.c_str());
    return Error::from_errno(code, "write " + path_);
  };
  // Whoever comes here holds the lock: what is there was left by a process that was killed.
  Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file) return Error::from_errno(errno, "write " + path_);
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  // Some file systems say only now that there was no room.
  if (::close(file.release()) != 0) return failed(errno);
  if (::rename(temporary.c_str(), path_.c_str()) != 0) return failed(errno);
  return {};
}

// Whatever comes of it, content_ is not what is in the file any more.
Result<void> LifecycleState::save_now() {
  for (;;) {
    load();
    Fd directory;
    if (found_ == Found::no) {
      GGEN_TRY_ASSIGN(directory, lock_directory());
      // Somebody may have been first.
      forget();
      load();
    }
    if (found_ == Found::unreadable) return Error{ErrorKind::io, path_ + " " + problem_};
    if (found_ == Found::yes) {
      GGEN_TRY(lock_within(file_, options_.patience, path_));
      GGEN_TRY_ASSIGN(const bool current, is_current());
      if (!current) {
        forget();
        continue;
      }
    }
    for (const LifecycleRecord& record : records_) content_.add(record);
    for (const LifecycleKey& key : keys_) content_.add(key);
    if (options_.max_records > 0) content_.keep_newest(options_.max_records);
    if (damaged_) GGEN_TRY(keep_aside());
    return write_and_rename(content_.text());
  }
}

Result<void> LifecycleState::save() {
  if (records_.empty() && keys_.empty()) return {};
  auto result = save_now();
  std::string problem = std::move(problem_);
  forget();  // and with the file its lock
  problem_ = std::move(problem);
  if (!result) return result;
  records_.clear();
  keys_.clear();
  return result;
}

Result<bool> LifecycleState::reset() {
  records_.clear();
  keys_.clear();
  load();
  if (found_ == Found::yes) GGEN_TRY(lock_within(file_, options_.patience, path_));
  const bool removed = ::unlink(path_.c_str()) == 0;
  const int code = errno;
  forget();
  if (!removed && code != ENOENT && code != ENOTDIR)
    return Error::from_errno(code, "remove " + path_);
  return removed;
}

}  // namespace ggen::state
