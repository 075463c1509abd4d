// The lifecycle state of a project: which phases have succeeded, when, for how long, and the cache
// keys of the original. Kept in <project>/.ggen/state.json (lifecycle_text.h has the format).
//
// The file is read when something is first asked, at most once, and written by save() alone, when
// something was recorded. Several processes lose nothing of one another: save() locks the file, or
// the directory when there is no file yet; what another process has written meanwhile is read again
// and added to. The new file is written beside the old one and renamed onto it, so whatever happens
// one of them is there.
//
// A file that is damaged, or not of the format, counts as empty. When something is written in its
// place it is kept beside it, as state.json.damaged-<time>.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "state/lifecycle_text.h"

namespace ggen::state {

struct LifecycleOptions {
  std::size_t max_records = 1000;            // 0: no bound
  std::chrono::milliseconds patience{5000};  // with another process that holds the lock
};

class LifecycleState {
 public:
  explicit LifecycleState(std::string project_dir, LifecycleOptions options = {});

  const std::string& path() const { return path_; }

  // Reading. Both see what record() was told as well.
  bool succeeded(std::string_view phase, const std::optional<std::string>& workspace);
  std::optional<LifecycleRecord> last(std::string_view phase,
                                      const std::optional<std::string>& workspace);
  // All that is in the file.
  const LifecycleText& content();
  // Once something was asked or saved: what is wrong with the file, as the end of a sentence, and
  // where it was kept. Empty when all is well.
  const std::string& problem() const { return problem_; }

  void record(LifecycleRecord record) { records_.push_back(std::move(record)); }
  void key(LifecycleKey key) { keys_.push_back(std::move(key)); }

  // Writes what was recorded; without that, does nothing.
  Result<void> save();
  // Removes the file and forgets what was recorded. False when there is none.
  Result<bool> reset();

 private:
  enum class Found { yes, no, unreadable };

  void load();
  void forget();
  Result<Fd> lock_directory();
  Result<bool> is_current() const;
  Result<void> keep_aside();
  Result<void> write_and_rename(std::string_view bytes) const;
  Result<void> save_now();

  std::string directory_;  // with the file and what is beside it
  std::string path_;
  LifecycleOptions options_;

  Found found_ = Found::no;
  bool loaded_ = false;
  Fd file_;  // the file as it was loaded
  struct stat stamp_ {};
  LifecycleText content_;
  bool damaged_ = false;
  std::string problem_;

  std::vector<LifecycleRecord> records_;  // not yet saved
  std::vector<LifecycleKey> keys_;
};

}  // namespace ggen::state
