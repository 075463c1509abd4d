// SPDX-License-Identifier: MIT
#include "watch/tree_watch.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <set>

#include "watched.h"

using namespace ggen;
using namespace ggen::test;

TEST_CASE("tree watch: tells what happens to files", "[watch]") {
  Watched w;
  w.write("a");
  w.write("src/b");
  w.start();
  CHECK(w.tree->directories() == 2);
  CHECK(w.told().empty());
  w.write("a", "y");
  w.write("src/new");
  w.remove("src/b");
  CHECK(w.told() == Lines{"changed a", "created src/new", "removed src/b"});
  CHECK(w.told().empty());
  CHECK(w.batches == 1);
}

TEST_CASE("tree watch: puts the events of a path together", "[watch]") {
  Watched w;
  w.write("here");
  w.write("replaced");
  w.write("gone");
  w.start();
  w.write("new");
  w.write("new", "again");
  CHECK(w.told() == Lines{"created new"});
  w.write("passing");
  w.remove("passing");
  CHECK(w.told().empty());
  w.remove("here");
  w.write("here");
  CHECK(w.told() == Lines{"changed here"});
  // As editors save: the kernel does not tell that something was replaced.
  w.write("temporary");
  w.move("temporary", "replaced");
  CHECK(w.told() == Lines{"changed replaced"});
  w.write("temporary");
  w.move("temporary", "gone");
  w.remove("gone");
  CHECK(w.told() == Lines{"removed gone"});
  w.write("passing");
  w.move("passing", "arrived");
  CHECK(w.told() == Lines{"created arrived"});
}

TEST_CASE("tree watch: tells when it has been quiet, many at once", "[watch]") {
  Watched w;
  w.options.quiet = 0.01;
  w.start();
  for (int i = 0; i < 50; ++i) w.write("f" + std::to_string(i));
  while (w.batches == 0) w.loop.run_once();
  CHECK(w.lines.size() == 50);
  CHECK(w.batches == 1);
  w.tree.reset();
  w.loop.run();
  CHECK(w.loop.open_handles() == 0);
}

TEST_CASE("tree watch: tells at the latest after a while", "[watch]") {
  Watched w;
  w.options.quiet = 3600;
  w.options.longest = 0.01;
  w.start();
  w.write("a");
  while (w.batches == 0) w.loop.run_once();
  CHECK(w.lines == Lines{"created a"});
}

TEST_CASE("tree watch: a directory that appears is watched, with what it has by then", "[watch]") {
  Watched w;
  w.start();
  w.write("new/deep/file");
  CHECK(w.told() == Lines{"created new (dir)", "created new/deep (dir)", "created new/deep/file"});
  CHECK(w.tree->directories() == 3);
  w.write("new/deep/file", "y");
  w.write("new/deep/other");
  CHECK(w.told() == Lines{"changed new/deep/file", "created new/deep/other"});
}

TEST_CASE("tree watch: a directory that is moved keeps no old name", "[watch]") {
  Watched w;
  w.write("old/deep/file");
  w.start();
  w.write("old/deep/file", "y");
  w.write("old/deep/fresh");
  w.move("old", "new");
  w.write("new/deep/file", "z");
  CHECK(w.told() == Lines{"removed old/deep/file", "removed old (dir)", "created new (dir)",
                          "created new/deep (dir)", "created new/deep/file",
                          "created new/deep/fresh"});
  w.write("new/deep/file", "again");
  CHECK(w.told() == Lines{"changed new/deep/file"});
  CHECK(w.tree->directories() == 3);

  const std::string away = make_temp_dir("/tmp", "ggen-away-").value();
  std::filesystem::rename(w.path("new"), away + "/new");
  CHECK(w.told() == Lines{"removed new (dir)"});
  CHECK(write_file(away + "/new/deep/file", "unseen"));
  CHECK(w.told().empty());
  CHECK(w.tree->directories() == 1);
  REQUIRE(remove_tree(away));
}

