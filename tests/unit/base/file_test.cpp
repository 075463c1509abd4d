// SPDX-License-Identifier: MIT
#include "base/file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <thread>

#include "base/fd.h"
#include "base/find.h"

using namespace ggen;

namespace {

// A directory of its own for each test, gone at its end.
class Scratch {
 public:
  Scratch() : path_(make_temp_dir(std::filesystem::temp_directory_path(), "ggen-unit-").value()) {}
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

  // What is in the directory, by name: also temporary files that should be gone.
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    const auto entries = list_dir(path_).value();
    for (const auto& entry : entries) all.push_back(entry.name);
    return all;
  }

 private:
  std::string path_;
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

using Names = std::vector<std::string>;

// Makes directories inside each other until no path can name the last ones.
void make_deep(const std::string& path) {
  REQUIRE(make_dirs(path));
  Fd at(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int depth = 0; depth < 3000; ++depth) {
    REQUIRE(::mkdirat(at.get(), "deeper", 0700) == 0);
    if (depth % 100 == 0) Fd(::openat(at.get(), "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    at.reset(::openat(at.get(), "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(at);
  }
}

}  // namespace

TEST_CASE("file: reads what gives all it has at the first read", "[base]") {
  // At least 8 on any system: "8\n" would be whole by chance.
  const auto text = read_file("/proc/sys/fs/inotify/max_queued_events");
  REQUIRE(text);
  CHECK(text->ends_with('\n'));
}

TEST_CASE("file: what is written is read, whatever the bytes") {
  const Scratch dir;
  std::string bytes(1 << 20, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7);
  for (const auto& text : {std::string(), std::string("a\0b", 3), bytes}) {
    REQUIRE(write_file(dir / "f", text));
    CHECK(read_file(dir / "f").value() == text);
  }
  CHECK(dir.names() == Names{"f"});
}

TEST_CASE("file: reading refuses what has no end, and what is too long") {
  const Scratch dir;
  REQUIRE(write_file(dir / "f", "12345"));
  CHECK(read_file(dir / "f", 5).value() == "12345");
  const auto cut = read_file(dir / "f", 4);
  CHECK(cut.error().kind == ErrorKind::limit);
  CHECK(cut.error().message == "read " + (dir / "f") + ": more than 4 bytes");
  CHECK(read_file(dir / "none").error().kind == ErrorKind::not_found);
  CHECK(read_file(dir.path()).error().message == "read " + dir.path() + ": Is a directory");
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  CHECK(read_file(dir / "pipe").error().message ==
        "read " + (dir / "pipe") + ": not a regular file");
  CHECK(read_file("/dev/zero").error().kind == ErrorKind::invalid);
  // Files of /proc do not say how long they are.
  CHECK_FALSE(read_file("/proc/self/status").value().empty());
  CHECK(read_file("/proc/self/status", 10).error().kind == ErrorKind::limit);
  CHECK(read_file(std::string("a\0b", 3)).error().message ==
        "read: the path has a NUL byte inside");
  CHECK(read_file("").error().message == "read: the path is empty");
}

TEST_CASE("file: writing keeps the mode and leaves nothing half done") {
  const Scratch dir;
  REQUIRE(write_file(dir / "f", "old"));
  REQUIRE(::chmod((dir / "f").c_str(), 0751) == 0);
  REQUIRE(write_file(dir / "f", "new", Durable::yes));
  CHECK(stat_path(dir / "f")->mode == 0751);
  CHECK(read_file(dir / "f").value() == "new");

  REQUIRE(make_dirs(dir / "d"));
  CHECK(write_file(dir / "d", "x").error().kind == ErrorKind::invalid);
  CHECK(write_file(dir / "none/f", "x").error().kind == ErrorKind::not_found);
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  CHECK(write_file(dir / "pipe", "x").error().kind == ErrorKind::invalid);
  CHECK(dir.names() == Names{"d", "f", "pipe"});
}

TEST_CASE("file: a disk that is full leaves the old file, and nothing else") {
  const Scratch dir;
  REQUIRE(write_file(dir / "f", "old"));
  auto* before = std::signal(SIGXFSZ, SIG_IGN);
  {
    const Limited limited(RLIMIT_FSIZE, 1000);
    CHECK(write_file(dir / "f", std::string(5000, 'x')).error().kind == ErrorKind::io);
  }
  std::signal(SIGXFSZ, before);
  CHECK(read_file(dir / "f").value() == "old");
  CHECK(dir.names() == Names{"f"});
}

TEST_CASE("file: a reader sees the old bytes or the new ones, never a part") {
  const Scratch dir;
  const std::string a(300'000, 'a');
  const std::string b(300'000, 'b');
  REQUIRE(write_file(dir / "f", a));
  std::thread writer([&] {
    for (int i = 0; i < 50; ++i) (void)write_file(dir / "f", i % 2 == 0 ? b : a);
  });
  int torn = 0;
  for (int i = 0; i < 50; ++i) {
    const auto seen = read_file(dir / "f");
    if (!seen || (*seen != a && *seen != b)) ++torn;
  }
  writer.join();
  CHECK(torn == 0);
}

TEST_CASE("file: writing follows a link, also to nothing yet") {
  const Scratch dir;
  REQUIRE(make_dirs(dir / "d"));
  REQUIRE(write_file(dir / "d/target", "old"));
  REQUIRE(::symlink("d/target", (dir / "link").c_str()) == 0);
  REQUIRE(write_file(dir / "link", "new"));
  CHECK(read_file(dir / "d/target").value() == "new");
  CHECK(stat_path(dir / "link", FollowLinks::no)->type == FileType::link);
  REQUIRE(::symlink("nothing", (dir / "dangling").c_str()) == 0);
  REQUIRE(write_file(dir / "dangling", "new"));
  CHECK(read_file(dir / "dangling").value() == "new");
}

TEST_CASE("file: directories are listed sorted, with types") {
  const Scratch dir;
  for (const auto* name : {"b", "a", "C"}) REQUIRE(write_file(dir / name, ""));
  REQUIRE(make_dirs(dir / "sub"));
  REQUIRE(::symlink("sub", (dir / "link").c_str()) == 0);
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  const auto entries = list_dir(dir.path()).value();
  CHECK(dir.names() == Names{"C", "a", "b", "link", "pipe", "sub"});
  CHECK(entries[0].type == FileType::file);
  CHECK(entries[3].type == FileType::link);
  CHECK(entries[4].type == FileType::other);
  CHECK(entries[5].type == FileType::directory);
  CHECK(list_dir(dir / "a").error().kind == ErrorKind::not_found);
}

TEST_CASE("file: directories are made with those above them") {
  const Scratch dir;
  CHECK(make_dirs(dir / "a/b//c/").has_value());
  CHECK(stat_path(dir / "a/b/c")->type == FileType::directory);
  CHECK(make_dirs(dir / "a/b/c").has_value());
  REQUIRE(write_file(dir / "f", ""));
  CHECK(make_dirs(dir / "f").error().kind == ErrorKind::exists);
  CHECK(make_dirs(dir / "f/x").error().kind == ErrorKind::not_found);
  CHECK(make_dirs("/").has_value());
  CHECK(make_dirs("").error().kind == ErrorKind::invalid);
}

TEST_CASE("file: a tree goes, what its links point at stays") {
  const Scratch dir;
  REQUIRE(make_dirs(dir / "keep"));
  REQUIRE(write_file(dir / "keep/file", "x"));
  REQUIRE(make_dirs(dir / "tree/a/b"));
  REQUIRE(write_file(dir / "tree/a/f", ""));
  REQUIRE(::symlink("../../keep", (dir / "tree/a/link").c_str()) == 0);
  REQUIRE(::symlink("keep", (dir / "link").c_str()) == 0);
  CHECK(remove_tree(dir / "tree").has_value());
  CHECK(remove_tree(dir / "link/").has_value());
  CHECK(dir.names() == Names{"keep"});
  CHECK(read_file(dir / "keep/file").value() == "x");
  CHECK(remove_tree(dir / "tree").error().kind == ErrorKind::not_found);
  // Only below the scratch directory: a remover that is broken must not meet "..".
  for (const auto& path : {dir / "keep/.", dir / "keep/.."}) {
    const auto refused = remove_tree(path);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::invalid);
  }
  CHECK(read_file(dir / "keep/file").value() == "x");
}

TEST_CASE("file: a tree deeper than a path can name goes as well") {
  const Scratch dir;
  make_deep(dir / "tree");
  // Names that get in the way of those that the remover gives.
  REQUIRE(make_dirs(dir / "tree/.ggen-rm-0/x"));
  {
    const Limited limited(RLIMIT_NOFILE, 200);
    CHECK(remove_tree(dir / "tree").has_value());
  }
  CHECK(dir.names().empty());
}

TEST_CASE("file: one path is removed only when nothing hangs on it") {
  const Scratch dir;
  REQUIRE(make_dirs(dir / "d/e"));
  CHECK(remove_path(dir / "d").error().kind == ErrorKind::exists);
  CHECK(remove_path(dir / "d/e").has_value());
  CHECK(remove_path(dir / "d").has_value());
  CHECK(remove_path(dir / "d").error().kind == ErrorKind::not_found);
}

TEST_CASE("file: names, links and rights") {
  const Scratch dir;
  REQUIRE(write_file(dir / "f", "#!/bin/sh\n"));
  CHECK_FALSE(is_executable(dir / "f"));
  REQUIRE(::chmod((dir / "f").c_str(), 0755) == 0);
  CHECK(is_executable(dir / "f"));
  CHECK_FALSE(is_executable(dir.path()));
  CHECK_FALSE(is_executable(dir / "none"));
  REQUIRE(::symlink("f", (dir / "link").c_str()) == 0);
  CHECK(real_path(dir / "link").value() == real_path(dir / "f").value());
  CHECK(stat_path(dir / "link")->size == 10);
  REQUIRE(rename_path(dir / "f", dir / "g"));
  CHECK(stat_path(dir / "link").error().kind == ErrorKind::not_found);
  CHECK(rename_path(dir / "none", dir / "g").error().kind == ErrorKind::not_found);
  CHECK(stat_path(dir / "g")->mtime_ns > 1'600'000'000'000'000'000);
  CHECK(current_dir().value() == std::filesystem::current_path().string());
}

TEST_CASE("find: files by globs, without following links") {
  const Scratch dir;
  for (const auto* name :
       {"src/a.c", "src/deep/b.c", "src/b.h", ".git/x.c", "lib/.ggen/y.c", "z.c"}) {
    const std::string path = dir / name;
    REQUIRE(make_dirs(path.substr(0, path.rfind('/'))));
    REQUIRE(write_file(path, ""));
  }
  REQUIRE(::symlink("src", (dir / "loop.c").c_str()) == 0);
  const auto find = [&](const std::vector<std::string>& globs) {
    return find_files(dir.path(), GlobSet::compile(globs).value()).value();
  };
  CHECK(find({"**/*.c"}) == Names{"loop.c", "src/a.c", "src/deep/b.c", "z.c"});
  CHECK(find({"**", "!**/*.c"}) == Names{"src/b.h"});
  CHECK(find({"src/*.c"}) == Names{"src/a.c"});
  CHECK(find({}).empty());
  const auto missing = find_files(dir / "none", GlobSet::compile({"**"}).value());
  CHECK(missing.error().kind == ErrorKind::not_found);
}

TEST_CASE("find: a directory that no glob can reach is not read") {
  const Scratch dir;
  REQUIRE(make_dirs(dir / "src"));
  REQUIRE(write_file(dir / "src/a", ""));
  // The walk would meet paths that are too long.
  make_deep(dir / "build");
  const auto find = [&](const std::vector<std::string>& globs) {
    return find_files(dir.path(), GlobSet::compile(globs).value());
  };
  CHECK(find({"src/**"}).value() == Names{"src/a"});
  CHECK(find({"**", "!build/**"}).value() == Names{"src/a"});
  CHECK(find({"**"}).error().message.find("File name too long") != std::string::npos);
  CHECK(remove_tree(dir / "build").has_value());
}
