// SPDX-License-Identifier: MIT
#include "cache/sweep.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <unordered_map>

#include "cache/accesses.h"
#include "cache/action_store.h"
#include "cache/layout.h"
#include "cache/usage.h"
#include "cache/walk.h"

namespace ggen::cache {

namespace {

std::uint64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

struct Blob {
  std::uint64_t size = 0;
  std::uint32_t references = 0;
};
using Blobs = std::unordered_map<Digest, Blob>;

std::uint64_t size_at(int dir_fd, const std::string& name) {
  struct stat info {};
  if (::fstatat(dir_fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return 0;
  return static_cast<std::uint64_t>(info.st_size);
}

Result<void> read_actions(const Directory& directory, Survey& survey) {
  const ActionStore store(directory);
  return each_file(directory.actions(), [&](const StoredFile& file) {
    const std::uint64_t size = size_at(directory.actions(), file.name);
    survey.action_bytes += size;
    // A survey only looks: damage is for get() and verify().
    const auto bytes = file.digest ? store.get_encoded(*file.digest)
                                   : Result<std::optional<std::string>>(std::nullopt);
    if (file.digest && bytes && !*bytes) return;  // gone meanwhile
    const auto action = bytes && *bytes ? decode(**bytes) : Result<Action>(Error{});
    if (!action || action->key != *file.digest) {
      ++survey.unreadable;
      return;
    }
    Entry entry;
    entry.key = action->key;
    entry.task = action->task;
    entry.bytes = entry.all_bytes = size;
    entry.created_ms = entry.last_access_ms = action->created_ms;
    entry.duration_ms = action->duration_ms;
    entry.blobs = action->blobs();
    survey.entries.push_back(std::move(entry));
  });
}

Result<Blobs> look_at_blobs(const Directory& directory, Survey& survey) {
  Blobs blobs;
  GGEN_TRY(each_file(directory.blobs(), [&](const StoredFile& file) {
    const std::uint64_t size = size_at(directory.blobs(), file.name);
    survey.bytes += size;
    ++survey.blobs;
    if (file.digest) blobs[*file.digest].size = size;
  }));
  return blobs;
}

// Shares each blob's bytes among the entries that name it.
void share(Survey& survey, Blobs& blobs) {
  for (const Entry& entry : survey.entries)
    for (const Digest& digest : entry.blobs)
      if (const auto blob = blobs.find(digest); blob != blobs.end()) ++blob->second.references;
  for (Entry& entry : survey.entries) {
    for (const Digest& digest : entry.blobs) {
      const auto blob = blobs.find(digest);
      if (blob == blobs.end()) continue;
      entry.bytes += blob->second.size / blob->second.references;
      entry.all_bytes += blob->second.size;
    }
  }
  for (const auto& [digest, blob] : blobs) {
    if (blob.references > 0) continue;
    ++survey.orphans;
    survey.orphan_bytes += blob.size;
  }
}

// Removes the blobs that `keep` does not name and that are older than the grace.
Result<void> remove_blobs(const Directory& directory,
                          const std::unordered_map<Digest, std::uint32_t>& keep,
                          std::chrono::milliseconds grace, Swept& swept) {
  return each_file(directory.blobs(), [&](const StoredFile& file) {
    if (!file.digest || keep.contains(*file.digest)) return;
    // Looked at right before it goes: a run that has found it there meanwhile has touched it.
    struct stat info {};
    if (::fstatat(directory.blobs(), file.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return;
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const std::chrono::milliseconds age((now.tv_sec - info.st_mtim.tv_sec) * 1000 +
                                        (now.tv_nsec - info.st_mtim.tv_nsec) / 1'000'000);
    if (age < grace) return;
    if (::unlinkat(directory.blobs(), file.name.c_str(), 0) != 0) return;
    ++swept.blobs;
    swept.bytes += static_cast<std::uint64_t>(info.st_size);
  });
}

Record tombstone(const Entry& entry, Reason reason, std::string_view policy) {
  Record record;
  record.op = Op::evict;
  record.reason = reason;
  record.task = task_hash(entry.task);
  record.time_ms = now_ms();
  record.key = short_key(entry.key);
  record.bytes = entry.bytes;
  record.cost_ms = entry.duration_ms;
  record.policy = policy;
  return record;
}

}  // namespace

Result<Survey> survey(const Directory& directory) {
  Survey survey;
  GGEN_TRY(read_actions(directory, survey));
  GGEN_TRY_ASSIGN(Blobs blobs, look_at_blobs(directory, survey));
  survey.bytes += survey.action_bytes;
  share(survey, blobs);
  std::sort(survey.entries.begin(), survey.entries.end(),
            [](const Entry& a, const Entry& b) { return a.key < b.key; });
  GGEN_TRY_ASSIGN(const Journal::Read read, Journal(directory).read());
  survey.totals = totals_of(read.records);
  const UsageByKey usage = usage_by_key(read.records);
  for (Entry& entry : survey.entries) {
    const auto found = usage.find(short_key(entry.key));
    if (found == usage.end()) continue;
    entry.hits = found->second.hits;
    entry.last_access_ms = std::max(entry.last_access_ms, found->second.last_access_ms);
  }
  return survey;
}

Result<Swept> sweep(const Directory& directory, const Survey& survey,
                    std::span<const Victim> victims, std::string_view policy,
                    std::chrono::milliseconds grace) {
  Swept swept;
  std::vector<bool> gone(survey.entries.size(), false);
  std::vector<Record> tombstones;
  for (const Victim& victim : victims) {
    if (victim.entry >= gone.size() || gone[victim.entry]) continue;
    const Entry& entry = survey.entries[victim.entry];
    const std::string name = DigestName(entry.key).c_str();
    const std::uint64_t size = size_at(directory.actions(), name);
    if (::unlinkat(directory.actions(), name.c_str(), 0) != 0 && errno != ENOENT)
      return Error::from_errno(errno, "remove the action " + name);
    gone[victim.entry] = true;
    ++swept.actions;
    swept.bytes += size;
    tombstones.push_back(tombstone(entry, victim.reason, policy));
  }
  // Before the blobs: whoever misses the action may then say why.
  Journal journal(directory);
  GGEN_TRY(journal.append(tombstones));

  std::unordered_map<Digest, std::uint32_t> keep;
  for (std::size_t i = 0; i < gone.size(); ++i)
    if (!gone[i])
      for (const Digest& digest : survey.entries[i].blobs) ++keep[digest];
  GGEN_TRY(remove_blobs(directory, keep, grace, swept));
  remove_leftovers(directory.temporary());
  GGEN_TRY(journal.compact());
  GGEN_TRY(set_usage(directory, survey.bytes - std::min(survey.bytes, swept.bytes)));
  return swept;
}

Result<Swept> clear(const Directory& directory) {
  Swept swept;
  std::optional<Error> error;
  const auto remove = [&](int dir_fd, std::size_t& count) {
    return each_file(dir_fd, [&, dir_fd](const StoredFile& file) {
      const std::uint64_t size = size_at(dir_fd, file.name);
      if (::unlinkat(dir_fd, file.name.c_str(), 0) == 0) {
        ++count;
        swept.bytes += size;
      } else if (errno != ENOENT && !error) {
        error = Error::from_errno(errno, "remove " + file.name);
      }
    });
  };
  GGEN_TRY(remove(directory.actions(), swept.actions));
  GGEN_TRY(remove(directory.blobs(), swept.blobs));
  if (error) return std::move(*error);
  remove_leftovers(directory.temporary());
  Record record;
  record.op = Op::clear;
  record.time_ms = now_ms();
  GGEN_TRY(Journal(directory).append({&record, 1}));
  GGEN_TRY(set_usage(directory, 0));
  return swept;
}

}  // namespace ggen::cache
