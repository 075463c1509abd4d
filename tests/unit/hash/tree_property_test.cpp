// Random trees and random sets, and a naive reading of the rules at the top of tree.h as the judge.
// Then: trees that change while they are read.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <functional>
#include <random>
#include <thread>

#include "base/glob.h"
#include "hash/sha256.h"
#include "project.h"

using namespace ggen;
using namespace ggen::hash;
using ggen::test::Lines;
using ggen::test::Project;

namespace {

using Random = std::mt19937;

template <class List>
std::string pick(Random& random, const List& list) {
  return list[random() % std::size(list)];
}

const char* const kDirs[] = {"a", "b", "a.b", "lib", "\xff"};
const char* const kFiles[] = {"x.c", "y.c", "x.h", "a", "b", "Makefile", "a-b", "n\nl"};
const char* const kPatterns[] = {"**",      "**/*.c", "a/**",    "*/x.?",   "lib",
                                 "a/b",     "x.c",    "b/x.c",   "{a,b}/*", "a",
                                 "[ab]/**", "a.b/**", "./a/x.c", "**/a/**"};
const char* const kOut[] = {"!**/*.h", "!a/b", "!lib/**", "!x.c", "!**/y.c", "!a/**"};

// All that is in the directory: path -> content, "->" and the target for a link.
using Files = std::map<std::string, std::string>;

void fill(const Project& p, Random& random, Files& files, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    std::string path;
    for (std::size_t depth = random() % 4; depth > 0; --depth) path += pick(random, kDirs) + "/";
    path += pick(random, kFiles);
    std::error_code error;
    if (std::filesystem::exists(std::filesystem::symlink_status(p.path(path), error))) continue;
    const std::string dir = path.substr(0, path.rfind('/') + 1);
    if (!dir.empty() && !make_dirs(p.path(dir))) continue;
    // Not through a link: the files would be somewhere else.
    if (real_path(p.path(dir)).value() + "/" != p.path(dir) && !dir.empty()) continue;
    if (random() % 8 == 0) {
      const std::string target = pick(random, kFiles);
      p.link(path, target);
      files[path] = "->" + target;
    } else {
      files[path] = std::string(random() % 3, 'c') + std::to_string(random() % 4);
      p.write(path, files[path]);
    }
  }
}

std::string without_dot(std::string_view pattern) {
  while (pattern.starts_with("./")) pattern.remove_prefix(2);
  return std::string(pattern);
}

bool matches(std::string pattern, const std::string& path) {
  pattern = without_dot(pattern);
  const bool literal = pattern.find_first_of("*?[{") == std::string::npos;
  if (literal) return path == pattern || path.starts_with(pattern + "/");
  return Glob::compile(pattern)->match(path);
}

// What tree.h promises for sets of inputs, file by file.
Lines expected(const Files& files, const std::function<bool(const std::string&)>& exists,
               const std::string& base, const Lines& patterns, const Lines& exclude,
               Digest* digest = nullptr) {
  std::map<std::string, std::string> kinds;
  const std::string prefix = base.empty() ? "" : base + "/";
  const auto wanted = [&](const std::string& path) {
    bool excluded = false;
    for (const auto& pattern : exclude) {
      const bool out = !pattern.starts_with('!');
      for (std::string part = path;; part.resize(part.rfind('/'))) {
        if (matches(out ? pattern : pattern.substr(1), part)) excluded = out;
        if (part.find('/') == std::string::npos) break;
      }
    }
    if (excluded) return false;
    bool in = patterns.empty();
    for (const auto& pattern : patterns) {
      const bool out = pattern.starts_with('!');
      if (matches(out ? pattern.substr(1) : pattern, path)) in = !out;
    }
    return in;
  };
  for (const auto& [path, content] : files) {
    if (!path.starts_with(prefix)) continue;
    if (wanted(path.substr(prefix.size()))) kinds[path] = content.starts_with("->") ? "l" : "f";
  }
  for (const auto& pattern : patterns) {
    const std::string name = without_dot(pattern);
    if (name.starts_with('!') || name.find_first_of("*?[{") != std::string::npos) continue;
    const std::string path = prefix + name;
    if (!exists(path) && wanted(name)) kinds[path] = "-";
  }
  Lines lines;
  TreeDigest tree;
  for (const auto& [path, kind] : kinds) {
    lines.push_back(kind + " " + path);
    if (kind == "-") {
      tree.add(path, EntryKind::missing, false, {});
    } else if (kind == "l") {
      tree.add(path, EntryKind::link, false, sha256(files.at(path).substr(2)));
    } else {
      tree.add(path, EntryKind::file, false, sha256(files.at(path)));
    }
  }
  if (digest != nullptr) *digest = tree.finish();
  return lines;
}

}  // namespace