TEST_CASE("tree watch: a directory that takes the name of another is the new one", "[watch]") {
  Watched w;
  w.write("a/b/file");
  w.start();
  // Its number goes from "a/b" to "a".
  w.move("a/b", "b");
  w.remove("a");
  w.move("b", "a");
  w.told();
  CHECK(w.tree->directories() == 2);
  w.write("a/file", "y");
  CHECK(w.told() == Lines{"changed a/file"});
  w.remove("a");
  w.write("a");
  CHECK(w.told() == Lines{"removed a/file", "changed a (dir)"});
  CHECK(w.tree->directories() == 1);
}

TEST_CASE("tree watch: leaves out what git ignores", "[watch]") {
  Watched w;
  w.write(".gitignore", "build/\n*.o\n");
  w.write("build/x/y");
  w.make_dir(".git/objects");
  w.make_dir(".ggen/runs");
  w.write("src/a.c");
  w.start();
  CHECK(w.tree->directories() == 2);
  w.write("build/x/y", "2");
  w.write(".git/index");
  w.write(".ggen/runs/1");
  CHECK(w.told().empty());
  w.write("src/a.o");
  CHECK(w.told() == Lines{"created src/a.o (ignored)"});
  w.write("src/build/x");
  CHECK(w.told() == Lines{"created src/build (dir) (ignored)"});
  CHECK(w.tree->directories() == 2);
}

TEST_CASE("tree watch: rules that change change what is watched", "[watch]") {
  Watched w;
  w.write(".gitignore", "build/\n");
  w.write("build/deep/x");
  w.write("src/gen/y");
  w.start();
  CHECK(w.tree->directories() == 3);
  w.write("src/gen/y", "2");
  w.write(".gitignore", "gen/\n");
  CHECK(w.told() == Lines{"changed src/gen/y (ignored)", "changed .gitignore"});
  CHECK(w.tree->directories() == 4);
  w.write("build/deep/x", "2");
  w.write("src/gen/y", "3");
  CHECK(w.told() == Lines{"changed build/deep/x"});
  // The rules of a directory in between count for those below it.
  w.write("build/.gitignore", "deep/\n");
  w.told();
  CHECK(w.tree->directories() == 3);
  w.remove("build/.gitignore");
  w.remove(".gitignore");
  w.told();
  CHECK(w.tree->directories() == 5);
}

TEST_CASE("tree watch: watches what was asked for although it is ignored", "[watch]") {
  Watched w;
  w.write(".gitignore", "/vendor/\n*.env\nignored/\n");
  w.write("vendor/lib/ignored/a");
  w.write("vendor/other/b");
  w.write(".git/HEAD");
  w.options.also = {"vendor/lib", "conf/x.env", ".git/HEAD", "vendor/later/dir", "./src//in"};
  w.start();
  w.write("vendor/lib/ignored/a", "2");
  w.write("vendor/other/b", "2");
  w.write("vendor/c");
  w.write("conf/x.env");
  w.write("conf/y.env");
  w.write(".git/HEAD", "2");
  w.write(".git/index", "2");
  CHECK(w.told() == Lines{"changed vendor/lib/ignored/a", "created conf (dir)",
                          "created conf/x.env", "created conf/y.env (ignored)",
                          "changed .git/HEAD"});
  w.write("vendor/later/dir/deep/file");
  w.write("vendor/later/file");
  CHECK(w.told() == Lines{"created vendor/later (dir)", "created vendor/later/dir (dir)",
                          "created vendor/later/dir/deep (dir)",
                          "created vendor/later/dir/deep/file"});
  // What is not ignored has its rules.
  w.write("src/in/ignored/file");
  w.write("src/in/x.env");
  CHECK(w.told() == Lines{"created src (dir)", "created src/in (dir)",
                          "created src/in/ignored (dir) (ignored)",
                          "created src/in/x.env (ignored)"});
}

