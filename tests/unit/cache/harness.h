// What the tests of the cache share: a directory of their own, small trees of files as values, and
// a cache with all its parts.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "cache/layout.h"
#include "cache/opened.h"
#include "cache/outputs.h"
#include "hash/sha256.h"

namespace ggen::cache_test {

namespace fs = std::filesystem;
using hash::EntryKind;

// A directory of its own for each test, gone at its end.
class Scratch {
 public:
  Scratch() : path_(make_temp_dir(fs::temp_directory_path(), "ggen-unit-").value()) {}
  explicit Scratch(const std::string& parent)
      : path_(make_temp_dir(parent, "ggen-unit-").value()) {}
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Node {
  EntryKind kind = EntryKind::file;
  std::string bytes;  // of a file, or a link's target
  bool executable = false;

  bool operator==(const Node&) const = default;
};
// Files, links and empty directories by path.
using Files = std::map<std::string, Node>;

inline void make(const std::string& root, const Files& files) {
  for (const auto& [path, node] : files) {
    const fs::path full = root + "/" + path;
    fs::create_directories(node.kind == EntryKind::directory ? full : full.parent_path());
    if (node.kind == EntryKind::link) fs::create_symlink(node.bytes, full);
    if (node.kind != EntryKind::file) continue;
    std::ofstream(full, std::ios::binary) << node.bytes;
    ::chmod(full.c_str(), node.executable ? 0755 : 0644);
  }
}

inline Files look(const std::string& root) {
  Files files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string path = entry.path().lexically_relative(root);
    if (entry.is_symlink()) {
      files[path] = {EntryKind::link, fs::read_symlink(entry.path()), false};
    } else if (entry.is_directory()) {
      if (fs::is_empty(entry.path())) files[path] = {EntryKind::directory, {}, false};
    } else {
      const bool executable = (entry.status().permissions() & fs::perms::owner_exec) != fs::perms{};
      files[path] = {EntryKind::file, read_file(entry.path()).value(), executable};
    }
  }
  return files;
}

inline Digest digest_of(const Node& node) {
  return node.kind == EntryKind::directory ? Digest{} : hash::sha256(node.bytes);
}

// What the Tree would say of the files below `dir` (a declared output).
inline std::vector<cache::Output> outputs_of(const Files& files, const std::string& dir = "") {
  std::vector<cache::Output> outputs;
  for (const auto& [path, node] : files) {
    if (!dir.empty() && path != dir && !path.starts_with(dir + "/")) continue;
    cache::Output output;
    output.path = path;
    output.kind = node.kind;
    output.executable = node.executable;
    output.size = node.kind == EntryKind::file ? node.bytes.size() : 0;
    output.digest = digest_of(node);
    outputs.push_back(std::move(output));
  }
  return outputs;
}

inline std::vector<cache::Present> present_of(const Files& files, const std::string& dir = "") {
  std::vector<cache::Present> present;
  for (const cache::Output& output : outputs_of(files, dir))
    present.push_back({output.path, output.kind, output.executable, output.digest});
  return present;
}

// Ends the test program with the message: for what a test stands on.
inline void must(const Result<void>& result) {
  GGEN_BUG_IF(!result, result.error().message.c_str());
}

inline Digest key_of(const std::string& text) { return hash::sha256("key " + text); }

// An opened cache with its parts.
struct Cache : cache::Opened {
  explicit Cache(const std::string& root) : Opened(cache::Directory::open(root).value()) {}

  // Captures what lies below `dir` of the tree and stores it.
  cache::Action store(const std::string& tree, const std::string& dir, const std::string& key) {
    cache::Action action;
    action.key = key_of(key);
    action.task = key;
    action.outputs = outputs_of(look(tree), dir);
    action.output_patterns = {dir};
    action.created_ms = 1000;
    action.duration_ms = 50;
    must(cache::capture(blobs, tree, action.outputs));
    must(actions.put(action));
    return action;
  }

  std::string blob_path(const std::string& bytes) const { return blobs.path(hash::sha256(bytes)); }
};

// Changes stored files in the three ways that have to be noticed.
enum class Damage { truncated, flipped, emptied };

inline void damage(const std::string& path, Damage how) {
  ::chmod(path.c_str(), 0644);
  std::string bytes = read_file(path).value();
  if (how == Damage::emptied) bytes.clear();
  if (how == Damage::truncated) bytes.resize(bytes.size() / 2);
  if (how == Damage::flipped)
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace ggen::cache_test