TEST_CASE("Sets have the files that a naive matcher finds, run after run",
          "[hash][tree][property]") {
  const unsigned seed = GENERATE(take(10, random(0, 1000000)));
  INFO("seed " << seed);
  Random random(seed);
  Project p;
  Files files;
  fill(p, random, files, 60);
  std::vector<SetSpec> specs{{}};
  for (int i = 0; i < 25; ++i) {
    SetSpec spec;
    if (random() % 3 == 0) spec.base = pick(random, kDirs);
    for (std::size_t n = random() % 3; n > 0; --n) spec.patterns.push_back(pick(random, kPatterns));
    if (!spec.patterns.empty() && random() % 2 == 0) spec.patterns.push_back(pick(random, kOut));
    if (random() % 5 == 0) spec.patterns.push_back(pick(random, kPatterns));
    if (random() % 4 == 0) spec.exclude.push_back(pick(random, kPatterns));
    if (!spec.exclude.empty() && random() % 2 == 0) spec.exclude.push_back(pick(random, kOut));
    if (spec.exclude.size() == 2 && random() % 3 == 0) {
      spec.exclude.push_back(pick(random, kPatterns));
    }
    specs.push_back(spec);
  }
  const auto exists = [&](const std::string& path) {
    std::error_code error;
    return std::filesystem::exists(std::filesystem::symlink_status(p.path(path), error));
  };
  for (int run = 0; run < 4; ++run) {
    // Some runs know what the run before knew, some look with more threads.
    if (run > 0) p.save_and_reopen(1 + random() % 4);
    if (random() % 2 == 0) p.tree->verify_all();
    std::vector<SetId> ids;
    for (const auto& spec : specs) ids.push_back(p.tree->add(spec));
    // At once or in parts.
    const std::size_t half = random() % (ids.size() + 1);
    for (const auto part : {std::span(ids).first(half), std::span(ids)}) {
      const auto result = p.tree->resolve(part);
      INFO((result ? std::string() : result.error().message));
      REQUIRE(result);
    }
    for (std::size_t i = 0; i < specs.size(); ++i) {
      Digest digest;
      const Lines lines =
          expected(files, exists, specs[i].base, specs[i].patterns, specs[i].exclude, &digest);
      INFO("run " << run << " base " << specs[i].base << " patterns "
                  << Catch::Detail::stringify(specs[i].patterns) << " exclude "
                  << Catch::Detail::stringify(specs[i].exclude));
      CHECK(p.list(ids[i]) == lines);
      CHECK(p.tree->count(ids[i]) == lines.size());
      CHECK(p.tree->digest(ids[i]) == digest);
    }
    for (int i = 0; i < 10; ++i) {
      if (files.empty()) break;
      auto victim = files.begin();
      std::advance(victim, random() % files.size());
      p.remove(victim->first);
      files.erase(victim);
    }
    fill(p, random, files, 10);
    // A directory with nothing in it is one more thing that must not matter.
    p.make_dir("lib/empty" + std::to_string(run));
  }
}

TEST_CASE("Digests do not depend on threads, order or place", "[hash][tree][property]") {
  const unsigned seed = GENERATE(take(4, random(0, 1000000)));
  INFO("seed " << seed);
  Files files;
  Project one;
  Random random(seed);
  fill(one, random, files, 300);
  Project other;
  // The other way round, so that directories list their names in another order.
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    if (file->second.starts_with("->")) {
      other.link(file->first, file->second.substr(2));
    } else {
      other.write(file->first, file->second);
    }
  }
  const Digest digest = one.tree->digest(one.resolved({}));
  for (const unsigned threads : {1U, 2U, 7U}) {
    other.reopen(threads);
    CHECK(other.tree->digest(other.resolved({})) == digest);
  }
}

TEST_CASE("A walk survives files that come and go meanwhile", "[hash][tree][property]") {
  Project p;
  p.write("still/a", "a");
  p.write("still/b", "b");
  for (int i = 0; i < 200; ++i)
    p.write("busy/d" + std::to_string(i % 10) + "/f" + std::to_string(i), "x");
  const Digest still = p.tree->digest(p.resolved({"still", {}, {}, false}));
  std::atomic<bool> stop{false};
  std::jthread mover([&] {
    Random random(7);
    while (!stop) {
      const std::string dir = p.path("busy/d" + std::to_string(random() % 10));
      const std::string file = dir + "/f" + std::to_string(random() % 200);
      switch (random() % 6) {
        case 0: (void)remove_tree(dir); break;
        case 1: (void)make_dirs(dir); break;
        case 2: (void)remove_tree(file); break;
        case 3: (void)make_dirs(file + "/sub"); break;
        case 4: (void)::symlink("a", file.c_str()); break;
        default: (void)write_file(file, std::to_string(random())); break;
      }
    }
  });
  for (int round = 0; round < 60; ++round) {
    if (round % 10 == 9) p.save_and_reopen(3);
    if (round % 10 == 9 && round % 20 == 9) p.tree->verify_all();
    p.tree->new_epoch();
    const SetId ids[] = {p.tree->add({"", {"busy/**", "busy/d1/f1", "busy/d2"}, {}, false}),
                         p.tree->add({"", {"busy"}, {}, true}),
                         p.tree->add({"still", {}, {}, false})};
    // A file that changes under the reader may be an error of its own set, and nothing worse.
    (void)p.tree->resolve(ids);
    REQUIRE(p.tree->problem(ids[2]) == nullptr);
    CHECK(p.tree->digest(ids[2]) == still);
    (void)p.tree->recheck(ids[0], p.tree->mark(ids[0]));
  }
  stop = true;
  mover.join();
  // And the truth afterwards, by a tree that remembers and by one that does not.
  p.tree->new_epoch();
  const Digest remembered = p.tree->digest(p.resolved({"busy", {}, {}, false}));
  Tree fresh(p.dir, p.dir + "/.ggen/none", 1);
  const SetId id = fresh.add({"busy", {}, {}, false});
  REQUIRE(fresh.resolve(std::span(&id, 1)));
  CHECK(fresh.digest(id) == remembered);
}