TEST_CASE("tree watch: never watches what is to be skipped", "[watch]") {
  Watched w;
  w.write("out/deep/x");
  w.write("out-too/x");
  w.write("gen/report");
  w.options.skip = {"out", "gen/report", "new/out"};
  w.options.also = {"out"};
  w.start();
  CHECK(w.tree->directories() == 3);
  w.write("out/deep/x", "2");
  w.write("out/y");
  w.write("gen/report", "2");
  w.remove("out");
  w.write("out/z");
  w.write("new/out/x");
  CHECK(w.told() == Lines{"created new (dir)"});
}

TEST_CASE("tree watch: follows no link but one that was asked for", "[watch]") {
  Watched w;
  w.write("real/sub/file");
  w.link("real", "link");
  w.link("real", "asked");
  w.options.also = {"asked/sub"};
  w.start();
  CHECK(w.tree->directories() == 5);
  // One directory by two names.
  w.write("real/sub/file", "2");
  CHECK(w.told().size() == 2);
  std::filesystem::remove(w.path("asked"));
  w.told();
  CHECK(w.tree->directories() == 3);
  w.write("real/sub/file", "3");
  CHECK(w.told() == Lines{"changed real/sub/file"});
}

TEST_CASE("tree watch: ends when the root goes", "[watch]") {
  Watched w;
  w.write("sub/a");
  w.start();
  SECTION("removed") { w.remove(""); }
  SECTION("moved") { std::filesystem::rename(w.dir, w.dir + "-moved"); }
  w.tree->flush();
  REQUIRE(w.end);
  CHECK(w.end->kind == ErrorKind::not_found);
  CHECK(w.end->message == "watch " + w.dir + ": the directory was removed or moved away");
  CHECK(w.loop.open_handles() == 1);  // the timer, which waits for nothing
  w.loop.run();
  w.tree->flush();
  (void)remove_tree(w.dir + "-moved");
}

TEST_CASE("tree watch: rules around the root change what is watched", "[watch]") {
  Watched w;
  w.write(".git/info/exclude", "/top/a/\n");
  w.write(".gitignore", "b/\n");
  w.write("top/a/x");
  w.write("top/b/x");
  w.options.root = "top";
  w.start();
  CHECK(w.tree->directories() == 3);  // with the two that have rules
  w.write(".git/info/exclude", "/top/c\n");
  CHECK(w.told().empty());
  CHECK(w.tree->directories() == 4);
  w.write("top/a/x", "2");
  w.write("top/c");
  CHECK(w.told() == Lines{"changed a/x", "created c (ignored)"});
  w.remove(".gitignore");
  w.write("other");
  CHECK(w.told().empty());
  w.write("top/b/x", "2");
  CHECK(w.told() == Lines{"changed b/x"});
}

TEST_CASE("tree watch: tells what was asked for outside of the root", "[watch]") {
  Watched w;
  w.make_dir("top");
  w.write("shared/deep/x");
  w.write("shared/y");
  w.write("file");
  w.options.root = "top";
  w.options.also = {"../shared/deep", w.path("file"), "../later/dir"};
  w.start();
  w.write("shared/deep/x", "2");
  w.write("shared/y", "2");
  w.write("file", "2");
  w.write("other", "2");
  CHECK(w.told() == Lines{"changed ../shared/deep/x", "changed " + w.path("file")});
  w.write("later/dir/z");
  w.write("later/other");
  CHECK(w.told() ==
        Lines{"created ../later (dir)", "created ../later/dir (dir)", "created ../later/dir/z"});
  CHECK_FALSE(w.overflow);
}

TEST_CASE("tree watch: finds again what was outside of the root and went", "[watch]") {
  Watched w;
  w.make_dir("top");
  w.write("shared/deep/x");
  w.options.root = "top";
  w.options.also = {"../shared/deep"};
  w.start();
  // Nothing is above it that would tell.
  w.remove("shared");
  w.told();
  CHECK(w.overflow);
  w.write("shared/deep/x");
  CHECK(w.told() == Lines{"created ../shared (dir)", "created ../shared/deep (dir)",
                          "created ../shared/deep/x"});
}

