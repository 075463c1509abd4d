// SPDX-License-Identifier: MIT
#include "cache/action.h"

#include <algorithm>
#include <unordered_set>

#include "base/pack.h"
#include "hash/checksum.h"

namespace ggen::cache {

namespace {

constexpr std::string_view kMagic = "ggenact1";
// The least that an element of each list takes: what a hostile number of elements is held against.
constexpr std::size_t kLeastOutput = 4 + 1 + 1 + 8 + Digest::kSize + 4;
constexpr std::size_t kLeastPart = 3 * 4;

std::uint8_t kind_number(hash::EntryKind kind) {
  switch (kind) {
    case hash::EntryKind::missing: return 0;
    case hash::EntryKind::file: return 1;
    case hash::EntryKind::link: return 2;
    case hash::EntryKind::directory: return 3;
  }
  report_bug(__FILE__, __LINE__, "a kind of entry without a number");
}

Output get_output(Unpacker& from) {
  static constexpr hash::EntryKind kKinds[] = {hash::EntryKind::missing, hash::EntryKind::file,
                                               hash::EntryKind::link, hash::EntryKind::directory};
  Output output;
  output.path = from.text();
  const auto kind = from.number<std::uint8_t>();
  const auto executable = from.number<std::uint8_t>();
  if (kind >= std::size(kKinds) || executable > 1) from.fail();
  if (from.good()) output.kind = kKinds[kind];
  output.executable = executable == 1;
  output.size = from.number<std::uint64_t>();
  output.digest = from.digest();
  output.target = from.text();
  // A link's target is a C string and never empty.
  const bool is_link = output.kind == hash::EntryKind::link;
  if (is_link == output.target.empty() || output.target.find('\0') != std::string::npos)
    from.fail();
  return output;
}

// No two outputs of one path, and nothing below a file or a link.
bool is_tree(const std::vector<Output>& outputs) {
  std::unordered_set<std::string_view> all, leaves;
  for (const Output& output : outputs) {
    if (!is_output_path(output.path) || !all.insert(output.path).second) return false;
    if (output.kind == hash::EntryKind::file || output.kind == hash::EntryKind::link)
      leaves.insert(output.path);
  }
  std::string_view last;  // the directory that was looked at last: most files share theirs
  for (const Output& output : outputs) {
    std::string_view rest = output.path;
    for (auto slash = rest.rfind('/'); slash != std::string_view::npos; slash = rest.rfind('/')) {
      rest = rest.substr(0, slash);
      if (rest == last) break;
      if (leaves.contains(rest)) return false;
    }
    const std::string_view path = output.path;
    last = path.substr(0, std::min(path.rfind('/'), path.size()));
  }
  return true;
}

Error damaged(std::string_view what) {
  return {ErrorKind::invalid, "the stored result is damaged: " + std::string(what)};
}

}  // namespace

std::uint64_t Action::blob_bytes() const {
  std::uint64_t sum = log_size;
  for (const Output& output : outputs) sum += output.size;
  return sum;
}

std::vector<Digest> Action::blobs() const {
  std::vector<Digest> list;
  for (const Output& output : outputs)
    if (output.kind == hash::EntryKind::file) list.push_back(output.digest);
  if (!log.is_zero()) list.push_back(log);
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

bool is_output_path(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  if (path == ".ggen" || path.starts_with(".ggen/")) return false;
  for (;;) {
    const auto slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    if (name.empty() || name == "." || name == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

std::string encode(const Action& action) {
  Packer to;
  to.raw(kMagic);
  to.digest(action.key);
  to.text(action.task);
  to.number(static_cast<std::uint32_t>(action.outputs.size()));
  for (const Output& output : action.outputs) {
    to.text(output.path);
    to.number(kind_number(output.kind));
    to.number(static_cast<std::uint8_t>(output.executable ? 1 : 0));
    to.number(output.size);
    to.digest(output.digest);
    to.text(output.target);
  }
  to.number(static_cast<std::uint32_t>(action.output_patterns.size()));
  for (const std::string& pattern : action.output_patterns) to.text(pattern);
  to.digest(action.outputs_digest);
  to.digest(action.log);
  to.number(action.log_size);
  to.number(action.created_ms);
  to.number(action.duration_ms);
  to.number(action.user_ms);
  to.number(action.system_ms);
  to.number(action.peak_memory);
  to.text(action.writer);
  to.number(static_cast<std::uint32_t>(action.parts.size()));
  for (const Part& part : action.parts) {
    to.text(part.kind);
    to.text(part.name);
    to.text(part.value);
  }
  to.number(hash::checksum(to.bytes()));
  return to.take();
}

Result<Action> decode(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + sizeof(std::uint64_t)) return damaged("it is too short");
  if (!bytes.starts_with(kMagic)) return damaged("it does not begin as one");
  const std::string_view body = bytes.substr(0, bytes.size() - sizeof(std::uint64_t));
  Unpacker tail(bytes.substr(body.size()));
  if (tail.number<std::uint64_t>() != hash::checksum(body)) return damaged("its checksum is wrong");

  Unpacker from(body.substr(kMagic.size()));
  Action action;
  action.key = from.digest();
  action.task = from.text();
  const std::uint32_t outputs = from.count(kLeastOutput);
  action.outputs.reserve(outputs);
  for (std::uint32_t i = 0; i < outputs && from.good(); ++i)
    action.outputs.push_back(get_output(from));
  const std::uint32_t patterns = from.count(4);
  for (std::uint32_t i = 0; i < patterns && from.good(); ++i)
    action.output_patterns.emplace_back(from.text());
  action.outputs_digest = from.digest();
  action.log = from.digest();
  action.log_size = from.number<std::uint64_t>();
  action.created_ms = from.number<std::uint64_t>();
  action.duration_ms = from.number<std::uint64_t>();
  action.user_ms = from.number<std::uint64_t>();
  action.system_ms = from.number<std::uint64_t>();
  action.peak_memory = from.number<std::uint64_t>();
  action.writer = from.text();
  const std::uint32_t parts = from.count(kLeastPart);
  action.parts.reserve(parts);
  for (std::uint32_t i = 0; i < parts && from.good(); ++i) {
    Part part;
    part.kind = from.text();
    part.name = from.text();
    part.value = from.text();
    action.parts.push_back(std::move(part));
  }
  if (!from.at_end()) return damaged("a length or a kind in it is wrong");
  if (!is_tree(action.outputs)) return damaged("its outputs are no tree below the project");
  return action;
}

}  // namespace ggen::cache
