// The cache when the world fails: killed at any instant, the disk full, nothing may be written.
// SPDX-License-Identifier: MIT
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <random>

#include "cache/log_file.h"
#include "cache/sweep.h"
#include "cache/verify.h"
#include "harness.h"

using namespace ggen;
using namespace ggen::cache;
using namespace ggen::cache_test;

namespace {

Files tree_number(int number) {
  Files files;
  for (int i = 0; i < 12; ++i)
    files["out/d" + std::to_string(i % 3) + "/f" + std::to_string(i)] = {
        EntryKind::file,
        std::string(static_cast<std::size_t>(1 + i * 977 % 40'000),
                    static_cast<char>('a' + (number + i) % 26)),
        i % 4 == 0};
  return files;
}

constexpr int kKeys = 6;

// A child of the test: its tree and its cache, and what it does with them.
class Worker {
 public:
  Worker(const std::string& cache_root, std::string tree, unsigned seed,
         std::chrono::milliseconds grace)
      : cache_(cache_root), tree_(std::move(tree)), random_(seed), grace_(grace) {}

  // Restores or stores, and sweeps now and then. False when a restore failed.
  bool turn() {
    const int number = static_cast<int>(random_() % kKeys);
    const std::string key = std::to_string(number);
    const auto action = cache_.actions.get(key_of(key));
    if (action && *action) {
      const auto restored =
          restore(cache_.blobs, tree_, **action, present_of(look(tree_), "out"), 1);
      Record hit;
      hit.key = short_key(key_of(key));
      static_cast<void>(cache_.journal.append({&hit, 1}));
      if (!restored) return false;
    } else {
      const Scratch built(tree_);
      make(built.path(), tree_number(number));
      LogWriter log(cache_.directory);
      log.add(Stream::out, std::string(300'000, 'l'));
      static_cast<void>(log.finish(cache_.blobs));
      cache_.store(built.path(), "out", key);
    }
    if (random_() % 4 == 0) sweep_one();
    return true;
  }

 private:
  void sweep_one() {
    const auto around = survey(cache_.directory);
    if (!around || around->entries.empty()) return;
    const Victim victim{random_() % around->entries.size(), Reason::size};
    static_cast<void>(sweep(cache_.directory, *around, {&victim, 1}, "lru", grace_));
  }

  Cache cache_;
  std::string tree_;
  std::mt19937 random_;
  std::chrono::milliseconds grace_;
};

// The files below out/.
Files outputs_in(const std::string& tree) {
  Files files = look(tree);
  std::erase_if(files, [](const auto& file) { return !file.first.starts_with("out/"); });
  return files;
}

constexpr int kNotTraced = 77;  // the exit code of a child that may not be traced

// Turns without end. Stops before each, for the parent that traces it.
[[noreturn]] void work(const std::string& cache_root, const std::string& tree, unsigned seed) {
  if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(kNotTraced);
  Worker worker(cache_root, tree, seed, std::chrono::milliseconds(0));
  do {
    ::raise(SIGSTOP);
  } while (worker.turn());
  ::_exit(1);
}

// A child that works, as its parent lets it.
class Traced {
 public:
  explicit Traced(pid_t child) : child_(child) { wait(); }

  // False when this process may trace no child.
  bool begin() {
    if (WIFEXITED(status_) && WEXITSTATUS(status_) == kNotTraced) return false;
    REQUIRE(WIFSTOPPED(status_));
    REQUIRE(::ptrace(PTRACE_SETOPTIONS, child_, nullptr,
                     PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD) == 0);
    return true;
  }

  // PTRACE_CONT: to the end of this turn. PTRACE_SYSCALL: to the begin or the end of a system call.
  void go_on(__ptrace_request how) {
    resume(how);
    wait();
    const int signal = WIFSTOPPED(status_) ? WSTOPSIG(status_) : 0;
    // Another signal, or the end: a restore failed, or the child broke down.
    if (signal != SIGSTOP && signal != (SIGTRAP | 0x80)) FAIL("the child's status: " << status_);
  }

  void resume(__ptrace_request how) {
    if (::ptrace(how, child_, nullptr, nullptr) != 0) FAIL("the child is gone");
  }

  void kill() {
    ::kill(child_, SIGKILL);
    do {
      wait();
    } while (WIFSTOPPED(status_));
    REQUIRE(WIFSIGNALED(status_));
    REQUIRE(WTERMSIG(status_) == SIGKILL);
  }

 private:
  void wait() {
    if (::waitpid(child_, &status_, 0) != child_) FAIL("the child cannot be waited for");
  }

  pid_t child_;
  int status_ = 0;
};

// Lowers a limit of this process for a scope.
class Limited {
 public:
  Limited(int which, rlim_t value) : which_(which) {
    ::getrlimit(which_, &before_);
    const rlimit lower{value, before_.rlim_max};
    ::setrlimit(which_, &lower);
  }
  ~Limited() { ::setrlimit(which_, &before_); }

 private:
  int which_;
  rlimit before_{};
};

}  // namespace

TEST_CASE("crash: killed at any instant, nothing is wrong", "[cache][fault]") {
  constexpr int kKills = 300;
  constexpr unsigned kStops = 3000;  // of about one turn: two for each system call
  const auto seed = static_cast<unsigned>(GENERATE(take(1, random(0, 1'000'000))));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const Scratch scratch;
  const std::string root = scratch / "cache", tree = scratch / "tree";
  fs::create_directories(tree);
  int kills = 0;
  for (; kills < kKills; ++kills) {
    const auto child_seed = static_cast<unsigned>(random());
    const pid_t child = ::fork();
    if (child == 0) work(root, tree, child_seed);
    REQUIRE(child > 0);
    Traced traced(child);
    if (!traced.begin()) {
      WARN("no right to trace a child: not tested");
      return;
    }
    // After some turns, and then anywhere in the next one; also before the first.
    for (auto turns = random() % 4; turns > 0; --turns) traced.go_on(PTRACE_CONT);
    for (auto stops = random() % kStops; stops > 0; --stops) traced.go_on(PTRACE_SYSCALL);
    // Half of them before or after a system call, the others within it or behind it.
    if (random() % 2 == 0) traced.resume(PTRACE_SYSCALL);
    traced.kill();

    if (!fs::exists(root)) continue;
    const auto directory = Directory::open(root).value();
    const Verified verified = verify(directory, 1).value();
    CAPTURE(kills, verified.problems);
    REQUIRE(verified.problems.empty());
    // No file of the tree is half there.
    for (const auto& [path, node] : look(tree)) {
      if (!path.starts_with("out/") || node.kind != EntryKind::file) continue;
      INFO(path);
      REQUIRE(node.bytes.size() == 1 + std::stoul(path.substr(8)) * 977 % 40'000);
      REQUIRE(node.bytes.find_first_not_of(node.bytes[0]) == std::string::npos);
    }
    // Where the file system can, nothing is left in the way of the next one.
    REQUIRE(list_dir(root + "/tmp")->empty());
  }
  // And the next run is right.
  Cache cache(root);
  const Survey around = survey(cache.directory).value();
  // Otherwise this has shown nothing.
  CHECK(around.totals.all.hits > 20);
  CHECK(around.totals.all.evictions > 5);
  for (int number = 0; number < kKeys; ++number) {
    const auto action = cache.actions.get(key_of(std::to_string(number))).value();
    if (!action) continue;
    REQUIRE(restore(cache.blobs, tree, *action, present_of(look(tree), "out")).has_value());
    CHECK(outputs_in(tree) == tree_number(number));
  }
  CHECK(cache.directory.take_warnings().empty());
}

TEST_CASE("crash: several processes at once", "[cache][fault]") {
  const Scratch scratch;
  const std::string root = scratch / "cache";
  std::vector<pid_t> children;
  for (unsigned i = 0; i < 4; ++i) {
    const std::string tree = scratch / ("tree" + std::to_string(i));
    fs::create_directories(tree);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      Worker worker(root, tree, i, kGrace);
      bool good = true;
      for (int turn = 0; turn < 40 && good; ++turn) good = worker.turn();
      ::_exit(good ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  const auto directory = Directory::open(root).value();
  const Verified verified = verify(directory).value();
  CAPTURE(verified.problems);
  CHECK(verified.problems.empty());
  CHECK(verified.journal_damage == 0);
  for (int i = 0; i < 4; ++i) {
    const Files files = outputs_in(scratch / ("tree" + std::to_string(i)));
    if (files.empty()) continue;
    // Whatever was restored last is there as a whole.
    bool found = false;
    for (int number = 0; number < kKeys; ++number) found = found || files == tree_number(number);
    CHECK(found);
  }
}

TEST_CASE("crash: no more space", "[cache][fault]") {
  // A full disk as this process sees it: no file may grow beyond a limit.
  const Scratch scratch;
  const std::string tree = scratch / "tree";
  make(tree, {{"out/big", {EntryKind::file, std::string(300'000, 'b'), false}}});
  Cache cache(scratch / "cache");
  const auto outputs = outputs_of(look(tree), "out");
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &ignore, &before);
  {
    const Limited limited(RLIMIT_FSIZE, 100'000);
    std::vector<Output> again = outputs;
    CHECK_FALSE(capture(cache.blobs, tree, again));
    LogWriter log(cache.directory);
    log.add(Stream::out, std::string(1'000'000, 'l'));
    CHECK_FALSE(log.finish(cache.blobs));
    const std::string bytes(200'000, 'x');
    CHECK_FALSE(cache.blobs.put_bytes(hash::sha256(bytes), bytes));
  }
  ::sigaction(SIGXFSZ, &before, nullptr);
  CHECK(verify(cache.directory)->problems.empty());
  CHECK(verify(cache.directory)->blobs == 0);
  CHECK(list_dir(scratch / "cache/tmp")->empty());
}

TEST_CASE("crash: a full file system", "[cache][fault]") {
  const Scratch scratch;
  const std::string small = scratch / "small";
  fs::create_directories(small);
  if (::mount("none", small.c_str(), "tmpfs", 0, "size=256k") != 0) {
    WARN("no right to mount: not tested");
    return;
  }
  {
    const std::string tree = scratch / "tree";
    make(tree, tree_number(1));
    Cache cache(small + "/cache");
    const Action whole = cache.store(tree, "out", "whole");
    bool failed = false;
    for (int number = 2; number < 40 && !failed; ++number) {
      fs::remove_all(tree);
      make(tree, tree_number(number));
      Action action;
      action.key = key_of(std::to_string(number));
      action.outputs = outputs_of(look(tree), "out");
      auto captured = capture(cache.blobs, tree, action.outputs);
      if (captured) captured = cache.actions.put(action);
      failed = !captured;
    }
    CHECK(failed);
    // What was stored before is still served, and what is there is right.
    CHECK(verify(cache.directory)->problems.empty());
    fs::remove_all(tree);
    fs::create_directories(tree);
    CHECK(restore(cache.blobs, tree, whole, {}).has_value());
    CHECK(look(tree) == tree_number(1));
    // And it can be made empty.
    CHECK(clear(cache.directory).has_value());
  }
  CHECK(::umount(small.c_str()) == 0);
}

TEST_CASE("crash: a cache that can only be read", "[cache][fault]") {
  const Scratch scratch;
  const std::string root = scratch / "cache", tree = scratch / "tree";
  make(tree, tree_number(1));
  Action action;
  {
    Cache cache(root);
    action = cache.store(tree, "out", "k");
  }
  // Root may write wherever the mode says no, but not to a read-only mount.
  const bool by_mount = ::geteuid() == 0;
  if (by_mount &&
      (::mount(root.c_str(), root.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
       ::mount(nullptr, root.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0)) {
    WARN("no right to mount: not tested");
    return;
  }
  const auto set_mode = [&](fs::perms perms) {
    for (const auto& entry : fs::recursive_directory_iterator(root))
      if (entry.is_directory()) fs::permissions(entry.path(), perms);
    fs::permissions(root, perms);
  };
  if (!by_mount) set_mode(fs::perms::owner_read | fs::perms::owner_exec);
  {
    Cache cache(root);
    fs::remove_all(tree);
    fs::create_directories(tree);
    CHECK(cache.actions.get(key_of("k")).value() == action);
    CHECK(restore(cache.blobs, tree, action, {}).has_value());
    CHECK(look(tree) == tree_number(1));
    CHECK_FALSE(cache.blobs.put_bytes(hash::sha256("new"), "new"));
    CHECK_FALSE(cache.actions.put(action));
    CHECK(cache.journal.append({}).has_value());
    const Record hit;
    CHECK_FALSE(cache.journal.append({&hit, 1}));
    CHECK_FALSE(clear(cache.directory));
    CHECK(verify(cache.directory)->problems.empty());
  }
  if (by_mount)
    CHECK(::umount(root.c_str()) == 0);
  else
    set_mode(fs::perms::owner_all);
}
