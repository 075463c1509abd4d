// What is told, held against the disk: whoever follows the events knows every file and no other.
// SPDX-License-Identifier: MIT
#include <map>
#include <random>
#include <set>

#include "watched.h"

using namespace ggen;
using namespace ggen::test;

namespace fs = std::filesystem;

namespace {

class Follower {
 public:
  explicit Follower(unsigned seed) : random_(seed) {}

  void run(int rounds) {
    for (int i = 0; i < 10; ++i) act();
    w_.write(".gitignore", "ignored/\n*.o\n");
    w_.start();
    known_ = on_disk();
    for (int round = 0; round < rounds; ++round) {
      const auto before = contents();
      for (auto count = random_() % 8; count > 0; --count) act();
      w_.tree->flush();
      follow(before);
      REQUIRE(w_.tree->directories() == watched_dirs());
    }
  }

 private:
  std::string name() {
    static const char* const kNames[] = {"a", "b", "a-b", "c.o", "ignored"};
    return kNames[random_() % 5];
  }
  // Some path, up to four deep.
  std::string some() {
    std::string path = name();
    while (random_() % 2 == 0 && path.size() < 30) path += "/" + name();
    return path;
  }

  void act() {
    const std::string path = some(), other = some();
    std::error_code ignored;
    const auto parent = [&](const std::string& of) {
      fs::create_directories(fs::path(w_.path(of)).parent_path(), ignored);
    };
    switch (random_() % 7) {
      case 0:
      case 1:
      case 2:
        parent(path);
        if (!fs::is_directory(w_.path(path))) {
          if (std::FILE* file = std::fopen(w_.path(path).c_str(), "w")) {
            std::fprintf(file, "%u", ++version_);
            std::fclose(file);
          }
        }
        break;
      case 3: fs::create_directories(w_.path(path), ignored); break;
      case 4: fs::remove_all(w_.path(path), ignored); break;
      default:
        parent(other);
        fs::rename(w_.path(path), w_.path(other), ignored);
        break;
    }
  }

  static bool is_ignored_dir(const fs::path& path) {
    return path.filename() == "ignored" || path.extension() == ".o";
  }
  template <class Visit>
  void walk(Visit visit) {
    for (auto at = fs::recursive_directory_iterator(w_.dir); at != fs::end(at); ++at) {
      const bool directory = at->is_directory();
      visit(at->path().lexically_relative(w_.dir).string(), directory, *at);
      if (directory && is_ignored_dir(at->path())) at.disable_recursion_pending();
    }
  }
  std::set<std::string> on_disk() {
    std::set<std::string> all;
    walk([&](const std::string& path, bool, const auto&) { all.insert(path); });
    return all;
  }
  std::map<std::string, std::string> contents() {
    std::map<std::string, std::string> all;
    walk([&](const std::string& path, bool directory, const auto&) {
      if (!directory) all[path] = read_file(w_.path(path)).value();
    });
    return all;
  }
  std::size_t watched_dirs() {
    std::size_t count = 1;
    walk([&](const std::string&, bool directory, const auto& entry) {
      count += directory && !is_ignored_dir(entry.path());
    });
    return count;
  }

  void follow(const std::map<std::string, std::string>& before) {
    const Lines lines = std::exchange(w_.lines, {});
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    INFO(all);
    std::map<std::string, std::string> told;  // path -> kind
    std::set<std::string> other_dirs;         // that went, with or without another of the name
    for (const std::string& line : lines) {
      const std::size_t space = line.find(' ');
      const std::string path = line.substr(space + 1, line.find(' ', space + 1) - space - 1);
      REQUIRE(told.emplace(path, line.substr(0, space)).second);
      if (line.find("(dir)") != std::string::npos && !line.starts_with("created")) {
        other_dirs.insert(path);
      }
    }
    // What was in such a directory is over, but for what is told.
    const auto is_over = [&](std::string path) {
      for (std::size_t slash = path.rfind('/'); slash != std::string::npos;
           slash = path.rfind('/')) {
        path.resize(slash);
        if (other_dirs.contains(path)) return true;
      }
      return false;
    };
    std::erase_if(known_, [&](const auto& path) { return is_over(path) && !told.contains(path); });
    for (const auto& [path, kind] : told) {
      INFO(path);
      if (!is_over(path)) REQUIRE(known_.contains(path) == (kind != "created"));
      if (kind == "removed") {
        known_.erase(path);
      } else {
        known_.insert(path);
      }
    }
    REQUIRE(known_ == on_disk());
    for (const auto& [path, text] : contents()) {
      const auto was = before.find(path);
      if (was != before.end() && was->second == text) continue;
      INFO(path);
      REQUIRE(told.contains(path));
    }
  }

  Watched w_;
  std::mt19937 random_;
  std::set<std::string> known_;
  unsigned version_ = 0;
};

}  // namespace

TEST_CASE("tree watch: whoever follows the events knows every file", "[watch]") {
  const auto seed = GENERATE(range(1U, 21U));
  INFO("seed " << seed);
  Follower(seed).run(60);
}
