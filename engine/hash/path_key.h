// Keys of the tree: one spelling for each path. Relative to the root, without "." and empty
// components, with ".." only in front; absolute when it is not inside of the root. The root is "".
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace ggen::hash {

// The key of `path`, taken relative to the directory with key `base`. `root` is absolute.
std::string path_key(std::string_view root, std::string_view base, std::string_view path);

// "a/b" + "c"; a base of "" adds nothing.
std::string join_key(std::string_view base, std::string_view name);

// Directory and name: "a/b/c" is "a/b" and "c", "/x" is "/" and "x", "x" is "" and "x". A key
// without a name ("", "/", "..", "../..") has none.
std::pair<std::string_view, std::string_view> split_key(std::string_view key);

// Whether `key` is `dir` or below it.
bool is_within(std::string_view key, std::string_view dir);

// Whether the path is spelled as a key is, and stays inside of what it is relative to. False for
// some of those too, such as ".a".
bool is_plain_key(std::string_view path);

// Whether it leads out of the root.
inline bool is_outside(std::string_view key) {
  return key.starts_with('/') || key == ".." || key.starts_with("../");
}

}  // namespace ggen::hash
