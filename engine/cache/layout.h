// The names of everything in the cache's directory. Knows no file: names only.
//
//   version                     "ggen-lua cache 1\n"
//   actions/ab/<62 digits>      one result (action.h), named by its key
//   blobs/ab/<62 digits>        one file's bytes, named by their SHA-256
//   journal                     what happened to the results over time (journal.h)
//   usage                       how many bytes it holds, roughly (usage.h)
//   tmp/                        files that are being written
//   .gitignore                  "*": within a project none of it is an input, or for git
//
// Digests are named by their 64 lower-case hexadecimal digits, cut after the second one.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"

namespace ggen::cache {

constexpr std::string_view kVersionText = "ggen-lua cache 1\n";
constexpr const char* kVersionFile = "version";
constexpr const char* kActions = "actions";
constexpr const char* kBlobs = "blobs";
constexpr const char* kJournal = "journal";
constexpr const char* kUsage = "usage";
constexpr const char* kTemporary = "tmp";
constexpr const char* kIgnoreFile = ".gitignore";
constexpr std::string_view kIgnoreText = "*\n";

// Where the cache is: $GGEN_CACHE_DIR, else $XDG_CACHE_HOME/ggen-lua, else $HOME/.cache/ggen-lua.
// Variables that are empty or not absolute paths do not count, but for GGEN_CACHE_DIR, which has to
// be absolute.
Result<std::string> default_root();

// "ab/cdef...": the name of a digest below `actions` or `blobs`, with a NUL at its end.
struct DigestName {
  explicit DigestName(const Digest& digest);
  const char* c_str() const { return text.data(); }
  // "ab"
  std::string directory() const { return {text.data(), 2}; }

  std::array<char, 2 * Digest::kSize + 2> text;
};

// The digest that a file <directory>/<name> stands for; nothing if that is no name of ours.
std::optional<Digest> digest_of_name(std::string_view directory, std::string_view name);

}  // namespace ggen::cache
