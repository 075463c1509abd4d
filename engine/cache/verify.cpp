// SPDX-License-Identifier: MIT
#include "cache/verify.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

#include "cache/action_store.h"
#include "cache/blob_store.h"
#include "cache/journal.h"
#include "cache/layout.h"
#include "cache/parallel.h"
#include "cache/walk.h"

namespace ggen::cache {

namespace {

class Verifier {
 public:
  explicit Verifier(const Directory& directory)
      : directory_(directory), actions_(directory), blobs_(directory) {}

  Result<void> check_blobs(unsigned threads) {
    GGEN_TRY_ASSIGN(const auto files, list(directory_.blobs(), kBlobs));
    return for_each_parallel(files.size(), threads, 16, [&](std::size_t i) {
      const Digest& digest = *files[i].digest;
      const auto file = blobs_.open_verified(digest);
      if (!file) return judge(file.error());
      struct stat info {};
      const bool known = ::fstat(file->get(), &info) == 0;
      const std::lock_guard lock(mutex_);
      ++verified_.blobs;
      verified_.bytes += known ? static_cast<std::uint64_t>(info.st_size) : 0;
      return Result<void>();
    });
  }

  // After the blobs: what was removed there is missing here.
  Result<void> check_actions(unsigned threads) {
    GGEN_TRY_ASSIGN(const auto files, list(directory_.actions(), kActions));
    return for_each_parallel(files.size(), threads, 64, [&](std::size_t i) -> Result<void> {
      const Digest& key = *files[i].digest;
      GGEN_TRY_ASSIGN(const auto bytes, actions_.get_encoded(key));
      if (!bytes) return {};  // gone meanwhile
      GGEN_TRY_ASSIGN(const auto action, actions_.get(key));
      if (!action) return {};  // damaged; the directory was told
      if (const auto missing = find_missing(*action)) {
        // A sweep beside us removes the action first: then nothing is wrong.
        if (!actions_.has(key)) return {};
        report(directory_.path(kActions) + "/" + files[i].name + " (" + action->task +
               ") names a missing blob, " + missing->hex() + removed(actions_.remove(key)));
        return {};
      }
      const std::lock_guard lock(mutex_);
      ++verified_.actions;
      verified_.bytes += bytes->size();
      return {};
    });
  }

  Result<Verified> finish() {
    remove_leftovers(directory_.temporary());
    GGEN_TRY_ASSIGN(const Journal::Read read, Journal(directory_).read());
    verified_.journal_damage = read.damaged_bytes;
    // What the stores found damaged and removed.
    for (std::string& warning : directory_.take_warnings())
      verified_.problems.push_back(std::move(warning));
    std::sort(verified_.problems.begin(), verified_.problems.end());
    return std::move(verified_);
  }

 private:
  // The files that are named after a digest; others are reported and removed.
  Result<std::vector<StoredFile>> list(int dir_fd, const char* what) {
    std::vector<StoredFile> files;
    GGEN_TRY(each_file(dir_fd, [&](StoredFile file) {
      if (file.digest) {
        files.push_back(std::move(file));
        return;
      }
      const bool gone = ::unlinkat(dir_fd, file.name.c_str(), 0) == 0;
      report(directory_.path(what) + "/" + file.name + " is no file of the cache" +
             (gone ? "; it was removed" : ""));
    }));
    return files;
  }

  std::optional<Digest> find_missing(const Action& action) const {
    for (const Output& output : action.outputs)
      if (output.kind == hash::EntryKind::file && !blobs_.has(output.digest)) return output.digest;
    if (!action.log.is_zero() && !blobs_.has(action.log)) return action.log;
    return std::nullopt;
  }

  Result<void> judge(const Error& error) {
    // Damaged: the directory was told. Missing: it vanished beside us.
    if (error.kind != ErrorKind::invalid && error.kind != ErrorKind::not_found)
      report(error.message);
    return {};
  }

  static const char* removed(const Result<void>& result) {
    return result ? "; it was removed" : "; it could not be removed";
  }

  void report(std::string problem) {
    const std::lock_guard lock(mutex_);
    verified_.problems.push_back(std::move(problem));
  }

  const Directory& directory_;
  ActionStore actions_;
  BlobStore blobs_;
  std::mutex mutex_;
  Verified verified_;
};

}  // namespace

Result<Verified> verify(const Directory& directory, unsigned threads) {
  Verifier verifier(directory);
  GGEN_TRY(verifier.check_blobs(threads));
  GGEN_TRY(verifier.check_actions(threads));
  return verifier.finish();
}

}  // namespace ggen::cache