TEST_CASE("tree watch: a root that is not there is an error", "[watch]") {
  Watched w;
  w.options.root = w.path("missing");
  const auto result = watch::TreeWatch::start(w.loop, w.options, {}, {});
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::not_found);
}

TEST_CASE("tree watch: may be destroyed by what it calls", "[watch]") {
  Watched w;
  w.options.root = w.dir;
  w.options.quiet = 0.001;
  const auto on_changes = [&](const watch::Changes&) { w.tree.reset(); };
  const auto on_end = [&](const Error&) { w.tree.reset(); };
  w.tree = std::move(*watch::TreeWatch::start(w.loop, w.options, on_changes, on_end));
  SECTION("a change") { w.write("a"); }
  SECTION("a change and the end") {
    w.write("a");
    w.remove("");
  }
  SECTION("the end") { w.remove(""); }
  w.loop.run();
  CHECK(w.tree == nullptr);
}

TEST_CASE("tree watch: names of any bytes", "[watch]") {
  Watched w;
  const std::string names[] = {"new\nline", "\xff\xfe", "a\\b", " ",   "-rf",
                               "*",         "[",        "..a",  "...", std::string(255, 'x')};
  for (const std::string& name : names) w.write(name + "/" + name);
  w.start();
  CHECK(w.tree->directories() == 1 + std::size(names));
  Lines expected;
  for (const std::string& name : names) {
    w.write(name + "/" + name, "2");
    expected.push_back("changed " + name + "/" + name);
  }
  CHECK(w.told() == expected);
}

TEST_CASE("tree watch: deeper than a path can be", "[watch]") {
  Watched w;
  w.start();
  // Each step relative to the one before.
  Fd at(::open(w.dir.c_str(), O_PATH | O_DIRECTORY));
  const std::string name(250, 'd');
  for (int i = 0; i < 20; ++i) {
    REQUIRE(::mkdirat(at.get(), name.c_str(), 0777) == 0);
    at.reset(::openat(at.get(), name.c_str(), O_PATH | O_DIRECTORY));
  }
  w.told();
  CHECK(w.tree->directories() > 10);
  REQUIRE(w.tree->problems().size() == 1);
  CHECK(w.tree->problems().empty());
  w.write("file");
  CHECK(w.told() == Lines{"created file"});
}

TEST_CASE("tree watch: says that events were lost, and has looked again", "[watch]") {
  Watched w;
  w.write(".gitignore", "ignored/\n");
  w.write("gone/x");
  w.start();
  w.remove("gone");
  // More than the kernel keeps for us.
  const auto most = std::stoul(read_file("/proc/sys/fs/inotify/max_queued_events", 64).value());
  for (std::size_t i = 0; i < most; ++i) {
    REQUIRE(::mknod(w.path("f" + std::to_string(i)).c_str(), S_IFREG | 0644, 0) == 0);
  }
  w.write("lost/deep/x");
  w.write("ignored/x");
  w.told();
  CHECK(w.overflow);
  CHECK(w.tree->directories() == 3);
  w.overflow = false;
  w.write("lost/deep/x", "2");
  w.remove("f0");
  CHECK(w.told() == Lines{"changed lost/deep/x", "removed f0"});
  CHECK_FALSE(w.overflow);
  SECTION("among them that the root went") {
    for (std::size_t i = 0; i < most; ++i) {
      REQUIRE(::mknod(w.path("g" + std::to_string(i)).c_str(), S_IFREG | 0644, 0) == 0);
    }
    w.remove("");
    w.told();
    REQUIRE(w.end);
    CHECK(w.end->kind == ErrorKind::not_found);
  }
}

