// Restores the outputs of 300 tasks, 10,000 small files, and prints the milliseconds of each round:
// to be held against `cp -r` of the same files. docs/benchmarks.md has the figures.
//   restore_perf DIR [ROUNDS [THREADS]]
// DIR/source is what to copy with cp; DIR/cache and DIR/tree are ours.
// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "cache/action_store.h"
#include "cache/blob_store.h"
#include "cache/outputs.h"
#include "cache/parallel.h"
#include "hash/sha256.h"

using namespace ggen;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

namespace {

constexpr int kTasks = 300, kFiles = 10'000;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

[[noreturn]] void fail(const Error& error) {
  std::fprintf(stderr, "restore_perf: %s\n", error.message.c_str());
  std::exit(1);
}

// Files of 200 bytes to 8 KiB, each with other bytes.
std::string content(int number) {
  std::string bytes = "file " + std::to_string(number) + "\n";
  bytes.resize(200 + static_cast<std::size_t>(number * 7919 % 8000),
               static_cast<char>('a' + number % 26));
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: restore_perf DIR [ROUNDS [THREADS]]\n");
    return 2;
  }
  const std::string dir = argv[1], source = dir + "/source", tree = dir + "/tree";
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  const unsigned threads = argc > 3 ? static_cast<unsigned>(std::atoi(argv[3])) : 2;

  auto directory = cache::Directory::open(dir + "/cache");
  if (!directory) fail(directory.error());
  cache::BlobStore blobs(*directory);
  cache::ActionStore actions(*directory);
  std::vector<Digest> keys;
  for (int task = 0; task < kTasks; ++task) {
    const std::string out = "task" + std::to_string(task) + "/out";
    fs::create_directories(source + "/" + out);
    cache::Action action;
    action.key = hash::sha256(out);
    action.task = out;
    action.output_patterns = {out};
    for (int number = task; number < kFiles; number += kTasks) {
      const std::string path = out + "/f" + std::to_string(number), bytes = content(number);
      std::ofstream(source + "/" + path) << bytes;
      action.outputs.push_back(
          {path, hash::EntryKind::file, false, bytes.size(), hash::sha256(bytes), ""});
    }
    auto stored = cache::capture(blobs, source, action.outputs);
    if (stored) stored = actions.put(action);
    if (!stored) fail(stored.error());
    keys.push_back(action.key);
  }

  for (int round = 0; round < rounds; ++round) {
    fs::remove_all(tree);
    fs::create_directories(tree);
    const auto start = Clock::now();
    // As a run does it: each action on one thread, several actions at once.
    const auto restored =
        cache::for_each_parallel(keys.size(), threads, 1, [&](std::size_t i) -> Result<void> {
          GGEN_TRY_ASSIGN(const auto action, actions.get(keys[i]));
          GGEN_TRY(cache::restore(blobs, tree, *action, {}, 1));
          return {};
        });
    if (!restored) fail(restored.error());
    std::printf("%.1f\n", ms_since(start));
  }
  return 0;
}
