// SPDX-License-Identifier: MIT
#include "state/lock_file.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "base/file.h"

using ggen::state::LockFile;

namespace {

class TempDir {
 public:
  TempDir() : path_(*ggen::make_temp_dir("/tmp", "ggen-lock-file-")) {}
  ~TempDir() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

LockFile open(const std::string& path) {
  auto file = LockFile::open(path);
  REQUIRE(file);
  return std::move(*file);
}

}  // namespace

TEST_CASE("lock file: one has a name at a time") {
  const TempDir dir;
  auto a = open(dir / "locks"), b = open(dir / "locks");
  CHECK(*a.try_lock("run 1"));
  CHECK(*a.try_lock("run 1"));
  CHECK_FALSE(*b.try_lock("run 1"));
  CHECK(*b.try_lock("run 2"));
  a.unlock("run 1");
  CHECK(*b.try_lock("run 1"));
}

TEST_CASE("lock file: asking who has a name locks nothing") {
  const TempDir dir;
  auto a = open(dir / "locks"), b = open(dir / "locks");
  CHECK_FALSE(*a.taken("x"));
  CHECK(*b.try_lock("x"));
  CHECK(*a.taken("x"));
  CHECK_FALSE(*b.taken("x"));  // its own
  CHECK_FALSE(*a.taken("y"));
  CHECK(*a.try_lock("y"));
}

TEST_CASE("lock file: locks end with the process, however it ends") {
  const TempDir dir;
  auto ours = open(dir / "locks");
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto theirs = LockFile::open(dir / "locks");
    const char byte = theirs && *theirs->try_lock("x") ? 'y' : 'n';
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char byte = 0;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  CHECK(byte == 'y');
  CHECK(*ours.taken("x"));
  CHECK_FALSE(*ours.try_lock("x"));
  kill(child, SIGKILL);
  REQUIRE(waitpid(child, nullptr, 0) == child);
  CHECK_FALSE(*ours.taken("x"));
  CHECK(*ours.try_lock("x"));
  close(ready[0]);
  close(ready[1]);
}

TEST_CASE("lock file: it has one id as long as it lives, and a copy another") {
  const TempDir dir;
  const auto file = open(dir / "locks");
  CHECK(file.id().size() > 16);
  CHECK(open(dir / "locks").id() == file.id());
  std::filesystem::copy_file(dir / "locks", dir / "copy");
  CHECK(open(dir / "copy").id() != file.id());
  std::filesystem::rename(dir / "locks", dir / "moved");
  CHECK(open(dir / "moved").id() == file.id());
  CHECK_FALSE(file.in_place());
  // One that has the inode of a file that was removed is still another one.
  std::filesystem::remove(dir / "moved");
  CHECK(open(dir / "locks").id() != file.id());
  CHECK_FALSE(file.in_place());
  CHECK(open(dir / "locks").in_place());
}

TEST_CASE("lock file: what a crash has left of the id is written again") {
  const TempDir dir;
  REQUIRE(ggen::write_file(dir / "locks", "12"));
  const auto id = open(dir / "locks").id();
  CHECK(id.size() > 16);
  CHECK(open(dir / "locks").id() == id);
}

TEST_CASE("lock file: where it cannot be is an error") {
  const TempDir dir;
  CHECK_FALSE(LockFile::open(dir / "no/locks"));
  CHECK_FALSE(LockFile::open(dir / "."));
  std::filesystem::create_symlink("elsewhere", dir / "link");
  CHECK_FALSE(LockFile::open(dir / "link"));
}