TEST_CASE("tree watch: 100,000 events while the loop runs", "[watch]") {
  Watched w;
  w.options.quiet = 0.02;
  w.options.longest = 60;
  for (int i = 0; i < 100; ++i) w.write("f" + std::to_string(i));
  w.start();
  const pid_t child = ::fork();
  if (child == 0) {
    for (unsigned i = 0; i < 100'000; ++i) {
      if (i % 500 == 0) ::mkdir(w.path("d" + std::to_string(i / 500)).c_str(), 0777);
      ::chmod(w.path("f" + std::to_string(i % 100)).c_str(), i / 100 % 2 == 0 ? 0600 : 0644);
    }
    ::_exit(0);
  }
  int status = -1;
  while (::waitpid(child, &status, WNOHANG) == 0) w.loop.run_ready();
  w.tree->flush();
  CHECK(status == 0);
  CHECK(w.tree->directories() == 201);
  const std::set<std::string> told(w.lines.begin(), w.lines.end());
  CHECK(told.contains("changed f99"));
  // The queue of the kernel may have been too short on a machine that does other things.
  if (!w.overflow) CHECK(told.size() == 300);
}

namespace {

// What the function returns, from a process whose user may have so many of each.
std::string with_limits(const char* watches, const char* instances,
                        const std::function<std::string()>& function) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::string text = "no namespaces";
    if (::unshare(CLONE_NEWUSER) == 0) {
      const auto set = [](const char* name, const char* value) {
        const Fd file(::open(name, O_WRONLY));
        return ::write(file.get(), value, std::strlen(value)) > 0;
      };
      if (set("/proc/sys/user/max_inotify_watches", watches) &&
          set("/proc/sys/user/max_inotify_instances", instances)) {
        text = function();
      }
    }
    (void)!::write(ends[1], text.data(), text.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text(4096, 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends[0], text.data(), 4096))));
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return text;
}

std::string text_of(const Error& error) {
  return std::string(kind_name(error.kind)) + ": " + error.message;
}

}  // namespace

TEST_CASE("tree watch: names the limit that it met", "[watch]") {
  Watched w;
  for (const char* dir : {"a", "b", "c", "d"}) w.make_dir(dir);
  const auto begin = [&](const std::function<std::string()>& then) {
    w.options.root = w.dir;
    auto result = watch::TreeWatch::start(
        w.loop, w.options, [](const watch::Changes&) {},
        [&](const Error& error) { w.end = error; });
    if (!result) return text_of(result.error());
    w.tree = std::move(*result);
    return then();
  };
  const auto nothing = [] { return std::string("started"); };
  const std::string started = with_limits("100", "100", [&] { return begin(nothing); });
  if (started == "no namespaces") {
    WARN("not allowed here: user namespaces");
    return;
  }
  CHECK(started == "started");
  CHECK(with_limits("3", "100", [&] { return begin(nothing); }) ==
        "limit: watch files: this user has no inotify watch left (user.max_inotify_watches is 3); "
        "root raises it by: sysctl user.max_inotify_watches=524288");
  CHECK(with_limits("100", "0", [&] { return begin(nothing); }) ==
        "limit: watch files: this user has no inotify instance left (user.max_inotify_instances is "
        "0); root raises it by: sysctl user.max_inotify_instances=512");
  // Later, when a directory appears.
  CHECK(with_limits("6", "100", [&] {
          return begin([&] {
            w.make_dir("e/f");
            w.tree->flush();
            w.loop.run();  // nobody waits for anything any more
            return w.end ? text_of(*w.end) : "goes on";
          });
        }).starts_with("limit: watch files: this user has no inotify watch left"));
  // A process without descriptors is another matter.
  CHECK(with_limits("100", "100", [&] {
          const rlimit none{3, 3};
          ::setrlimit(RLIMIT_NOFILE, &none);
          return begin(nothing);
        }) == "limit: watch files: Too many open files");
}
