// SPDX-License-Identifier: MIT
#include "state/checkout.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "base/fd.h"
#include "base/file.h"

namespace ggen::state {

namespace {

constexpr std::size_t kMostBytes = 4096;  // of HEAD, a reference, ".git"
constexpr std::uint64_t kMostPacked = std::uint64_t{256} << 20;
constexpr int kMostLinks = 5;  // references that name another
constexpr std::string_view kRef = "ref: ";
constexpr std::string_view kBranches = "refs/heads/";

struct Text {
  int error = 0;
  std::string bytes;  // without what ends the line
};

Text read_line(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return {errno, {}};
  std::array<char, kMostBytes> buffer;
  const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
  if (size < 0) return {errno, {}};
  std::string_view text(buffer.data(), static_cast<std::size_t>(size));
  text = text.substr(0, text.find_first_of(std::string_view("\r\n\0", 3)));
  return {0, std::string(text)};
}

bool is_digest(std::string_view text) {
  if (text.size() != 40 && text.size() != 64) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// A name of a reference leads nowhere else.
bool is_reference(std::string_view name) {
  return name.substr(0, 5) == "refs/" && name.find("..") == std::string_view::npos;
}

std::string below(const std::string& dir, const std::string& path) {
  return !path.empty() && path[0] == '/' ? path : dir + '/' + path;
}

// The commit of a reference among the packed ones, or nothing.
std::string packed(const std::string& dir, const std::string& name) {
  const auto bytes = read_file(dir + "/packed-refs", kMostPacked);
  if (!bytes) return {};
  const std::string wanted = std::string(" ").append(name).append("\n");
  for (std::size_t at = bytes->find(wanted); at != std::string::npos;
       at = bytes->find(wanted, at + 1)) {
    const std::size_t before = at == 0 ? std::string::npos : bytes->rfind('\n', at - 1);
    const std::size_t start = before == std::string::npos ? 0 : before + 1;
    const std::string_view digest(bytes->data() + start, at - start);
    if (is_digest(digest)) return std::string(digest);
  }
  return {};
}

// `git_dir` has the HEAD of this working tree, `common` what all of them share.
Checkout resolve(const std::string& head, const std::string& git_dir) {
  Checkout checkout;
  std::string text = head, common;
  for (int i = 0; i < kMostLinks; ++i) {
    if (is_digest(text)) {
      checkout.commit = text;
      return checkout;
    }
    if (text.compare(0, kRef.size(), kRef) != 0) return checkout;
    const std::string name = text.substr(kRef.size());
    if (!is_reference(name)) return checkout;
    if (i == 0)
      checkout.branch =
          name.compare(0, kBranches.size(), kBranches) == 0 ? name.substr(kBranches.size()) : name;
    Text reference = read_line(git_dir + '/' + name);
    if (reference.error != 0 && common.empty()) {
      const Text elsewhere = read_line(git_dir + "/commondir");
      common = elsewhere.error == 0 ? below(git_dir, elsewhere.bytes) : git_dir;
    }
    if (reference.error != 0 && common != git_dir) reference = read_line(common + '/' + name);
    if (reference.error != 0) {
      checkout.commit = packed(common, name);
      return checkout;
    }
    text = std::move(reference.bytes);
  }
  return checkout;
}

}  // namespace

std::optional<Checkout> find_checkout(const std::string& dir) {
  for (std::string at = dir;; at.resize(at.rfind('/'))) {
    if (!at.empty() && at.back() == '/') at.pop_back();
    std::string git_dir = at + "/.git";
    Text head = read_line(git_dir + "/HEAD");
    if (head.error == ENOTDIR) {
      // A file that says where it is: a working tree of several, or a submodule.
      const Text place = read_line(git_dir);
      constexpr std::string_view kPlace = "gitdir: ";
      if (place.error == 0 && place.bytes.compare(0, kPlace.size(), kPlace) == 0) {
        git_dir = below(at, place.bytes.substr(kPlace.size()));
        head = read_line(git_dir + "/HEAD");
      }
    }
    if (head.error == 0) return resolve(head.bytes, git_dir);
    if (at.find('/') == std::string::npos) return std::nullopt;
  }
}

}  // namespace ggen::state
