// Writes a snapshot (snapshot.h): what is given goes to a temporary file beside it, and commit()
// renames that into place. A writer that is not committed leaves nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "state/snapshot.h"
#include "state/snapshot_format.h"

namespace ggen::state {

class SnapshotWriter {
 public:
  // Makes the directory of `path` when it is not there.
  static Result<SnapshotWriter> create(const std::string& path, std::uint64_t identity);
  SnapshotWriter(SnapshotWriter&& other) noexcept = default;
  SnapshotWriter& operator=(SnapshotWriter&& other) = delete;
  ~SnapshotWriter();

  // Failures to write are kept for commit(). All records come before the first section.
  void record(std::string_view bytes);
  // A second section of the same name is ignored. `name` has at most Snapshot::kMaxName bytes.
  void section(std::string_view name, std::string_view bytes);
  // All records of another snapshot, and later its sections that were not given. Damage in it is
  // kept as such, or makes commit() fail.
  void copy_records(const Snapshot& other);
  void copy_sections(const Snapshot& other);

  Result<void> commit();

 private:
  SnapshotWriter(Fd file, std::string path, std::string temporary, std::uint64_t identity);

  bool has(std::string_view name) const;
  void put(std::string_view bytes);
  void flush();
  void end_records();
  void begin_section(std::string_view name);
  void end_section(std::uint64_t checksum);

  Fd file_;
  std::string path_;
  std::string temporary_;  // empty when there is nothing to remove
  std::string buffer_;
  std::uint64_t written_ = 0;  // with what is in the buffer
  std::vector<SectionEntry> sections_;
  std::vector<RecordEntry> records_;
  bool records_ended_ = false;
  SnapshotHead head_;
  Error error_{ErrorKind::io, ""};  // of the first write that failed; no message: none
};

}  // namespace ggen::state
