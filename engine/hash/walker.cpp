// SPDX-License-Identifier: MIT
#include "hash/walker.h"

#include <fcntl.h>

#include <algorithm>
#include <tuple>

#include "base/file.h"
#include "hash/path_key.h"

namespace ggen::hash {

namespace {

// Below this a walk stays on one thread: waking others costs more.
constexpr std::size_t kFewJobs = 32;
// What a thread takes of the files to hash at once.
constexpr std::size_t kHashChunk = 32;
constexpr std::size_t kNameChunk = 1024;

}  // namespace

void Walker::begin(const WalkMode& mode) {
  mode_ = mode;
  problems_.clear();
  unhashed_.clear();
}

void Walker::take(Share& share) {
  const std::lock_guard lock(share_mutex_);
  counts_.add(share.counts);
  share.counts = {};
  unhashed_.insert(unhashed_.end(), share.unhashed.begin(), share.unhashed.end());
  share.unhashed.clear();
}

std::mutex& Walker::lock_of(const DirNode& node) {
  return locks_[(reinterpret_cast<std::uintptr_t>(&node) / sizeof(DirNode)) % locks_.size()];
}

void Walker::look_at(std::vector<Name>& names) {
  const auto by_dir = [](const Name& a, const Name& b) { return a.dir < b.dir; };
  if (!std::is_sorted(names.begin(), names.end(), by_dir)) {
    std::sort(names.begin(), names.end(), by_dir);
  }
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i == 0 || names[i].dir != names[i - 1].dir) starts.push_back(i);
  }
  pool_.split(
      starts.size(), std::max<std::size_t>(1, kNameChunk * starts.size() / (names.size() + 1)),
      [&](std::size_t first, std::size_t last) {
        Share share;
        std::vector<std::string_view> list;
        for (std::size_t group = first; group < last; ++group) {
          const std::size_t end = group + 1 < starts.size() ? starts[group + 1] : names.size();
          DirNode& node = nodes_.get(names[starts[group]].dir);
          const std::lock_guard lock(lock_of(node));
          Visit visit(root_fd_, node, mode_, problems_, share.counts, Visit::Found::by_name);
          for (const auto want : {Visit::Want::digest, Visit::Want::stamp}) {
            list.clear();
            for (std::size_t i = starts[group]; i < end; ++i) {
              if (names[i].read == (want == Visit::Want::digest)) list.push_back(names[i].name);
            }
            // In a directory that is gone there is nothing more to look at.
            if (!list.empty() && !visit.look_at(list, want, share.unhashed)) break;
          }
        }
        take(share);
      });
  // Before anything else adds names to the directories, and moves the entries.
  hash();
  for (const std::size_t start : starts) {
    const DirNode* node = nodes_.find(names[start].dir);
    if (node->gone == mode_.tick) watch_absence(names[start].dir);
  }
}

void Walker::visit(Job& job, std::vector<Job>& more, Share& share) {
  DirNode& node = *job.node;
  std::vector<DirView> views;
  views.reserve(job.sets.size());
  for (const FileSet* set : job.sets) views.emplace_back(*set, node.key);

  const std::lock_guard lock(lock_of(node));
  Visit visit(root_fd_, node, mode_, problems_, share.counts, job.found);
  if (!visit.list()) return;
  RulesPtr rules;
  if (job.rules) {
    rules = visit.rules(job.rules);
    // Reading the rules may have found that the directory is gone meanwhile.
    if (node.gone == mode_.tick) return;
    visit.decide(*rules);
  }
  for (std::size_t i = 0; i < node.record.head().entries; ++i) {
    const RecordEntry* entry = &node.record[i];
    const bool ignored = entry->has(RecordEntry::kIgnored);
    if (entry->type == EntryType::file || entry->type == EntryType::link) {
      const auto key = [&] { return join_key(node.key, node.record.name_view(*entry)); };
      bool wanted = false, read = false;
      for (std::size_t v = 0; v < views.size() && !read; ++v) {
        if (!views[v].matches(ignored, key)) continue;
        wanted = true;
        read = !job.sets[v]->by_stamp();
      }
      if (!wanted) continue;
      const auto want = read ? Visit::Want::digest : Visit::Want::stamp;
      if (!visit.look(i, want, share.unhashed)) return;
      entry = &node.record[i];
    }
    if (entry->type != EntryType::directory) continue;
    Job below;
    const std::string key = join_key(node.key, node.record.name_view(*entry));
    for (const FileSet* set : job.sets) {
      if (!DirView(*set, key).may_enter(ignored)) continue;
      below.sets.push_back(set);
      if (!set->outputs()) below.rules = ignored ? Rules::everything() : rules;
    }
    if (below.sets.empty()) continue;
    below.node = &nodes_.get(key);
    more.push_back(std::move(below));
  }
}

