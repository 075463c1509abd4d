// How long it takes to look a stored result up: reading and decoding it, no blobs. 1,500 results of
// one output and 100 inputs each, as at size M, stored first. Prints the median and the 99th
// percentile in milliseconds.
// Usage: lookup_perf DIR
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "cache/action_store.h"
#include "hash/sha256.h"

using namespace ggen;

namespace {

constexpr int kTasks = 1'500, kInputs = 100, kRounds = 5;

Digest key_of(int task) { return hash::sha256("task " + std::to_string(task)); }

Result<void> store(cache::ActionStore& actions) {
  for (int task = 0; task < kTasks; ++task) {
    cache::Action action;
    action.key = key_of(task);
    action.task = "p" + std::to_string(task) + "#build";
    const std::string out = "packages/p" + std::to_string(task) + "/dist/build";
    action.output_patterns = {out};
    action.outputs.push_back({out, hash::EntryKind::file, false, 5, hash::sha256("made\n"), ""});
    action.parts.push_back({"command", "1", "echo made > dist/build"});
    for (int input = 0; input < kInputs; ++input) {
      const std::string name =
          "src/d" + std::to_string(input % 10) + "/file" + std::to_string(input);
      action.parts.push_back({"input", name, "f" + hash::sha256(name).hex()});
    }
    GGEN_TRY(actions.put(action));
  }
  return {};
}

Result<std::vector<double>> look_up(const cache::ActionStore& actions) {
  std::vector<double> times;
  for (int i = 0; i < kRounds * kTasks; ++i) {
    const Digest key = key_of(i * 7919 % kTasks);
    const auto start = std::chrono::steady_clock::now();
    GGEN_TRY_ASSIGN(const auto action, actions.get(key));
    const auto time = std::chrono::steady_clock::now() - start;
    if (!action) return Error{ErrorKind::not_found, "a result is missing"};
    times.push_back(std::chrono::duration<double, std::milli>(time).count());
  }
  std::sort(times.begin(), times.end());
  return times;
}

Result<void> run(const std::string& dir) {
  GGEN_TRY_ASSIGN(const auto directory, cache::Directory::open(dir));
  cache::ActionStore actions(directory);
  GGEN_TRY(store(actions));
  GGEN_TRY_ASSIGN(const auto times, look_up(actions));
  std::printf("%.4f\t%.4f\n", times[times.size() / 2], times[times.size() * 99 / 100]);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: lookup_perf DIR\n");
    return 2;
  }
  const auto done = run(argv[1]);
  if (!done) std::fprintf(stderr, "lookup_perf: %s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
