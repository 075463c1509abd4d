// What is known of one result: a task's outputs, its log and how its key came about. A value; the
// bytes of the outputs are blobs.
//
// As a file (base/pack.h): the eight bytes "ggenact1", then the fields of Action in the order of
// their declaration, lists with their number of elements (four bytes) in front, then the XXH3-64 of
// all that came before. Of an output: path, kind (one byte: 0 missing, 1 file, 2 link, 3
// directory), executable (one byte), size, digest, target.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "hash/tree_digest.h"

namespace ggen::cache {

struct Output {
  std::string path;  // relative to the project's root, without "." and ".."
  hash::EntryKind kind = hash::EntryKind::missing;
  bool executable = false;
  std::uint64_t size = 0;  // bytes of a file
  Digest digest;           // of a file's bytes or a link's target; else zero
  std::string target;      // of a link

  bool operator==(const Output&) const = default;
};

// One part of the key, in the order of the key: what `why` compares. An input is kind "input", the
// path, and one letter for what it is (f, x, l, d, or - for missing) before its digest.
struct Part {
  std::string kind;
  std::string name;
  std::string value;

  bool operator==(const Part&) const = default;
};

struct Action {
  Digest key;
  std::string task;
  std::vector<Output> outputs;
  std::vector<std::string> output_patterns;  // relative to the project's root
  Digest outputs_digest;                     // hash::TreeDigest of the outputs
  Digest log;                                // blob (log_file.h); zero: it printed nothing
  std::uint64_t log_size = 0;                // bytes of that blob
  std::uint64_t created_ms = 0;              // since 1970-01-01 UTC
  std::uint64_t duration_ms = 0;
  std::uint64_t user_ms = 0;
  std::uint64_t system_ms = 0;
  std::uint64_t peak_memory = 0;  // bytes
  std::string writer;             // who stored it, for people
  std::vector<Part> parts;

  bool operator==(const Action&) const = default;

  // Bytes of the outputs and the log, what is shared with other actions included.
  std::uint64_t blob_bytes() const;
  // The blobs that it names, each once.
  std::vector<Digest> blobs() const;
};

std::string encode(const Action& action);

// Any bytes may come: from a damaged disk or from a remote store. What is returned is well-formed:
// kinds are known, paths stay below the root and differ, no file or link is above another output.
Result<Action> decode(std::string_view bytes);

// "a/b": relative, no empty component, no "." or "..", no NUL; and not below .ggen, which is ours.
bool is_output_path(std::string_view path);

}  // namespace ggen::cache
