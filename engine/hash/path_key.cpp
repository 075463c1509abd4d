// SPDX-License-Identifier: MIT
#include "hash/path_key.h"

#include <vector>

namespace ggen::hash {

namespace {

// Takes the components of `path` into the list; ".." takes the last one away where there is one.
void add_components(std::vector<std::string_view>& components, bool absolute,
                    std::string_view path) {
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view component = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (component.empty() || component == ".") continue;
    if (component != "..") {
      components.push_back(component);
    } else if (!components.empty() && components.back() != "..") {
      components.pop_back();
    } else if (!absolute) {
      components.push_back(component);
    }
  }
}

}  // namespace

bool is_plain_key(std::string_view path) {
  if (path.starts_with('/') || path.starts_with('.') || path.ends_with('/')) return false;
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    if (path[slash + 1] == '/' || path[slash + 1] == '.') return false;
  }
  return true;
}

std::string path_key(std::string_view root, std::string_view base, std::string_view path) {
  // Nearly all of them.
  if (is_plain_key(path) && is_plain_key(base))
    return path.empty() ? std::string(base) : join_key(base, path);
  bool absolute = path.starts_with('/');
  std::vector<std::string_view> components;
  if (!absolute) {
    absolute = base.starts_with('/');
    add_components(components, absolute, base);
  }
  add_components(components, absolute, path);
  std::size_t first = 0;
  if (absolute) {
    std::vector<std::string_view> above;
    add_components(above, true, root);
    while (first < above.size() && first < components.size() && above[first] == components[first]) {
      ++first;
    }
    if (first == above.size()) {
      absolute = false;
    } else {
      first = 0;
    }
  }
  std::string key;
  for (std::size_t i = first; i < components.size(); ++i) {
    if (absolute || !key.empty()) key.push_back('/');
    key += components[i];
  }
  if (absolute && key.empty()) key = "/";
  return key;
}

std::string join_key(std::string_view base, std::string_view name) {
  std::string key;
  key.reserve(base.size() + 1 + name.size());
  key = base;
  if (!key.empty() && !key.ends_with('/')) key.push_back('/');
  key += name;
  return key;
}

std::pair<std::string_view, std::string_view> split_key(std::string_view key) {
  const std::size_t slash = key.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? key : key.substr(slash + 1);
  if (name.empty() || name == "..") return {key, {}};
  if (slash == std::string_view::npos) return {{}, name};
  return {key.substr(0, slash == 0 ? 1 : slash), name};
}

bool is_within(std::string_view key, std::string_view dir) {
  if (dir.empty()) return !is_outside(key);
  if (!key.starts_with(dir)) return false;
  return key.size() == dir.size() || dir == "/" || key[dir.size()] == '/';
}

}  // namespace ggen::hash
