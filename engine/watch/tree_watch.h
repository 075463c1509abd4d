// Tells what happens to the files of a tree, many changes at a time: by inotify, one descriptor on
// the loop, without a thread and without asking again and again. Knows nothing of tasks.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "loop/handle.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "watch/changes.h"
#include "watch/directories.h"
#include "watch/inotify.h"

namespace ggen::watch {

struct WatchOptions {
  std::string root;  // absolute
  // Paths that count although git ignores them, or although they are outside of the root: a
  // directory with all below, or a file. Relative to the root or absolute; they need not be there.
  // What git does not ignore stays under its rules.
  std::vector<std::string> also;
  // Paths that are not watched and not told, whatever `also` says.
  std::vector<std::string> skip;
  double quiet = 0.05;   // seconds without an event, after which they are told
  double longest = 1.0;  // seconds after the first event, after which they are told anyway
};

class TreeWatch {
 public:
  using OnChanges = std::function<void(const Changes&)>;
  // The root is gone, or no watch is left for a directory that appeared. Nothing is told after it.
  using OnEnd = std::function<void(const Error&)>;

  // From now on everything is told. The callbacks may destroy the TreeWatch.
  static Result<std::unique_ptr<TreeWatch>> start(loop::Loop& loop, const WatchOptions& options,
                                                  OnChanges on_changes, OnEnd on_end);

  TreeWatch(const TreeWatch&) = delete;
  TreeWatch& operator=(const TreeWatch&) = delete;

  // Tells at once what has come by now, if anything.
  void flush();

  std::size_t directories() const { return directories_.size(); }
  std::vector<std::string> problems() { return directories_.problems(); }

 private:
  TreeWatch(loop::Loop& loop, Directories directories, double quiet, double longest);

  void drain(unsigned blocks);
  void take(const FileEvent& event);
  void take(Directory& dir, const FileEvent& event);
  void tell_name(Directory& dir, std::string_view name, ChangeKind kind, bool directory);
  void settle();
  Result<void> begin_again();
  void due();
  void hand_over();

  loop::Loop& loop_;
  Directories directories_;
  std::optional<Inotify> inotify_;
  loop::Timer timer_;
  loop::Callback<const Changes&> on_changes_;
  loop::Callback<const Error&> on_end_;
  const std::uint64_t quiet_, longest_;  // nanoseconds
  Changes changes_;
  std::shared_ptr<Changes> told_ = std::make_shared<Changes>();  // memory to be used again
  std::vector<std::string> ruled_anew_;  // directories whose ignore files changed
  std::optional<Error> error_;           // ends it
  double time_ = 0;                      // of what is being read
  std::uint64_t first_ = 0, latest_ = 0;
  bool overflow_ = false;
};

}  // namespace ggen::watch
