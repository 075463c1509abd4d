// capture() of cache/outputs.h.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "cache/open_beneath.h"
#include "cache/outputs.h"
#include "cache/parallel.h"
#include "hash/sha256.h"

namespace ggen::cache {

namespace {

// So many files of one directory are a unit of work: the directory is opened once for them.
constexpr std::size_t kUnit = 64;

Result<void> capture_link(int dir_fd, const char* name, Output& output) {
  char target[PATH_MAX];
  const ssize_t size = ::readlinkat(dir_fd, name, target, sizeof target);
  if (size < 0) return Error::from_errno(errno, "read the link " + output.path);
  output.target.assign(target, static_cast<std::size_t>(size));
  if (hash::sha256(output.target) != output.digest)
    return Error{ErrorKind::cancelled, output.path + " changed while it was stored"};
  return {};
}

Result<void> capture_one(BlobStore& blobs, int dir_fd, Output& output) {
  const char* name = name_of(output.path).data();
  if (output.kind == hash::EntryKind::link) return capture_link(dir_fd, name, output);
  auto stored = blobs.put_file(dir_fd, name, output.digest, output.size);
  if (!stored) return std::move(stored).error().with_context("store " + output.path);
  return {};
}

struct Unit {
  std::size_t first;
  std::size_t count;
};

}  // namespace

Result<void> capture(BlobStore& blobs, const std::string& root, std::span<Output> outputs,
                     unsigned threads) {
  if (outputs.empty()) return {};
  const Fd root_fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root_fd) return Error::from_errno(errno, "open " + root);
  std::vector<Output*> todo;
  for (Output& output : outputs) {
    if (!is_output_path(output.path)) {
      return Error{ErrorKind::invalid,
                   "the output " + output.path + " is not below the project's directory"};
    }
    if (output.kind == hash::EntryKind::file || output.kind == hash::EntryKind::link)
      todo.push_back(&output);
  }
  // Where the list comes sorted by path this changes little; it must not depend on it.
  std::stable_sort(todo.begin(), todo.end(), [](const Output* a, const Output* b) {
    return parent_of(a->path) < parent_of(b->path);
  });
  std::vector<Unit> units;
  for (std::size_t i = 0; i < todo.size(); ++i) {
    if (!units.empty() && units.back().count < kUnit &&
        parent_of(todo[units.back().first]->path) == parent_of(todo[i]->path))
      ++units.back().count;
    else
      units.push_back({i, 1});
  }
  const auto capture_unit = [&](std::size_t i) -> Result<void> {
    const Unit unit = units[i];
    const std::string parent(parent_of(todo[unit.first]->path));
    GGEN_TRY_ASSIGN(const Fd dir, open_beneath(root_fd.get(), parent, MakeDirs::no));
    for (std::size_t j = unit.first; j < unit.first + unit.count; ++j)
      GGEN_TRY(capture_one(blobs, dir.get(), *todo[j]));
    return {};
  };
  return for_each_parallel(units.size(), todo.size() > kUnit ? threads : 1, 1, capture_unit);
}

}  // namespace ggen::cache
