// SPDX-License-Identifier: MIT
#include "hash/tree.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "hash/checksum.h"
#include "hash/path_key.h"
#include "hash/traversal.h"
#include "hash/tree_impl.h"

namespace ggen::hash {

namespace {

// How often settle() tries: a file that is written all the time stays racy.
constexpr int kMaxSettles = 5;

// Sets that are answered before another thread is worth waking.
constexpr std::size_t kFewSets = 8;

// What is_quick() lets pass: some hundred microseconds of work.
constexpr std::size_t kQuickFiles = 64;
constexpr std::uint64_t kQuickBytes = 256 * 1024;

const Digest kNoDigest;
const Stamp kNoStamp;

// In a set by stamp the bytes of size and mtime take the place of the content. The digest is good
// until the next call.
const Digest& shown_digest(const SetState& state, const RecordEntry* entry) {
  if (entry == nullptr) return kNoDigest;
  if (!state.by_stamp) return entry->digest;
  thread_local Digest digest;
  std::string bytes;
  for (const auto number : {entry->stamp.size, static_cast<std::uint64_t>(entry->stamp.mtime_ns)}) {
    for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(number >> (8 * i)));
  }
  digest = sha256(bytes);
  return digest;
}

std::string canonical(const std::string& path) {
  auto real = real_path(path);
  return real ? *real : path;
}

}  // namespace

Tree::Impl::Impl(std::string root_dir, std::string index_path, unsigned threads)
    : root(canonical(root_dir)),
      index_file(std::move(index_path)),
      root_fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
      root_error(root_fd ? 0 : errno),
      nodes(index),
      pool(threads),
      walker(root, root_fd.get(), nodes, pool),
      sets(root) {}

Result<void> Tree::Impl::resolve(std::span<const SetId> wanted, const WalkMode& mode) {
  // Each once: a set is answered by one thread.
  std::vector<SetId> ids(wanted.begin(), wanted.end());
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  if (!root_fd) return Error::from_errno(root_error, "open " + root);
  take_in_learned();
  walker.begin(mode);

  std::vector<Walker::Name> names;
  const auto add_name = [&](std::string_view key, bool by_stamp) {
    const auto [dir, name] = split_key(key);
    if (!name.empty()) names.push_back({dir, name, !by_stamp});
  };
  for (const SetId id : ids) {
    SetState& state = sets[id];
    state.resolved = state.resolved || mode.hash;
    state.problem.reset();
    if (state.one_literal) {
      add_name(state.text, state.by_stamp);
    } else if (const FileSet* set = sets.compiled(state)) {
      for (const auto& pattern : set->patterns()) {
        if (pattern.include && pattern.literal) add_name(pattern.fixed, state.by_stamp);
      }
    }
  }
  walker.look_at(names);

  std::vector<Walker::Root> roots;
  const auto is_directory = [&](std::string_view key) {
    if (split_key(key).second.empty()) return true;
    const RecordEntry* entry = Traversal::find(nodes, key);
    return entry != nullptr && entry->type == EntryType::directory;
  };
  for (const SetId id : ids) {
    SetState& state = sets[id];
    if (state.problem || (state.one_literal && !is_directory(state.text))) continue;
    FileSet* set = sets.compiled(state);
    const std::size_t first = roots.size();
    for (auto& pattern : set->patterns()) {
      if (!pattern.include || (pattern.literal && !is_directory(pattern.fixed))) continue;
      if (!set->outputs()) pattern.unruled = walker.is_ignored_dir(pattern.fixed);
      const bool known =
          std::any_of(roots.begin() + static_cast<std::ptrdiff_t>(first), roots.end(),
                      [&](const Walker::Root& other) { return other.dir == pattern.fixed; });
      if (!known) roots.push_back({pattern.fixed, set});
    }
  }
  walker.walk(roots);
  if (nodes.damaged) drop_damaged();
  if (!mode.hash) return {};
  walker.hash();

  const std::size_t chunk = std::clamp<std::size_t>(ids.size() / 16, kFewSets, 512);
  pool.split(ids.size(), chunk, [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) answer(sets[ids[i]]);
  });
  for (const SetId id : ids) {
    if (sets[id].problem) return *sets[id].problem;
  }
  return {};
}

