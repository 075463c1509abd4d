// A directory of a test and a TreeWatch over it. The kernel has queued what a call changed by the
// time that it returns: flush() tells it, and nobody waits.
// SPDX-License-Identifier: MIT
#pragma once

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "loop/loop.h"
#include "watch/tree_watch.h"

namespace ggen::test {

using Lines = std::vector<std::string>;

class Watched {
 public:
  Watched() : dir(real_path(make_temp_dir("/tmp", "ggen-watch-").value()).value()) {}
  ~Watched() {
    tree.reset();
    (void)remove_tree(dir);
  }

  std::string path(const std::string& name) const { return dir + "/" + name; }
  // In place, as most editors do.
  void write(const std::string& name, std::string_view bytes = "x") const {
    const auto slash = name.rfind('/');
    if (slash != std::string::npos) REQUIRE(make_dirs(path(name.substr(0, slash))));
    std::FILE* file = std::fopen(path(name).c_str(), "w");
    REQUIRE(file != nullptr);
    std::fwrite(bytes.data(), 1, bytes.size(), file);
    std::fclose(file);
  }
  void make_dir(const std::string& name) const { REQUIRE(make_dirs(path(name))); }
  void remove(const std::string& name) const { REQUIRE(remove_tree(path(name))); }
  void move(const std::string& from, const std::string& to) const {
    REQUIRE(rename_path(path(from), path(to)));
  }
  void link(const std::string& target, const std::string& name) const {
    std::filesystem::create_symlink(target, path(name));
  }

  void start() {
    options.root = path(options.root);
    auto result = watch::TreeWatch::start(
        loop, options, [this](const watch::Changes& changes) { take(changes); },
        [this](const Error& error) { end = error; });
    INFO((result ? std::string() : result.error().message));
    REQUIRE(result);
    tree = std::move(*result);
  }

  // What happened since: "created a/b", "removed a (dir)", "changed x.o (ignored)".
  Lines told() {
    tree->flush();
    return std::exchange(lines, {});
  }
  void take(const watch::Changes& changes) {
    ++batches;
    overflow = overflow || changes.overflow;
    changes.each([&](const watch::Change& change) {
      lines.push_back(std::string(watch::change_name(change.kind)) + " " +
                      std::string(change.path) + (change.directory ? " (dir)" : "") +
                      (change.ignored ? " (ignored)" : ""));
    });
  }

  std::string dir;
  loop::Loop loop;
  watch::WatchOptions options;
  std::unique_ptr<watch::TreeWatch> tree;
  Lines lines;
  int batches = 0;
  bool overflow = false;
  std::optional<Error> end;
};

}  // namespace ggen::test