void Walker::walk(std::vector<Root>& roots) {
  std::sort(roots.begin(), roots.end(), [](const Root& a, const Root& b) { return a.dir < b.dir; });
  std::vector<Job> jobs;
  for (const Root& root : roots) {
    if (jobs.empty() || jobs.back().node->key != root.dir) {
      jobs.push_back({&nodes_.get(root.dir), nullptr, {}, Visit::Found::by_name});
    }
    Job& job = jobs.back();
    if (!root.set->outputs() && !job.rules) job.rules = rules_above(root.dir);
    job.sets.push_back(root.set);
  }
  JobQueue<Job> queue;
  queue.push(std::move(jobs));
  const auto work = [&](std::size_t patience) {
    Share share;
    Job job;
    std::vector<Job> more;
    while (queue.size() <= patience && queue.pop(job)) {
      visit(job, more, share);
      queue.push(std::move(more));
      more.clear();
      queue.done();
    }
    take(share);
  };
  if (pool_.threads() == 1) {
    work(static_cast<std::size_t>(-1));
  } else {
    work(kFewJobs);
    if (queue.size() > 0) pool_.run([&] { work(static_cast<std::size_t>(-1)); });
  }
  for (const Root& root : roots) {
    const DirNode* node = nodes_.find(root.dir);
    if (node->gone == mode_.tick) watch_absence(root.dir);
  }
}

void Walker::hash() {
  // Neighbours stay together, so that a directory is opened about once.
  pool_.split(unhashed_.size(), kHashChunk, [&](std::size_t first, std::size_t last) {
    VisitCounts counts;
    Fd dir;
    const DirNode* opened = nullptr;
    for (std::size_t i = first; i < last; ++i) {
      DirNode& node = *unhashed_[i].node;
      if (opened != &node) {
        dir.reset(::openat(root_fd_, node.key.empty() ? "." : node.key.c_str(),
                           O_PATH | O_DIRECTORY | O_CLOEXEC));
        opened = &node;
      }
      // A directory that went meanwhile took its entries along.
      if (unhashed_[i].entry >= node.record.head().entries) continue;
      if (dir) {
        hash_entry(dir.get(), node, unhashed_[i].entry, problems_, counts);
      } else {
        RecordEntry& entry = node.record.edit(unhashed_[i].entry);
        entry.forget();
        entry.type = EntryType::missing;
      }
    }
    const std::lock_guard lock(share_mutex_);
    counts_.add(counts);
  });
  unhashed_.clear();
}

void Walker::watch_absence(std::string_view key) {
  // Up to a directory that is there: the name in it on the way down is what will change.
  Share share;
  for (auto [dir, name] = split_key(key); !name.empty(); std::tie(dir, name) = split_key(dir)) {
    DirNode& node = nodes_.get(dir);
    Visit visit(root_fd_, node, mode_, problems_, share.counts, Visit::Found::by_name);
    if (visit.look_at(std::span(&name, 1), Visit::Want::stamp, share.unhashed)) break;
    if (node.failed == mode_.tick) break;
  }
  take(share);
  hash();
}

bool Walker::exists(std::string_view dir, std::string_view name) {
  Share share;
  DirNode& node = nodes_.get(dir);
  Visit visit(root_fd_, node, mode_, problems_, share.counts, Visit::Found::by_name);
  if (!visit.look_at(std::span(&name, 1), Visit::Want::stamp, share.unhashed)) return false;
  take(share);
  hash();
  const std::size_t i = node.record.find(name);
  return i != DirRecord::npos && node.record[i].type != EntryType::missing;
}

