// SPDX-License-Identifier: MIT
#include "hash/rules.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/fd.h"
#include "hash/checksum.h"
#include "hash/path_key.h"
#include "hash/sha256.h"

namespace ggen::hash {

namespace {

constexpr std::uint64_t kBasic = 1;
constexpr std::uint64_t kEverything = 2;

std::optional<std::string> read_all(int dir_fd, const std::string& path) {
  const Fd file(::openat(dir_fd, path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return {};
  std::string text;
  char block[16384];
  for (;;) {
    const ssize_t count = ::read(file.get(), block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return {};
    if (count == 0) return text;
    text.append(block, static_cast<std::size_t>(count));
  }
}

}  // namespace

const RulesPtr& Rules::basic() {
  static const RulesPtr rules(new Rules(kBasic));
  return rules;
}

const RulesPtr& Rules::everything() {
  static const RulesPtr rules(new Rules(kEverything));
  return rules;
}

Rules::Rules(RulesPtr parent, std::string dir, std::string below, int root_fd,
             std::vector<Source> sources)
    : parent_(std::move(parent)),
      dir_(std::move(dir)),
      below_(std::move(below)),
      root_fd_(root_fd),
      sources_(std::move(sources)) {
  std::uint64_t sum = checksum(dir_, parent_->sum());
  sum = checksum(below_, sum);
  for (const Source& source : sources_) {
    sum = checksum(source.digest.view(), checksum(source.path, sum));
  }
  sum_ = sum > kEverything ? sum : sum + 3;
}

void Rules::load() const {
  for (const Source& source : sources_) {
    auto text = read_all(root_fd_, source.path);
    if (!text || sha256(*text) != source.digest) torn_ = true;
    files_.push_back(text ? IgnoreFile::parse(*text) : IgnoreFile());
  }
}

std::vector<std::string> Rules::files() const {
  std::vector<std::string> files;
  for (const Rules* rules = this; rules != nullptr; rules = rules->parent_.get()) {
    for (const Source& source : rules->sources_) files.push_back(source.path);
  }
  return files;
}

void Rules::load_all() const {
  for (const Rules* rules = this; rules != nullptr; rules = rules->parent_.get()) {
    std::call_once(rules->once_, [&] { rules->load(); });
  }
}

bool Rules::torn() const {
  for (const Rules* rules = this; rules != nullptr; rules = rules->parent_.get()) {
    if (rules->torn_) return true;
  }
  return false;
}

bool Rules::ignores(std::string_view key, bool is_directory) const {
  if (sum_ == kEverything) return true;
  const std::string_view name = split_key(key).second;
  if (name == ".git" || name == ".ggen") return true;
  std::string whole;
  for (const Rules* rules = this; rules != nullptr; rules = rules->parent_.get()) {
    if (rules->sources_.empty()) continue;
    std::call_once(rules->once_, [&] { rules->load(); });
    std::string_view path = key;
    if (!rules->below_.empty()) {
      path = whole = join_key(rules->below_, key);
    } else if (!rules->dir_.empty()) {
      path.remove_prefix(rules->dir_.size() + 1);
    }
    for (const IgnoreFile& file : rules->files_) {
      const auto verdict = file.check(path, is_directory);
      if (verdict != IgnoreFile::Verdict::silent) return verdict == IgnoreFile::Verdict::ignore;
    }
  }
  return false;
}

}  // namespace ggen::hash
