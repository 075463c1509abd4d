// Restores the outputs of 300 tasks, 10,000 small files, to be held against `cp -r` of the same
// files.
//   restore_perf DIR make               writes DIR/source and stores it in DIR/cache
//   restore_perf DIR restore [THREADS]  restores it all into a new directory DIR/tree-PID
// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "cache/action_store.h"
#include "cache/blob_store.h"
#include "cache/outputs.h"
#include "cache/parallel.h"
#include "hash/sha256.h"

using namespace ggen;
namespace fs = std::filesystem;

namespace {

constexpr int kTasks = 300, kFiles = 10'000;

std::string out_of(int task) { return "task" + std::to_string(task) + "/out"; }

// Files of 200 bytes to 8 KiB, each with other bytes.
std::string content(int number) {
  std::string bytes = "file " + std::to_string(number) + "\n";
  bytes.resize(200 + static_cast<std::size_t>(number * 7919 % 8000),
               static_cast<char>('a' + number % 26));
  return bytes;
}

Result<void> make(cache::BlobStore& blobs, cache::ActionStore& actions, const std::string& source) {
  for (int task = 0; task < kTasks; ++task) {
    fs::create_directories(source + "/" + out_of(task));
    cache::Action action;
    action.key = hash::sha256(out_of(task));
    action.task = out_of(task);
    action.output_patterns = {out_of(task)};
    for (int number = task; number < kFiles; number += kTasks) {
      const std::string path = out_of(task) + "/f" + std::to_string(number);
      const std::string bytes = content(number);
      std::ofstream(source + "/" + path) << bytes;
      action.outputs.push_back(
          {path, hash::EntryKind::file, false, bytes.size(), hash::sha256(bytes), ""});
    }
    GGEN_TRY(cache::capture(blobs, source, action.outputs));
    GGEN_TRY(actions.put(action));
  }
  return {};
}

// As a run does it: each action on one thread, several actions at once.
Result<void> restore(const cache::BlobStore& blobs, const cache::ActionStore& actions,
                     const std::string& tree, unsigned threads) {
  fs::create_directories(tree);
  return cache::for_each_parallel(kTasks, threads, 1, [&](std::size_t task) -> Result<void> {
    const Digest key = hash::sha256(out_of(static_cast<int>(task)));
    GGEN_TRY_ASSIGN(const auto action, actions.get(key));
    if (!action) return Error{ErrorKind::not_found, "a result is missing: make first"};
    GGEN_TRY(cache::restore(blobs, tree, *action, {}, 1));
    return {};
  });
}

Result<void> run(const std::string& dir, const std::string& what, unsigned threads) {
  GGEN_TRY_ASSIGN(const auto directory, cache::Directory::open(dir + "/cache"));
  cache::BlobStore blobs(directory);
  cache::ActionStore actions(directory);
  if (what == "make") return make(blobs, actions, dir + "/source");
  return restore(blobs, actions, dir + "/tree-" + std::to_string(::getpid()), threads);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: restore_perf DIR make|restore [THREADS]\n");
    return 2;
  }
  const auto done = run(argv[1], argv[2], argc > 3 ? static_cast<unsigned>(std::atoi(argv[3])) : 2);
  if (!done) std::fprintf(stderr, "restore_perf: %s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