std::vector<Rules::Source> Walker::sources_in(std::string_view dir,
                                              std::initializer_list<std::string_view> names) {
  std::vector<Rules::Source> sources;
  Share share;
  DirNode& node = nodes_.get(dir);
  Visit visit(root_fd_, node, mode_, problems_, share.counts, Visit::Found::by_name);
  for (const std::string_view name : names) {
    const std::size_t i = visit.read_now(name);
    if (i != DirRecord::npos) {
      sources.push_back({join_key(dir, name), node.record[i].digest});
    } else if (node.gone == mode_.tick) {
      watch_absence(dir);
      break;
    }
  }
  take(share);
  return sources;
}

RulesPtr Walker::root_rules() {
  if (root_ruled_ >= mode_.since && root_rules_) return root_rules_;
  root_ruled_ = mode_.tick;
  root_rules_ = Rules::basic();
  // The root's own ".git" has the key of a name in the root, those above have absolute ones.
  if (exists("", ".git")) return root_rules_ = outer_rules("");
  std::string top = root_;
  while (top.size() > 1) {
    top = top.substr(0, std::max<std::size_t>(1, top.rfind('/')));
    if (exists(top, ".git")) return root_rules_ = outer_rules(top);
  }
  return root_rules_;
}

// `top`: the key of the directory with ".git" in it.
RulesPtr Walker::outer_rules(const std::string& top) {
  std::string git_dir = join_key(top, ".git");
  const std::string at = top.empty() ? root_ : top;
  // In a linked work tree and in a submodule it is a file that says where the directory is.
  if (auto text = read_file(join_key(at, ".git"), 65536); text && text->starts_with("gitdir: ")) {
    while (text->ends_with('\n')) text->pop_back();
    git_dir = path_key(root_, top, std::string_view(*text).substr(8));
    const std::string common = path_key("/", root_, join_key(git_dir, "commondir"));
    if (auto other = read_file("/" + common, 65536)) {
      while (other->ends_with('\n')) other->pop_back();
      git_dir = path_key(root_, git_dir, *other);
    }
  }
  const std::string below = top.empty() ? "" : root_.substr(top.size() > 1 ? top.size() + 1 : 1);
  RulesPtr rules = Rules::basic();
  // The same rules once more, for paths relative to the top: they may ignore the root itself.
  RulesPtr top_rules = Rules::basic();
  const auto add = [&](std::string_view dir, const std::string& in_top, const std::string& rest,
                       std::initializer_list<std::string_view> names) {
    auto sources = sources_in(dir, names);
    if (sources.empty()) return;
    if (!rest.empty()) {
      top_rules = std::make_shared<const Rules>(top_rules, in_top, "", root_fd_, sources);
    }
    rules = std::make_shared<const Rules>(rules, "", rest, root_fd_, std::move(sources));
  };
  add(join_key(git_dir, "info"), "", below, {"exclude"});
  // From the top down to the directory above the root.
  std::string in_top;
  for (std::string rest = below; !rest.empty();) {
    add(join_key(top, in_top), in_top, rest, {".ggenignore", ".gitignore"});
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    in_top = join_key(in_top, std::string_view(rest).substr(0, slash));
    // A project in a directory that the repository around it ignores has only rules of its own.
    if (top_rules->ignores(in_top, true)) return Rules::basic();
    rest.erase(0, std::min(slash + 1, rest.size()));
  }
  return rules;
}

RulesPtr Walker::rules_in(std::string_view key) {
  DirNode& node = nodes_.get(key);
  if (node.ruled >= mode_.since && node.rules) return node.rules;
  const RulesPtr above = rules_above(key);
  Share share;
  Visit visit(root_fd_, node, mode_, problems_, share.counts, Visit::Found::by_name);
  RulesPtr rules = visit.rules(above);
  take(share);
  return rules;
}

RulesPtr Walker::rules_above(std::string_view key) {
  if (key.empty()) return root_rules();
  if (is_outside(key)) return Rules::basic();
  RulesPtr rules = rules_in(split_key(key).first);
  return rules->ignores(key, true) ? Rules::everything() : rules;
}

bool Walker::is_ignored_dir(std::string_view key) {
  return rules_above(key)->sum() == Rules::everything()->sum();
}

}  // namespace ggen::hash
