// SPDX-License-Identifier: MIT
#include "hash/traversal.h"

#include <algorithm>

#include "hash/path_key.h"

namespace ggen::hash {

const RecordEntry* Traversal::find(const NodeTable& nodes, std::string_view key) {
  const auto [dir, name] = split_key(key);
  const DirNode* node = nodes.find(dir);
  if (node == nullptr) return nullptr;
  const std::size_t i = node->record.find(name);
  return i == DirRecord::npos ? nullptr : &node->record[i];
}

void Traversal::fail(std::string_view key, std::string_view otherwise) {
  if (error_) return;
  const Error* known = problems_.find(key);
  if (known != nullptr) {
    error_ = std::make_unique<Error>(*known);
  } else {
    error_ = std::make_unique<Error>(
        Error{ErrorKind::io, std::string(key.empty() ? "." : key) + ": " + std::string(otherwise)});
  }
}

std::unique_ptr<Error> Traversal::run(const SetState& state, const Emit& emit) {
  error_.reset();
  if (state.one_literal) {
    literal(state.set.get(), state.text, emit);
    return std::move(error_);
  }
  const FileSet& set = *state.set;
  // Where to begin: each place once.
  struct Start {
    std::string_view key;
    bool literal;
    bool operator==(const Start&) const = default;
  };
  std::vector<Start> starts;
  for (const auto& pattern : set.patterns()) {
    const Start start{pattern.fixed, pattern.literal};
    if (pattern.include && std::find(starts.begin(), starts.end(), start) == starts.end()) {
      starts.push_back(start);
    }
  }
  const auto begin = [&](const Start& start, const Emit& to) {
    if (start.literal) {
      literal(&set, start.key, to);
    } else {
      directory(set, start.key, to);
    }
  };
  if (starts.size() == 1) {
    begin(starts[0], emit);
    return std::move(error_);
  }
  struct Found {
    std::string key;
    EntryKind kind;
    const RecordEntry* entry;
  };
  std::vector<Found> all;
  for (const Start& start : starts) {
    begin(start, [&](std::string_view key, EntryKind kind, const RecordEntry* entry) {
      all.push_back({std::string(key), kind, entry});
    });
  }
  std::sort(all.begin(), all.end(), [](const Found& a, const Found& b) { return a.key < b.key; });
  const auto last = std::unique(all.begin(), all.end(),
                                [](const Found& a, const Found& b) { return a.key == b.key; });
  std::for_each(all.begin(), last,
                [&](const Found& found) { emit(found.key, found.kind, found.entry); });
  return std::move(error_);
}

void Traversal::literal(const FileSet* set, std::string_view key, const Emit& emit) {
  const bool has_name = !split_key(key).second.empty();
  const RecordEntry* entry = has_name ? find(nodes_, key) : nullptr;
  const EntryType type = !has_name          ? EntryType::directory
                         : entry == nullptr ? EntryType::missing
                                            : entry->type;
  if (type == EntryType::directory) {
    if (set == nullptr) return;
    bool any = false;
    directory(*set, key, [&](std::string_view found, EntryKind kind, const RecordEntry* of_it) {
      any = true;
      emit(found, kind, of_it);
    });
    // Nothing in it is an output: it may be there or not.
    if (!any && has_name && set->outputs() && set->matches(key, false)) {
      emit(key, EntryKind::missing, nullptr);
    }
    return;
  }
  if (set != nullptr && !set->matches(key, false)) return;
  switch (type) {
    case EntryType::missing: {
      const DirNode* dir = nodes_.find(split_key(key).first);
      if (dir != nullptr && dir->failed > dir->gone && dir->failed > dir->listed) {
        if (const Error* error = problems_.find(dir->key)) {
          if (!error_) error_ = std::make_unique<Error>(*error);
          return;
        }
      }
      if (!problems_.empty() && problems_.find(key) != nullptr) return fail(key, "");
      emit(key, EntryKind::missing, nullptr);
      return;
    }
    case EntryType::file:
    case EntryType::link: emit_file(key, *entry, emit); return;
    case EntryType::other: fail(key, "not a file, a directory or a link"); return;
    case EntryType::directory: return;
  }
}

void Traversal::emit_file(std::string_view key, const RecordEntry& entry, const Emit& emit) {
  if (need_digests_ && !entry.has(RecordEntry::kDigest)) {
    return fail(key, "changed while it was read");
  }
  emit(key, entry.type == EntryType::link ? EntryKind::link : EntryKind::file, &entry);
}

void Traversal::directory(const FileSet& set, std::string_view key, const Emit& emit) {
  const DirNode* node = nodes_.find(key);
  if (node == nullptr) return;
  const DirView view(set, key);
  if (view.may_enter(false)) below(*node, set, view, emit);
}

void Traversal::below(const DirNode& node, const FileSet& set, const DirView& view,
                      const Emit& emit) {
  if (node.failed > node.listed) return fail(node.key, "cannot be read");
  if (node.listed == 0) return;
  if (on_directory) on_directory(node);
  const DirRecord& record = node.record;
  std::string key = node.key;
  if (!key.empty() && !key.ends_with('/')) key.push_back('/');
  const std::size_t prefix = key.size();
  const auto key_of = [&](std::string_view name) -> std::string_view {
    key.resize(prefix);
    return key += name;
  };
  bool any = false;
  const auto enter = [&](const RecordEntry& entry) {
    const std::string_view child = key_of(record.name_view(entry));
    const DirView child_view(set, child);
    if (!child_view.may_enter(entry.has(RecordEntry::kIgnored))) return;
    if (const DirNode* found = nodes_.find(child)) below(*found, set, child_view, emit);
  };
  // "a" comes after "a.b" when it is a directory: its files' paths have a "/" there.
  std::vector<const RecordEntry*> waiting;
  for (const RecordEntry& entry : record.entries()) {
    if (entry.type == EntryType::missing) continue;
    any = true;
    const std::string_view name = record.name_view(entry);
    while (!waiting.empty()) {
      const std::string_view dir = record.name_view(*waiting.back());
      if (name.starts_with(dir) && static_cast<unsigned char>(name[dir.size()]) < '/') break;
      enter(*waiting.back());
      waiting.pop_back();
    }
    if (entry.type == EntryType::directory) waiting.push_back(&entry);
    if (entry.type != EntryType::file && entry.type != EntryType::link) continue;
    const auto full = [&] { return key_of(name); };
    if (view.matches(entry.has(RecordEntry::kIgnored), full)) emit_file(full(), entry, emit);
  }
  for (; !waiting.empty(); waiting.pop_back()) enter(*waiting.back());
  if (!any && set.outputs() && set.matches(node.key, false)) {
    emit(node.key, EntryKind::directory, nullptr);
  }
}

}  // namespace ggen::hash
