// SPDX-License-Identifier: MIT
#include "state/inputs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "base/find.h"
#include "base/glob.h"
#include "hash/sha256.h"

namespace ggen::state {

namespace {

constexpr hash::Stamp kNoStamp{};

// Files whose content changes without a write.
bool is_volatile(const std::string& path) {
  return path.starts_with("/proc/") || path.starts_with("/sys/") || path.starts_with("/dev/");
}

// Nothing when there is none, or none that can be relied on.
hash::Stamp stamp_of(const std::string& path) {
  const std::int64_t before = hash::coarse_now_ns();
  struct stat info {};
  if (is_volatile(path) || ::stat(path.c_str(), &info) != 0) return kNoStamp;
  const hash::Stamp stamp = hash::Stamp::of(info);
  return hash::is_racy(stamp.ctime_ns, before) ? kNoStamp : stamp;
}

bool stands(const Input::Place& place) {
  struct stat info {};
  return !(place.stamp == kNoStamp) && ::stat(place.path.c_str(), &info) == 0 &&
         hash::Stamp::of(info) == place.stamp;
}

bool is_there(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

// Names end with a NUL, which no name has.
Digest digest_of(const std::vector<std::string>& names) {
  hash::Sha256 sum;
  for (const std::string& name : names) sum.update({name.c_str(), name.size() + 1});
  return sum.finish();
}

// The functions below fill in the answer of an input whose question is set.

Result<std::string> ask_file(Input& input) {
  const hash::Stamp before = stamp_of(input.name);
  auto bytes = read_file(input.name);
  input.present = bytes.has_value();
  if (!bytes) return bytes;
  input.digest = hash::sha256(*bytes);
  input.places = {{input.name, before == stamp_of(input.name) ? before : kNoStamp}};
  return bytes;
}

Result<std::vector<std::string>> ask_directories(Input& input) {
  input.places = {{input.name, stamp_of(input.name)}};
  GGEN_TRY_ASSIGN(const Glob glob, Glob::compile(input.patterns[0]));
  GGEN_TRY_ASSIGN(const std::vector<DirEntry> entries, list_dir(input.name));
  std::vector<std::string> names;
  for (const DirEntry& entry : entries) {
    if (entry.type == FileType::directory && !entry.name.starts_with('.') && glob.match(entry.name))
      names.push_back(entry.name);
  }
  return names;
}

Result<std::vector<std::string>> ask_files(Input& input) {
  GGEN_TRY_ASSIGN(const GlobSet globs, GlobSet::compile(input.patterns));
  return find_files(input.name, globs, [&](const std::string& dir) {
    input.places.push_back({dir, stamp_of(dir)});
  });
}

Result<std::vector<std::string>> ask_listing(Input& input) {
  auto names = input.kind == InputKind::files ? ask_files(input) : ask_directories(input);
  input.present = names.has_value();
  if (names) input.digest = digest_of(*names);
  return names;
}

std::optional<std::string> ask_variable(Input& input) {
  const char* value = std::getenv(input.name.c_str());
  input.present = value != nullptr;
  if (value == nullptr) return std::nullopt;
  input.digest = hash::sha256(value);
  return value;
}

Result<std::string> ask_real_path(Input& input) {
  auto path = real_path(input.name);
  input.present = path.has_value();
  if (path) input.digest = hash::sha256(*path);
  return path;
}

// The same question, answered now.
Input asked_again(const Input& before) {
  Input now{before.kind, before.name, before.patterns, false, {}, {}};
  switch (now.kind) {
    case InputKind::file: (void)ask_file(now).has_value(); break;
    case InputKind::existence: now.present = is_there(now.name); break;
    case InputKind::directories:
    case InputKind::files: (void)ask_listing(now).has_value(); break;
    case InputKind::variable: ask_variable(now); break;
    case InputKind::real_path: (void)ask_real_path(now).has_value(); break;
  }
  return now;
}

// Whether the stamps alone say that the answer is the same.
bool stands(const Input& input) {
  return !input.places.empty() &&
         std::all_of(input.places.begin(), input.places.end(),
                     [](const Input::Place& place) { return stands(place); });
}

std::string question(const Input& input) {
  std::string text(1, static_cast<char>(input.kind));
  text.append(input.name).push_back('\0');
  for (const std::string& pattern : input.patterns) text.append(pattern).push_back('\0');
  return text;
}

}  // namespace

Result<std::string> Inputs::read(const std::string& path) {
  Input input{InputKind::file, path, {}, false, {}, {}};
  auto bytes = ask_file(input);
  // A pipe or a directory has no content that could be compared.
  if (!bytes && bytes.error().kind != ErrorKind::not_found &&
      bytes.error().kind != ErrorKind::permission)
    refuse("it read " + path + ", which is no regular file");
  add(std::move(input));
  return bytes;
}

bool Inputs::exists(const std::string& path) {
  Input input{InputKind::existence, path, {}, is_there(path), {}, {}};
  const bool answer = input.present;
  add(std::move(input));
  return answer;
}

Result<std::vector<std::string>> Inputs::directories(const std::string& dir,
                                                     const std::string& pattern) {
  Input input{InputKind::directories, dir, {pattern}, false, {}, {}};
  auto names = ask_listing(input);
  add(std::move(input));
  return names;
}

Result<std::vector<std::string>> Inputs::files(const std::string& root,
                                               const std::vector<std::string>& patterns) {
  Input input{InputKind::files, root, patterns, false, {}, {}};
  auto names = ask_listing(input);
  add(std::move(input));
  return names;
}

std::optional<std::string> Inputs::variable(const std::string& name) {
  Input input{InputKind::variable, name, {}, false, {}, {}};
  auto value = ask_variable(input);
  add(std::move(input));
  return value;
}

Result<std::string> Inputs::real_path(const std::string& path) {
  Input input{InputKind::real_path, path, {}, false, {}, {}};
  auto real = ask_real_path(input);
  add(std::move(input));
  return real;
}

void Inputs::refuse(std::string reason) {
  if (refused_.empty()) refused_ = std::move(reason);
}

void Inputs::add(Input input) {
  const auto [known, is_new] = known_.emplace(question(input), list_.size());
  if (is_new) {
    list_.push_back(std::move(input));
    return;
  }
  const Input& before = list_[known->second];
  if (before.present != input.present || before.digest != input.digest)
    refuse(input.name + " changed while it was read");
}

Digest Inputs::answers() const {
  std::vector<std::string> lines;
  lines.reserve(list_.size());
  for (const Input& input : list_)
    lines.push_back(question(input) + (input.present ? '+' : '-') + input.digest.hex());
  std::sort(lines.begin(), lines.end());
  hash::Sha256 sum;
  for (const std::string& line : lines) {
    const std::uint64_t size = line.size();
    sum.update({reinterpret_cast<const char*>(&size), sizeof size});
    sum.update(line);
  }
  return sum.finish();
}

Inputs::Check Inputs::check() {
  Check result;
  for (Input& input : list_) {
    if (stands(input)) continue;
    Input now = asked_again(input);
    if (now.present != input.present || now.digest != input.digest) {
      result.same = false;
      result.changed = input.name;
      return result;
    }
    result.moved = result.moved || now.places != input.places;
    input.places = std::move(now.places);
  }
  return result;
}

bool Inputs::concerns(const std::string& path) const {
  for (const Input& input : list_) {
    const bool by_name = input.kind == InputKind::file || input.kind == InputKind::existence;
    if (by_name && input.name == path) return true;
    const std::string below = input.name.ends_with('/') ? input.name : input.name + "/";
    if (input.kind != InputKind::files || !path.starts_with(below)) continue;
    const auto globs = GlobSet::compile(input.patterns);
    if (globs && globs->match(std::string_view(path).substr(below.size()))) return true;
  }
  return false;
}

}  // namespace ggen::state
