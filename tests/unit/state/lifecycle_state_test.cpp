// SPDX-License-Identifier: MIT
#include "state/lifecycle_state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "base/file.h"

using namespace ggen;
using namespace ggen::state;

namespace {

struct TempDir {
  std::string path = make_temp_dir("/tmp", "ggen-state-").value();
  ~TempDir() { static_cast<void>(remove_tree(path).has_value()); }
  std::string file() const { return path + "/.ggen/state.json"; }
  void put(const std::string& bytes) const {
    REQUIRE(make_dirs(path + "/.ggen"));
    REQUIRE(write_file(file(), bytes));
  }
  // The names in .ggen.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    const auto entries = list_dir(path + "/.ggen").value();
    for (const DirEntry& entry : entries) names.push_back(entry.name);
    return names;
  }
};

using Names = std::vector<std::string>;

LifecycleRecord record_of(std::string phase, std::optional<std::string> workspace = std::nullopt) {
  return {std::move(phase), std::move(workspace), 1, 2, true};
}

void add(const TempDir& dir, const std::string& phase) {
  LifecycleState state(dir.path);
  state.record(record_of(phase));
  state.key({phase, std::nullopt, "k"});
  REQUIRE(state.save());
}

Names phases_in(const TempDir& dir) {
  LifecycleState state(dir.path);
  Names names;
  for (const auto& record : state.content().records()) names.push_back(record.phase);
  return names;
}

}  // namespace

TEST_CASE("lifecycle state: from nothing", "[state]") {
  const TempDir dir;
  LifecycleState state(dir.path);
  CHECK_FALSE(state.succeeded("build", std::nullopt));
  CHECK_FALSE(state.last("build", std::nullopt));
  // Without a record there is nothing to write.
  CHECK(state.save());
  CHECK_FALSE(stat_path(dir.path + "/.ggen"));

  state.record(record_of("build"));
  state.record(record_of("build", "web"));
  state.record({"test", std::nullopt, 5, 6, false});
  CHECK(state.succeeded("build", std::nullopt));
  CHECK(state.succeeded("build", "web"));
  CHECK_FALSE(state.succeeded("build", "api"));
  CHECK_FALSE(state.succeeded("test", std::nullopt));
  CHECK(state.last("test", std::nullopt)->started_ms == 5);
  REQUIRE(state.save());
  CHECK(state.problem().empty());
  CHECK(dir.names() == Names{"state.json"});
  CHECK(state.content().last_phase() == "test");
  CHECK(state.succeeded("build", "web"));

  // It is written once, not again and again.
  const auto before = read_file(dir.file()).value();
  REQUIRE(remove_path(dir.file()));
  CHECK(state.save());
  CHECK_FALSE(stat_path(dir.file()));
  REQUIRE(write_file(dir.file(), before));
  add(dir, "deploy");
  CHECK(phases_in(dir) == Names{"build", "build", "test", "deploy"});
}

TEST_CASE("lifecycle state: two at once", "[state]") {
  const TempDir dir;
  // Both found no file; both found the same one; one was reset.
  for (int round = 0; round < 3; ++round) {
    LifecycleState one(dir.path), other(dir.path);
    CHECK(one.succeeded("x", std::nullopt) == (round > 0));
    CHECK(other.succeeded("x", std::nullopt) == (round > 0));
    one.record(record_of("x"));
    other.record(record_of("y"));
    REQUIRE(one.save());
    REQUIRE(other.save());
  }
  CHECK(phases_in(dir) == Names{"x", "y", "x", "y", "x", "y"});
  LifecycleState late(dir.path), resetting(dir.path);
  CHECK(late.succeeded("x", std::nullopt));
  CHECK(resetting.reset().value());
  CHECK_FALSE(resetting.reset().value());
  late.record(record_of("z"));
  REQUIRE(late.save());
  CHECK(phases_in(dir) == Names{"z"});
  CHECK(dir.names() == Names{"state.json"});
}

TEST_CASE("lifecycle state: the bound", "[state]") {
  const TempDir dir;
  for (int i = 0; i < 3; ++i) {
    LifecycleState state(dir.path, {.max_records = 5});
    for (int j = 0; j < 4; ++j) state.record(record_of(std::to_string(j % 2)));
    REQUIRE(state.save());
    CHECK(phases_in(dir).size() == (i == 0 ? 4 : 5));
  }
  LifecycleState state(dir.path, {.max_records = 0});
  for (int j = 0; j < 2000; ++j) state.record(record_of("a"));
  REQUIRE(state.save());
  CHECK(phases_in(dir).size() == 2005);
  add(dir, "a");
  CHECK(phases_in(dir).size() == 1000);
}