bool Tree::Impl::is_quick(std::span<const SetId> ids) {
  std::vector<Walker::Name> names;
  std::vector<SetId> walked;
  std::size_t files = 0;
  for (const SetId id : ids) {
    const SetState& state = sets[id];
    // Of a set without files nobody knows whether it has found any by now.
    if (state.problem || (!state.one_literal && state.count == 0)) return false;
    files += std::max<std::size_t>(state.count, 1);
    if (!state.one_literal || state.count > 1) {
      walked.push_back(id);
      continue;
    }
    const auto [dir, name] = split_key(state.text);
    if (name.empty()) return false;
    names.push_back({dir, name, !state.by_stamp});
  }
  if (files > kQuickFiles) return false;
  take_in_learned();
  walker.begin(next_walk(false));
  walker.look_at(names);
  for (const Walker::Name& name : names) {
    const RecordEntry* entry = Traversal::find(nodes, join_key(name.dir, name.name));
    if (entry != nullptr && entry->type == EntryType::directory) return false;
  }
  if (!walked.empty() && !resolve(walked, next_walk(false))) return false;
  std::uint64_t bytes = 0;
  for (const SetId id : ids) {
    const SetState& state = sets[id];
    Traversal traversal(nodes, walker.problems(), false);
    const auto problem =
        traversal.run(state, [&](std::string_view, EntryKind, const RecordEntry* entry) {
          const bool known = entry == nullptr || entry->has(RecordEntry::kDigest);
          if (!known && !state.by_stamp) bytes += entry->stamp.size;
        });
    if (problem) return false;
  }
  return bytes <= kQuickBytes;
}

void Tree::Impl::answer(SetState& state) const {
  state.digest = {};
  state.mark = 0;
  state.count = 0;
  if (state.problem) return;
  TreeDigest digest;
  Traversal traversal(nodes, walker.problems(), !state.by_stamp);
  std::uint64_t mark = 0;
  std::uint32_t count = 0;
  state.problem =
      traversal.run(state, [&](std::string_view key, EntryKind kind, const RecordEntry* entry) {
        const Stamp& stamp = entry != nullptr ? entry->stamp : kNoStamp;
        digest.add(key, kind, stamp.executable(), shown_digest(state, entry));
        mark = mark_of(mark, key, kind, stamp);
        ++count;
      });
  if (state.problem) return;
  state.digest = digest.finish();
  state.mark = mark;
  state.count = count;
}

std::uint64_t Tree::Impl::live_mark(const SetState& state, std::unique_ptr<Error>& problem) const {
  std::uint64_t mark = 0;
  Traversal traversal(nodes, walker.problems(), false);
  problem =
      traversal.run(state, [&](std::string_view key, EntryKind kind, const RecordEntry* entry) {
        mark = mark_of(mark, key, kind, entry != nullptr ? entry->stamp : kNoStamp);
      });
  return mark;
}

std::uint64_t Tree::Impl::mark_of(std::uint64_t before, std::string_view key, EntryKind kind,
                                  const Stamp& stamp) {
  const std::string_view bytes(reinterpret_cast<const char*>(&stamp), sizeof stamp);
  return checksum(bytes, checksum(key, before) + static_cast<std::uint64_t>(kind) + 1);
}

bool Tree::Impl::is_quiet(const DirNode& node) const {
  if (!written) {
    std::vector<std::string> places;
    for (const SetSpec& spec : writes ? writes() : std::vector<SetSpec>())
      for (std::string& place : FileSet::starts(root, spec)) places.push_back(std::move(place));
    written.emplace(std::move(places));
  }
  return !written->concern(node.key);
}

std::int64_t Tree::Impl::racy_since(SetId id) const {
  std::int64_t youngest = 0;
  Traversal traversal(nodes, walker.problems(), false);
  traversal.on_directory = [&](const DirNode& node) {
    const RecordHead& head = node.record.head();
    if (head.racy != 0 && is_quiet(node))
      youngest = std::max({youngest, head.dir.ctime_ns, std::int64_t{1}});
  };
  (void)traversal.run(sets[id], [&](std::string_view, EntryKind, const RecordEntry* entry) {
    if (entry == nullptr || !entry->has(RecordEntry::kRacy)) return;
    youngest = std::max({youngest, entry->stamp.ctime_ns, std::int64_t{1}});
  });
  return youngest;
}

Result<void> Tree::Impl::settle(std::span<const SetId> ids) {
  for (int round = 0; round < kMaxSettles; ++round) {
    std::vector<SetId> racy;
    std::int64_t youngest = 0;
    for (const SetId id : ids) {
      const std::int64_t ctime = sets[id].problem ? 0 : racy_since(id);
      if (ctime != 0) racy.push_back(id);
      youngest = std::max(youngest, ctime);
    }
    if (racy.empty()) return {};
    wait_out_tick(youngest);
    ++tick;
    GGEN_TRY(resolve(racy, {tick, tick, true}));
  }
  return {};
}

Tree::Tree(std::string root, std::string index_file, unsigned threads)
    : impl_(std::make_unique<Impl>(std::move(root), std::move(index_file), threads)) {}

