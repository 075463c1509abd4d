// Tree: the files of a project as this run sees them. What is named by sets of files is listed,
// matched, stat'ed and hashed at most once an epoch, on several threads, and remembered from run to
// run in the file index. Knows nothing of tasks, of keys or of what is done with the digests.
//
// Which files a set has:
//  - No patterns: every file below `base` that git does not ignore.
//  - A glob does not see files that git ignores, unless its fixed part (the components before the
//    first wildcard) is itself ignored: then the rules do not apply below it.
//  - A pattern without wildcards counts whatever git says. One that names a directory means what is
//    below it, as the glob "dir/**" does. One that names nothing is an entry of kind missing.
//  - "!x" takes out what patterns before it took in; "!dir" all that is below the directory.
//  - `outputs`: ignore rules do not apply, every pattern that matches a directory means all that is
//    below it, an empty directory is an entry, and a directory that is named and has nothing but
//    what was taken out is as one that is missing.
//  - Links are entries and never followed, but for the links in `base` and in the fixed part of a
//    pattern: these are the user's way of naming a directory.
//  - Sockets, pipes and devices are left out, and are an error when a pattern without wildcards
//    names one. ".git" and ".ggen" are ignored like by a rule that cannot be taken back.
//
// Paths are bytes: relative to the root without "./" (with "../" in front when they lead out of
// it), or absolute below a base that was absolute and is not inside of the root.
//
// Not locked: one thread at a time.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "hash/stamp.h"
#include "hash/tree_digest.h"

namespace ggen::hash {

struct SetSpec {
  std::string base;  // directory, relative to the root ("" is the root) or absolute
  std::vector<std::string> patterns;  // base/glob.h; empty: all files below base
  // Relative to base; a directory that matches is out as a whole, but for what a later "!pattern"
  // leaves in.
  std::vector<std::string> exclude;
  bool outputs = false;   // declared outputs, see above
  bool by_stamp = false;  // size and mtime stand for the content: nothing is read

  bool operator==(const SetSpec&) const = default;
};

enum class SetId : std::uint32_t {};

struct TreeEntry {
  std::string_view path;
  EntryKind kind;
  bool executable;
  const Digest& digest;  // of the content, or of the stamp in a set by stamp; zero for kinds
                         // missing and directory
  const Stamp& stamp;    // zero for kinds missing and directory
};

// A set's files by their stamps: equal values, equal files.
struct Mark {
  std::uint64_t value = 0;
  std::uint32_t moment = 0;  // of this Tree: what was seen before
};

struct TreeStats {
  std::uint64_t lookups = 0;  // digests of files that were asked for
  std::uint64_t hits = 0;     // of these, known without reading the file
  std::uint64_t files_hashed = 0;
  std::uint64_t bytes_hashed = 0;
  std::uint64_t dirs_listed = 0;
  std::uint64_t dirs_reused = 0;  // listings that were known
};

class Tree {
 public:
  // `root` must be there; `index_file` need not, nor its directory. `threads` counts the caller's.
  Tree(std::string root, std::string index_file, unsigned threads);
  ~Tree();
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  // The same spec gives the same id. A malformed pattern is an error of the set when it is
  // resolved.
  SetId add(const SetSpec& spec);

  // Maps the index. Damaged or of another version: starts empty, see warnings().
  Result<void> open();

  // Stats everything that the index tracks and does nothing else. True: nothing at all moved since
  // the index was written, and none of it was racy then. What was seen counts as looked at. Call it
  // at most once, right after open().
  bool verify_all();

  // Whether a set is for certain what it was for the Tree that wrote the index: nothing that it is
  // made of moved, as far as verify_all() and everybody since has seen. Asks no file, and is not
  // about sets that somebody resolved before they moved. False without a verify_all().
  bool unmoved(const SetSpec& spec);
  // The same of all sets with this base whose patterns have no ".." in them. For less than reading
  // the patterns; may give false where unmoved(spec) gives true.
  bool unmoved_below(std::string_view base);
  // The directories that this goes by, and whether a resolve() since has found further ones.
  const std::vector<std::string>& moved();

  // Brings the sets up to date. A set that cannot be read is the error, and does not keep the
  // others from being resolved: problem() tells which.
  Result<void> resolve(std::span<const SetId> sets);
  // The same, whether they were looked at before or not.
  Result<void> resolve_again(std::span<const SetId> sets);

  // Whether a resolve() of the sets is over in no time: few files, as far as anybody knows, and
  // hardly a byte of them to hash. Looks at the stamps of the files to tell.
  bool is_quick(std::span<const SetId> sets);

  // What was looked at before is looked at again by the next resolve().
  void new_epoch();

  // The answers of the last resolve() for a set; zero, 0 and nothing for one that has a problem.
  const Digest& digest(SetId set) const;
  std::size_t count(SetId set) const;
  const Error* problem(SetId set) const;
  // Whether any resolve() was about the set.
  bool resolved(SetId set) const;
  // Sorted by the bytes of the paths. What was looked at since by a recheck() shows.
  void each(SetId set, const std::function<void(const TreeEntry&)>& visit) const;

  // As resolved: the names, kinds and stamps (with ctime) of the set's entries.
  Mark mark(SetId set) const;
  // Stats and lists again. False if a file of the set moved since, even if it moved back, came or
  // went. Hashes nothing.
  bool recheck(SetId set, const Mark& mark);
  // What recheck() cannot see of itself: a directory of the set in which something came and went
  // since, as its stamp tells, although it has the names that it had. Nothing if there is none.
  // Directories that somebody is expected to write to do not count.
  std::optional<std::string> stirred(SetId set, const Mark& mark) const;
  // Says where that is: the directories at, above and below the places that the sets begin with.
  // Asked once, when it is needed.
  void expect_writes(std::function<std::vector<SetSpec>()> sets);
  // Some file could change now and keep its stamp, or come and go.
  bool racy(SetId set) const;
  // Waits out the tick and resolves again until nothing of the sets is racy, so that whatever
  // changes from now on moves a stamp. Returns at once when nothing is.
  Result<void> settle(std::span<const SetId> sets);

  // What somebody else has just written and hashed (capture, restore): saves the next resolve()
  // from reading it. `path` as in TreeEntry; the stamp is the file's final one, after renaming it.
  void learn(std::string_view path, const Stamp& stamp, const Digest& digest);

  // Whether everything that the index said at open() still stands: verify_all() was true, and
  // nothing that it looked at was seen to change since. Only then does a later verify_all() go on
  // answering for sets that were not resolved in this run, and only then may notes about them stay.
  bool intact() const;

  // Writes the index if anything changed, notes included: a temporary file, renamed. From then on
  // verify_all() answers for all sets that this Tree resolved, and if intact() for those of earlier
  // runs too. If not, notes that were not set in this run are dropped.
  Result<void> save();

  // Named bytes kept in the index. All are lost with a damaged index. A view is valid until the
  // note is set again.
  std::optional<std::string_view> note(std::string_view name) const;
  void set_note(std::string_view name, std::string bytes);

  TreeStats stats() const;
  // What the user should be told once, such as a damaged index. Empties the list.
  std::vector<std::string> warnings();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ggen::hash
