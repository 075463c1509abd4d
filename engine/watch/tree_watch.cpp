// SPDX-License-Identifier: MIT
#include "watch/tree_watch.h"

#include <algorithm>
#include <ctime>

#include "hash/path_key.h"

namespace ggen::watch {

using hash::join_key;

namespace {

// Of one turn of the loop, so that others have theirs: some 25,000 events.
constexpr unsigned kBlocks = 16;
// How much too late a timer may be, for it counts whole milliseconds and is never early;
// nanoseconds.
constexpr std::uint64_t kTick = 1'000'000;
// Who wants all now may wait for ten times the kernel's queue.
constexpr unsigned kAllBlocks = 512;

double now_unix() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::uint64_t nanoseconds(double seconds) {
  return static_cast<std::uint64_t>(std::clamp(seconds, 0.0, 86400.0) * 1e9);
}

std::vector<std::string> keys_of(const std::string& root, const std::vector<std::string>& paths) {
  std::vector<std::string> keys;
  for (const std::string& path : paths) {
    std::string key = hash::path_key(root, "", path);
    if (!key.empty()) keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace

TreeWatch::TreeWatch(loop::Loop& loop, Directories directories, double quiet, double longest)
    : loop_(loop),
      directories_(std::move(directories)),
      timer_(loop),
      quiet_(nanoseconds(quiet)),
      longest_(nanoseconds(longest)) {}

Result<std::unique_ptr<TreeWatch>> TreeWatch::start(loop::Loop& loop, const WatchOptions& options,
                                                    OnChanges on_changes, OnEnd on_end) {
  GGEN_TRY_ASSIGN(const std::string root, real_path(options.root));
  GGEN_TRY_ASSIGN(auto directories, Directories::open(root, keys_of(root, options.also),
                                                      keys_of(root, options.skip)));
  std::unique_ptr<TreeWatch> watch(
      new TreeWatch(loop, std::move(directories), options.quiet, options.longest));
  GGEN_TRY(watch->begin_again());
  watch->on_changes_.set(std::move(on_changes));
  watch->on_end_.set(std::move(on_end));
  return watch;
}

Result<void> TreeWatch::begin_again() {
  inotify_.reset();
  GGEN_TRY_ASSIGN(auto inotify, Inotify::open(loop_));
  inotify_.emplace(std::move(inotify));
  GGEN_TRY(directories_.open_all(*inotify_));
  inotify_->start([this] {
    drain(kBlocks);
    due();
  });
  return {};
}

void TreeWatch::flush() {
  drain(kAllBlocks);
  hand_over();
}

void TreeWatch::drain(unsigned blocks) {
  if (error_) return;
  time_ = now_unix();
  inotify_->read(blocks, [this](const FileEvent& event) {
    if (!error_) take(event);
  });
  settle();
}

// What is better done once for many events.
void TreeWatch::settle() {
  if (overflow_ && !error_) {
    overflow_ = false;
    changes_.overflow = true;
    latest_ = uv_hrtime();
    if (changes_.empty()) first_ = latest_;
    ruled_anew_.clear();
    if (auto result = begin_again(); !result) error_ = std::move(result).error();
  }
  if (ruled_anew_.empty() || error_) return;
  auto result = directories_.look_again(std::exchange(ruled_anew_, {}));
  if (!result) {
    error_ = std::move(result).error();
  } else if (*result) {
    changes_.judge([this](std::string_view path, bool directory) {
      return directories_.is_ignored(path, directory);
    });
  }
}

void TreeWatch::take(const FileEvent& event) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    overflow_ = true;
    return;
  }
  Directory* dir = directories_.find(event.watch);
  if (dir == nullptr) return;  // forgotten meanwhile
  if (dir->twin == nullptr) return take(*dir, event);
  std::vector<std::string> keys;
  for (; dir != nullptr; dir = dir->twin) keys.emplace_back(dir->key);
  for (const std::string& key : keys) {
    if (Directory* twin = directories_.find(key); twin != nullptr && twin->watch == event.watch) {
      take(*twin, event);
    }
  }
}

void TreeWatch::take(Directory& dir, const FileEvent& event) {
  if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0) {
    if (dir.key.empty()) {
      error_ = directories_.gone();
    } else if (dir.start || (event.mask & IN_UNMOUNT) != 0) {
      overflow_ = true;  // looked for again, as is what was below it
    } else if ((event.mask & IN_IGNORED) != 0) {
      directories_.vanished(dir.key);
    }
    return;
  }
  if (event.name.empty()) return;
  const bool directory = (event.mask & IN_ISDIR) != 0;
  const bool created = (event.mask & (IN_CREATE | IN_MOVED_TO)) != 0;
  const bool removed = (event.mask & (IN_DELETE | IN_MOVED_FROM)) != 0;
  const std::string_view name = event.name;
  if (dir.start && directories_.is_rule_file(join_key(dir.key, name))) ruled_anew_.emplace_back();
  if (dir.key.empty() && name == ".git" && (created || removed)) ruled_anew_.emplace_back();
  const auto kind = created   ? ChangeKind::created
                    : removed ? ChangeKind::removed
                              : ChangeKind::changed;
  if (created || removed || !directory) tell_name(dir, name, kind, directory);
  if (!directory && dir.mode == Mode::ruled && (name == ".gitignore" || name == ".ggenignore")) {
    ruled_anew_.emplace_back(dir.key);
  }
  // What is in a directory by now that it is watched is new as well.
  const auto found = [this](Directory& in, std::string_view below, bool is_directory) {
    tell_name(in, below, ChangeKind::created, is_directory);
  };
  if (removed) {
    const std::string key = join_key(dir.key, name);
    if ((event.mask & IN_MOVED_FROM) != 0 && directory) changes_.moved_away(key);
    directories_.vanished(key);
  } else if (directory || created) {
    // A change of a directory's mode may be that it can be read now.
    if (auto result = directories_.appeared(dir, name, found); !result) {
      error_ = std::move(result).error();
    }
  }
}

void TreeWatch::tell_name(Directory& dir, std::string_view name, ChangeKind kind, bool directory) {
  if (name == ".ggen") return;
  std::string key;
  if (dir.mode == Mode::way || dir.skips || name == ".git") {
    key = join_key(dir.key, name);
    if (dir.skips && directories_.is_skipped(key)) return;
    const bool way = dir.mode == Mode::way || name == ".git";
    if (way && !directories_.is_asked(key) && !directories_.is_on_way(key)) return;
  }
  bool existed = true;
  if (kind == ChangeKind::created) existed = !dir.names.add(name);
  if (kind == ChangeKind::removed) existed = dir.names.remove(name);
  if (kind == ChangeKind::removed && !existed) return;
  latest_ = uv_hrtime();
  if (changes_.empty()) first_ = latest_;
  if (!changes_.add(dir.key, name, kind, existed, directory, time_)) return;
  changes_.last().ignored =
      dir.mode == Mode::ruled &&
      directories_.is_ignored(dir, key.empty() ? key = join_key(dir.key, name) : key, directory);
}

// Tells, or sees to it that it is asked again when the time has come.
void TreeWatch::due() {
  if (!error_ && (!changes_.empty() || changes_.overflow)) {
    const std::uint64_t at = std::min(latest_ + quiet_, first_ + longest_);
    const std::uint64_t now = uv_hrtime();
    if (at > now + kTick) {
      if (timer_.running()) return;
      timer_.start(static_cast<double>(at - now - kTick) / 1e9, [this] {
        drain(kBlocks);
        due();
      });
      return;
    }
  }
  hand_over();
}

void TreeWatch::hand_over() {
  timer_.stop();
  // Any callback may be the last thing that happens to this: what is used after it is held here.
  const auto told = told_;
  const auto on_end = on_end_;
  std::swap(changes_, *told);
  changes_.clear();
  if (told->overflow || told->each({})) on_changes_(*told);
  const bool destroyed = told.use_count() == 1;
  if (destroyed || !error_) return;
  // Nothing comes any more, and nobody waits for it.
  inotify_.reset();
  on_changes_.reset();
  on_end_.reset();
  const Error error = *error_;
  on_end(error);
}

}  // namespace ggen::watch