Tree::~Tree() = default;

SetId Tree::add(const SetSpec& spec) { return impl_->sets.add(spec); }

Result<void> Tree::open() { return impl_->open(); }

bool Tree::verify_all() { return impl_->verify_all(); }

Result<void> Tree::resolve(std::span<const SetId> sets) {
  return impl_->resolve(sets, impl_->next_walk(true));
}

Result<void> Tree::resolve_again(std::span<const SetId> sets) {
  const Tick tick = ++impl_->tick;
  return impl_->resolve(sets, {tick, tick, true});
}

bool Tree::is_quick(std::span<const SetId> sets) { return impl_->is_quick(sets); }

void Tree::new_epoch() { impl_->since = ++impl_->tick; }

const Digest& Tree::digest(SetId set) const { return impl_->sets[set].digest; }

std::size_t Tree::count(SetId set) const { return impl_->sets[set].count; }

bool Tree::resolved(SetId set) const { return impl_->sets[set].resolved; }

bool Tree::unmoved(const SetSpec& spec) {
  const MovedDirs* moved = impl_->moved();
  return moved != nullptr && !moved->concern(impl_->root, spec);
}

bool Tree::unmoved_below(std::string_view base) {
  const MovedDirs* moved = impl_->moved();
  return moved != nullptr && is_plain_key(base) && !moved->concern(base);
}

const std::vector<std::string>& Tree::moved() {
  static const std::vector<std::string> kNothing;
  const MovedDirs* moved = impl_->moved();
  return moved != nullptr ? moved->keys() : kNothing;
}

const Error* Tree::problem(SetId set) const { return impl_->sets[set].problem.get(); }

void Tree::each(SetId set, const std::function<void(const TreeEntry&)>& visit) const {
  if (impl_->sets[set].problem) return;
  Traversal traversal(impl_->nodes, impl_->walker.problems(), false);
  (void)traversal.run(impl_->sets[set],
                      [&](std::string_view key, EntryKind kind, const RecordEntry* entry) {
                        const Stamp& stamp = entry != nullptr ? entry->stamp : kNoStamp;
                        const Digest& digest = shown_digest(impl_->sets[set], entry);
                        visit({key, kind, stamp.executable(), digest, stamp});
                      });
}

Mark Tree::mark(SetId set) const { return {impl_->sets[set].mark, impl_->tick}; }

bool Tree::recheck(SetId set, const Mark& mark) {
  SetState& state = impl_->sets[set];
  if (state.problem) return false;
  const Tick tick = ++impl_->tick;
  const SetId ids[] = {set};
  if (!impl_->resolve(ids, {tick, tick, false})) return false;
  std::unique_ptr<Error> problem;
  const std::uint64_t now = impl_->live_mark(state, problem);
  return !problem && now == mark.value;
}

std::optional<std::string> Tree::stirred(SetId set, const Mark& mark) const {
  std::optional<std::string> found;
  Traversal traversal(impl_->nodes, impl_->walker.problems(), false);
  traversal.on_directory = [&](const DirNode& node) {
    if (!found && node.stirred > mark.moment && impl_->is_quiet(node))
      found = node.key.empty() ? "." : node.key;
  };
  (void)traversal.run(impl_->sets[set], [](std::string_view, EntryKind, const RecordEntry*) {});
  return found;
}

void Tree::expect_writes(std::function<std::vector<SetSpec>()> sets) {
  impl_->writes = std::move(sets);
  impl_->written.reset();
}

bool Tree::racy(SetId set) const {
  return impl_->sets[set].problem == nullptr && impl_->racy_since(set) != 0;
}

Result<void> Tree::settle(std::span<const SetId> sets) { return impl_->settle(sets); }

void Tree::learn(std::string_view path, const Stamp& stamp, const Digest& digest) {
  impl_->learned.push_back({path_key(impl_->root, "", path), stamp, digest});
}

bool Tree::intact() const { return impl_->intact(); }

Result<void> Tree::save() { return impl_->save(); }

std::optional<std::string_view> Tree::note(std::string_view name) const {
  return impl_->note(name);
}

void Tree::set_note(std::string_view name, std::string bytes) {
  impl_->notes.insert_or_assign(std::string(name), std::move(bytes));
  impl_->notes_changed = true;
}

TreeStats Tree::stats() const {
  const VisitCounts& counts = impl_->walker.counts();
  return {counts.lookups,      counts.hits,        counts.files_hashed,
          counts.bytes_hashed, counts.dirs_listed, counts.dirs_reused};
}

std::vector<std::string> Tree::warnings() { return std::exchange(impl_->warnings, {}); }

}  // namespace ggen::hash