TEST_CASE("lifecycle state: a damaged file is kept aside", "[state]") {
  const TempDir dir;
  const std::string damages[] = {
      "", "{", "{}", "null", std::string(100'000, '['), std::string(70 << 20, ' '), "\xff\xfe{}"};
  std::size_t kept = 0;
  for (const std::string& damage : damages) {
    CAPTURE(damage.size(), damage.substr(0, 10));
    dir.put(damage);
    LifecycleState state(dir.path);
    CHECK_FALSE(state.succeeded("a", std::nullopt));
    CHECK(state.problem().substr(0, 12) == "is damaged (");
    // Nothing is moved by looking at it.
    CHECK(read_file(dir.file()).value() == damage);
    state.record(record_of("b"));
    REQUIRE(state.save());
    CHECK(phases_in(dir) == Names{"b"});
    const auto at = state.problem().find("; it is kept as state.json.damaged-");
    REQUIRE(at != std::string::npos);
    const std::string name = state.problem().substr(at + 16);
    CHECK(read_file(dir.path + "/.ggen/" + name).value() == damage);
    CHECK(dir.names().size() == ++kept + 1);
    // From now on all is well.
    add(dir, "c");
    CHECK(phases_in(dir) == Names{"b", "c"});
    REQUIRE(remove_path(dir.file()));
  }
}

TEST_CASE("lifecycle state: what is not a file", "[state]") {
  const TempDir dir;
  const std::string file = dir.file();
  REQUIRE(make_dirs(file));
  const auto refuse = [&] {
    LifecycleState state(dir.path);
    CHECK_FALSE(state.succeeded("a", std::nullopt));
    CHECK(state.problem() == "is not a regular file");
    state.record(record_of("a"));
    CHECK_FALSE(state.save());
    CHECK(dir.names() == Names{"state.json"});
  };
  refuse();
  REQUIRE(remove_path(file));
  REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
  refuse();
  REQUIRE(remove_tree(dir.path + "/.ggen"));
  // .ggen itself is none.
  REQUIRE(write_file(dir.path + "/.ggen", "x"));
  LifecycleState state(dir.path);
  state.record(record_of("a"));
  CHECK_FALSE(state.save());
  CHECK(read_file(dir.path + "/.ggen").value() == "x");
}

TEST_CASE("lifecycle state: a link is replaced by the file", "[state]") {
  const TempDir dir;
  REQUIRE(make_dirs(dir.path + "/.ggen"));
  REQUIRE(write_file(dir.path + "/other", "mine"));
  REQUIRE(::symlink("../other", dir.file().c_str()) == 0);
  add(dir, "a");
  CHECK(phases_in(dir) == Names{"a"});
  CHECK(read_file(dir.path + "/other").value() == "mine");
  // Nor is a link followed that stands in the way of the new file.
  REQUIRE(::symlink("../other", (dir.file() + ".tmp").c_str()) == 0);
  LifecycleState state(dir.path);
  state.record(record_of("b"));
  CHECK_FALSE(state.save());
  CHECK(read_file(dir.path + "/other").value() == "mine");
}

TEST_CASE("lifecycle state: what a killed process has left is no harm", "[state]") {
  const TempDir dir;
  add(dir, "a");
  REQUIRE(write_file(dir.file() + ".tmp", std::string(100'000, 'x')));
  add(dir, "b");
  CHECK(phases_in(dir) == Names{"a", "b"});
  CHECK(dir.names() == Names{"state.json"});
}

TEST_CASE("lifecycle state: who holds the lock for ever is not waited for", "[state]") {
  const TempDir dir;
  add(dir, "a");
  const Fd holder(::open(dir.file().c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(::flock(holder.get(), LOCK_EX) == 0);
  LifecycleState state(dir.path, {.patience = std::chrono::milliseconds(1)});
  state.record(record_of("b"));
  const auto saved = state.save();
  REQUIRE_FALSE(saved);
  CHECK(saved.error().kind == ErrorKind::timeout);
  // What was recorded is still there to be saved.
  REQUIRE(::flock(holder.get(), LOCK_UN) == 0);
  CHECK(state.save());
  CHECK(phases_in(dir) == Names{"a", "b"});
}

TEST_CASE("lifecycle state: no room", "[state]") {
  const TempDir dir;
  add(dir, "a");
  const auto before = read_file(dir.file()).value();
  struct sigaction ignore {
  }, old_action{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &ignore, &old_action);
  rlimit old_limit{};
  ::getrlimit(RLIMIT_FSIZE, &old_limit);
  const rlimit lower{100, old_limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &lower);
  LifecycleState state(dir.path);
  state.record(record_of("b"));
  const auto saved = state.save();
  ::setrlimit(RLIMIT_FSIZE, &old_limit);
  ::sigaction(SIGXFSZ, &old_action, nullptr);
  CHECK_FALSE(saved);
  CHECK(read_file(dir.file()).value() == before);
  CHECK(dir.names() == Names{"state.json"});
}

TEST_CASE("lifecycle state: a directory that can only be read", "[state]") {
  const TempDir dir;
  add(dir, "a");
  const std::string place = dir.path + "/.ggen";
  // Root may write wherever the mode says no, but not to a read-only mount.
  const bool by_mount = ::geteuid() == 0;
  if (by_mount &&
      (::mount(place.c_str(), place.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
       ::mount(nullptr, place.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0)) {
    WARN("no right to mount: not tested");
    return;
  }
  if (!by_mount) ::chmod(place.c_str(), 0500);
  {
    LifecycleState state(dir.path);
    CHECK(state.succeeded("a", std::nullopt));
    state.record(record_of("b"));
    CHECK_FALSE(state.save());
    CHECK_FALSE(state.reset());
  }
  if (by_mount) {
    CHECK(::umount(place.c_str()) == 0);
  } else {
    ::chmod(place.c_str(), 0700);
  }
  CHECK(phases_in(dir) == Names{"a"});
}
