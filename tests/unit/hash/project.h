// A project directory of a test and a Tree over it.
// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "hash/tree.h"

namespace ggen::test {

class Project {
 public:
  Project() : dir(real_path(make_temp_dir("/tmp", "ggen-tree-").value()).value()) { reopen(); }
  ~Project() {
    tree.reset();
    (void)std::system(("chmod -R u+rwX '" + dir + "'").c_str());
    (void)remove_tree(dir);
  }

  std::string path(const std::string& name) const { return dir + "/" + name; }
  void write(const std::string& name, std::string_view bytes) const {
    make_parent(name);
    REQUIRE(write_file(path(name), bytes));
  }
  void link(const std::string& name, const std::string& target) const {
    make_parent(name);
    std::filesystem::create_symlink(target, path(name));
  }
  void make_dir(const std::string& name) const { REQUIRE(make_dirs(path(name))); }
  void remove(const std::string& name) const { REQUIRE(remove_tree(path(name))); }
  // Until nothing that was written before is racy.
  static void pass_tick() { hash::wait_out_tick(hash::coarse_now_ns()); }

  // As the next run would: a new Tree over the same index.
  void reopen(unsigned threads = 2) {
    tree = std::make_unique<hash::Tree>(dir, dir + "/.ggen/index/files", threads);
    REQUIRE(tree->open());
  }
  void save_and_reopen(unsigned threads = 2) {
    REQUIRE(tree->save());
    reopen(threads);
  }

  hash::SetId resolved(const hash::SetSpec& spec) {
    const hash::SetId id = tree->add(spec);
    const auto result = tree->resolve(std::span(&id, 1));
    INFO((result ? std::string() : result.error().message));
    REQUIRE(result);
    return id;
  }
  // The set as "f path", in order.
  std::vector<std::string> list(hash::SetId id) const {
    std::vector<std::string> lines;
    tree->each(id, [&](const hash::TreeEntry& entry) {
      lines.push_back(std::string(1, hash::kind_letter(entry.kind, entry.executable)) + " " +
                      std::string(entry.path));
    });
    return lines;
  }
  std::vector<std::string> list(const hash::SetSpec& spec) { return list(resolved(spec)); }
  std::vector<std::string> list(std::vector<std::string> patterns) {
    return list(hash::SetSpec{"", std::move(patterns), {}, false});
  }

  std::string dir;
  std::unique_ptr<hash::Tree> tree;

 private:
  void make_parent(const std::string& name) const {
    const auto slash = name.rfind('/');
    if (slash != std::string::npos) REQUIRE(make_dirs(path(name.substr(0, slash))));
  }
};

using Lines = std::vector<std::string>;

}  // namespace ggen::test
