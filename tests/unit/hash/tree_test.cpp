// SPDX-License-Identifier: MIT
#include "hash/tree.h"

#include <unistd.h>

#include "hash/sha256.h"
#include "project.h"

using namespace ggen;
using namespace ggen::hash;
using ggen::test::Lines;
using ggen::test::Project;

TEST_CASE("A set without patterns is every file that git does not ignore", "[hash][tree]") {
  Project p;
  p.write(".gitignore", "*.o\n/build/\n!keep.o\n");
  p.write("a.c", "a");
  p.write("a.o", "o");
  p.write("keep.o", "k");
  p.write("build/x", "x");
  p.write("sub/build/y", "y");
  p.write("sub/.gitignore", "*.tmp\n");
  p.write("sub/z.tmp", "z");
  p.write("z.tmp", "z");
  p.write(".git/config", "c");
  p.write("sub/.ggen/state", "s");
  p.link("ln", "a.c");
  CHECK(p.list(SetSpec{}) == Lines{"f .gitignore", "f a.c", "f keep.o", "l ln", "f sub/.gitignore",
                                   "f sub/build/y", "f z.tmp"});
  CHECK(p.list(SetSpec{"sub", {}, {}, false}) == Lines{"f sub/.gitignore", "f sub/build/y"});
}

TEST_CASE("Paths are sorted by their bytes, not directory by directory", "[hash][tree]") {
  Project p;
  for (const char* name : {"a/x", "a.b/y", "a-b", "a.c", "a0", "a.b.c", "a!/q/r", "a.b/a"}) {
    p.write(name, name);
  }
  auto lines = p.list(SetSpec{});
  auto sorted = lines;
  std::sort(sorted.begin(), sorted.end());
  CHECK(lines == sorted);
  CHECK(lines.size() == 8);
}

TEST_CASE("A set's digest is the tree digest of its entries", "[hash][tree]") {
  Project p;
  p.write("b", "bee");
  p.write("a", "ay");
  REQUIRE(::chmod(p.path("a").c_str(), 0755) == 0);
  p.link("c", "nowhere");
  const SetId id = p.resolved({});
  TreeDigest expected;
  expected.add("a", EntryKind::file, true, sha256("ay"));
  expected.add("b", EntryKind::file, false, sha256("bee"));
  expected.add("c", EntryKind::link, false, sha256("nowhere"));
  CHECK(p.tree->digest(id) == expected.finish());
  CHECK(p.tree->count(id) == 3);
}

TEST_CASE("Globs do not see what git ignores, literals do", "[hash][tree]") {
  Project p;
  p.write(".gitignore", "node_modules\n*.log\n");
  p.write("src/a.c", "");
  p.write("src/a.log", "");
  p.write("node_modules/m/i.js", "");
  p.write("node_modules/m/i.log", "");
  CHECK(p.list(Lines{"**"}) == Lines{"f .gitignore", "f src/a.c"});
  CHECK(p.list(Lines{"src/*"}) == Lines{"f src/a.c"});
  CHECK(p.list(Lines{"src/a.log"}) == Lines{"f src/a.log"});
  CHECK(p.list(Lines{"src"}) == Lines{"f src/a.c"});
  CHECK(p.list(Lines{"node_modules"}) == Lines{"f node_modules/m/i.js", "f node_modules/m/i.log"});
  CHECK(p.list(Lines{"node_modules/**/*.js"}) == Lines{"f node_modules/m/i.js"});
  CHECK(p.list(Lines{"**/*.js"}).empty());
  CHECK(p.list(Lines{"src/**", "src/a.log"}) == Lines{"f src/a.c", "f src/a.log"});
}

TEST_CASE("Later patterns take out what earlier ones took in", "[hash][tree]") {
  Project p;
  for (const char* name : {"src/a.c", "src/a.md", "src/gen/b.c", "src/gen/k.c"}) p.write(name, "");
  CHECK(p.list(Lines{"src/**", "!**/*.md"}) ==
        Lines{"f src/a.c", "f src/gen/b.c", "f src/gen/k.c"});
  CHECK(p.list(Lines{"src/**", "!src/gen", "!src/*.md"}) == Lines{"f src/a.c"});
  CHECK(p.list(Lines{"src/**", "!src/gen/**", "src/gen/k.c"}) ==
        Lines{"f src/a.c", "f src/a.md", "f src/gen/k.c"});
  CHECK(p.list(SetSpec{"src", {}, {"gen", "*.md"}, false}) == Lines{"f src/a.c"});
  CHECK(p.list(SetSpec{"src", {"./*.c", "../src/gen/b.c"}, {}, false}) ==
        Lines{"f src/a.c", "f src/gen/b.c"});
}

TEST_CASE("A missing literal is an entry, and its appearance is noticed", "[hash][tree]") {
  Project p;
  p.write("a", "");
  const Lines patterns{"deep/er/file", "a", "other"};
  CHECK(p.list(patterns) == Lines{"f a", "- deep/er/file", "- other"});
  p.pass_tick();
  p.tree->new_epoch();
  p.resolved({"", patterns, {}, false});
  p.save_and_reopen();
  CHECK(p.tree->verify_all());
  SECTION("the file") {
    p.write("other", "");
    p.reopen();
    CHECK_FALSE(p.tree->verify_all());
    CHECK(p.list(patterns) == Lines{"f a", "- deep/er/file", "f other"});
  }
  SECTION("a parent and then the file") {
    p.make_dir("deep");
    p.reopen();
    CHECK_FALSE(p.tree->verify_all());
    p.resolved({"", patterns, {}, false});
    p.save_and_reopen();
    CHECK(p.tree->verify_all());
    p.write("deep/er/file", "x");
    p.reopen();
    CHECK_FALSE(p.tree->verify_all());
    CHECK(p.list(patterns) == Lines{"f a", "f deep/er/file", "- other"});
  }
}

TEST_CASE("A few small files are quick, what may be many files or bytes is not", "[hash][tree]") {
  Project project;
  project.write("a", "small");
  project.write("src/b", "small");
  const SetId file = project.resolved({"", {"a"}, {}});
  const SetId glob = project.resolved({"", {"src/*"}, {}});
  const SetId none = project.resolved({"", {"none/*"}, {}});
  const SetId missing = project.resolved({"", {"made"}, {}, true});
  const auto is_quick = [&](SetId set) {
    project.tree->new_epoch();
    return project.tree->is_quick(std::span(&set, 1));
  };
  CHECK(is_quick(file));
  CHECK(is_quick(glob));
  CHECK_FALSE(is_quick(none));
  CHECK(is_quick(missing));
  project.write("made/c", "a directory in the place of a file may hold anything");
  CHECK_FALSE(is_quick(missing));
  project.write("a", std::string(1024 * 1024, 'a'));
  CHECK_FALSE(is_quick(file));
  project.resolved({"", {"a"}, {}});
  CHECK(is_quick(glob));
  for (int i = 0; i < 100; ++i) project.write("src/" + std::to_string(i), "");
  project.tree->new_epoch();
  project.resolved({"", {"src/*"}, {}});
  CHECK_FALSE(is_quick(glob));
}

TEST_CASE("What was looked at is looked at again only where somebody asks for it", "[hash][tree]") {
  Project project;
  project.write("out/a", "before");
  const SetId set = project.resolved({"", {"out"}, {}, true});
  const ggen::Digest before = project.tree->digest(set);
  project.write("out/a", "what another run made");
  REQUIRE(project.tree->resolve(std::span(&set, 1)));
  CHECK(project.tree->digest(set) == before);
  REQUIRE(project.tree->resolve_again(std::span(&set, 1)));
  CHECK(project.tree->digest(set) != before);
}

TEST_CASE("Outputs see everything, whole directories and empty ones", "[hash][tree]") {
  Project p;
  p.write(".gitignore", "dist\n");
  p.write("dist/a", "");
  p.write("dist/sub/b", "");
  p.make_dir("dist/empty");
  p.make_dir("none");
  CHECK(p.list(SetSpec{"", {"dist"}, {}, true}) ==
        Lines{"f dist/a", "d dist/empty", "f dist/sub/b"});
  CHECK(p.list(SetSpec{"", {"dist/*"}, {}, true}) ==
        Lines{"f dist/a", "d dist/empty", "f dist/sub/b"});
  CHECK(p.list(SetSpec{"", {"dist/s*"}, {}, true}) == Lines{"f dist/sub/b"});
  CHECK(p.list(SetSpec{"", {"none", "gone"}, {}, true}) == Lines{"- gone", "d none"});
}

TEST_CASE("Nothing moved: verify_all says so, and nothing is hashed again", "[hash][tree]") {
  Project p;
  for (int i = 0; i < 50; ++i) p.write("d" + std::to_string(i % 5) + "/f" + std::to_string(i), "x");
  p.pass_tick();
  const SetId id = p.resolved({});
  const Digest digest = p.tree->digest(id);
  CHECK(p.tree->stats().files_hashed == 50);
  p.save_and_reopen();
  // .ggen was made meanwhile, in the root.
  p.resolved({});
  p.save_and_reopen();
  CHECK(p.tree->verify_all());
  const SetId again = p.resolved({});
  CHECK(p.tree->digest(again) == digest);
  CHECK(p.tree->stats().files_hashed == 0);
  CHECK(p.tree->stats().hits == 50);
  CHECK(p.tree->stats().dirs_listed == 0);
}

TEST_CASE("Every change to a file is seen by the next run", "[hash][tree]") {
  Project p;
  p.write("d/a", "1111");
  p.write("d/b", "2222");
  p.write(".gitignore", "*.tmp\n");
  p.write("d/i.tmp", "");
  p.pass_tick();
  const Digest before = p.tree->digest(p.resolved({}));
  p.save_and_reopen();
  p.resolved({});
  p.save_and_reopen();
  REQUIRE(p.tree->verify_all());
  bool same = false;
  SECTION("content") { p.write("d/a", "1112"); }
  SECTION("content with the old size and mtime") {
    struct stat old {};
    REQUIRE(::stat(p.path("d/a").c_str(), &old) == 0);
    p.write("d/a", "1113");
    const struct timespec times[] = {old.st_atim, old.st_mtim};
    REQUIRE(::utimensat(AT_FDCWD, p.path("d/a").c_str(), times, 0) == 0);
  }
  SECTION("executable") { REQUIRE(::chmod(p.path("d/a").c_str(), 0755) == 0); }
  SECTION("removed") { p.remove("d/a"); }
  SECTION("added") { p.write("d/c", ""); }
  SECTION("renamed") { REQUIRE(rename_path(p.path("d/a"), p.path("d/c"))); }
  SECTION("a directory in its place") {
    p.remove("d/a");
    p.write("d/a/x", "1111");
  }
  SECTION("a link in its place") {
    p.remove("d/a");
    p.link("d/a", "b");
  }
  SECTION("no longer ignored") { p.write(".gitignore", "*.tmq\n"); }
  SECTION("its directory is gone") { p.remove("d"); }
  SECTION("touched") {
    REQUIRE(::utimensat(AT_FDCWD, p.path("d/a").c_str(), nullptr, 0) == 0);
    same = true;
  }
  SECTION("an ignored file") {
    p.write("d/j.tmp", "");
    same = true;
  }
  p.reopen();
  CHECK_FALSE(p.tree->verify_all());
  CHECK((p.tree->digest(p.resolved({})) == before) == same);
  // And back to quiet.
  p.pass_tick();
  p.save_and_reopen();
  p.resolved({});
  p.save_and_reopen();
  CHECK(p.tree->verify_all());
}

TEST_CASE("recheck sees what moved, even if it moved back", "[hash][tree]") {
  Project p;
  p.write("in/a", "one");
  p.write("in/b", "two");
  p.write("out/x", "");
  const SetSpec spec{"", {"in/**"}, {}, false};
  const SetId id = p.resolved(spec);
  REQUIRE(p.tree->settle(std::span(&id, 1)));
  CHECK_FALSE(p.tree->racy(id));
  const Mark mark = p.tree->mark(id);
  const Digest digest = p.tree->digest(id);
  CHECK(p.tree->recheck(id, mark));
  SECTION("nothing") {
    p.write("out/y", "");
    CHECK(p.tree->recheck(id, mark));
  }
  SECTION("edited and reverted") {
    p.write("in/a", "three");
    p.write("in/a", "one");
    CHECK_FALSE(p.tree->recheck(id, mark));
    p.tree->new_epoch();
    p.resolved(spec);
    CHECK(p.tree->digest(id) == digest);
  }
  SECTION("written in place and back") {
    const int fd = ::open(p.path("in/a").c_str(), O_WRONLY);
    REQUIRE(::pwrite(fd, "onE", 3, 0) == 3);
    REQUIRE(::pwrite(fd, "one", 3, 0) == 3);
    ::close(fd);
    CHECK_FALSE(p.tree->recheck(id, mark));
  }
  SECTION("came") {
    p.write("in/c", "");
    CHECK_FALSE(p.tree->recheck(id, mark));
  }
  SECTION("went") {
    p.remove("in/b");
    CHECK_FALSE(p.tree->recheck(id, mark));
  }
}

TEST_CASE("What came and went leaves its trace in the directory", "[hash][tree]") {
  Project p;
  p.write("in/a", "one");
  p.write("in/deep/b", "two");
  p.write("out/x", "");
  const SetId id = p.resolved({"", {"in/**"}, {}, false});
  SECTION("a listing that may change unseen is waited for, but not where somebody writes") {
    p.pass_tick();
    p.write("in/deep/new", "");
    p.pass_tick();  // the file is not racy, its directory is
    p.remove("in/deep/new");
    p.tree->new_epoch();
    p.resolved({"", {"in/**"}, {}, false});
    const bool expected = GENERATE(false, true);
    if (expected)
      p.tree->expect_writes([] { return std::vector{SetSpec{"", {"in/deep/*.o"}, {}, true}}; });
    CHECK(p.tree->racy(id) == !expected);
    REQUIRE(p.tree->settle(std::span(&id, 1)));
    CHECK_FALSE(p.tree->racy(id));
  }
  SECTION("is told") {
    const bool expected = GENERATE(false, true);
    if (expected)
      p.tree->expect_writes([] { return std::vector{SetSpec{"", {"in/deep/b.o"}, {}, true}}; });
    REQUIRE(p.tree->settle(std::span(&id, 1)));
    const Mark mark = p.tree->mark(id);
    CHECK(p.tree->recheck(id, mark));
    CHECK_FALSE(p.tree->stirred(id, mark));
    p.write("out/y", "");
    p.remove("out/y");
    CHECK(p.tree->recheck(id, mark));
    CHECK_FALSE(p.tree->stirred(id, mark));
    p.write("in/deep/c", "");
    p.remove("in/deep/c");
    CHECK(p.tree->recheck(id, mark));
    CHECK(p.tree->stirred(id, mark) ==
          (expected ? std::nullopt : std::optional<std::string>("in/deep")));
    // It is history for those who come later.
    CHECK_FALSE(p.tree->stirred(id, p.tree->mark(id)));
  }
}

TEST_CASE("What cannot be read is an error of its set alone", "[hash][tree]") {
  if (::geteuid() == 0) return;  // root reads everything
  Project p;
  p.write("good/a", "");
  p.write("bad/b", "");
  REQUIRE(::chmod(p.path("bad/b").c_str(), 0) == 0);
  const SetId sets[] = {p.tree->add({"good", {}, {}, false}), p.tree->add({"bad", {}, {}, false})};
  const auto result = p.tree->resolve(sets);
  REQUIRE_FALSE(result);
  CHECK(result.error().message.find("bad") != std::string::npos);
  CHECK(p.tree->problem(sets[0]) == nullptr);
  CHECK(p.tree->problem(sets[1]) != nullptr);
}

TEST_CASE("Malformed patterns and odd files are errors that name them", "[hash][tree]") {
  Project p;
  REQUIRE(::mkfifo(p.path("pipe").c_str(), 0600) == 0);
  p.write("a", "");
  CHECK(p.list(SetSpec{}) == Lines{"f a"});
  SetId id = p.tree->add({"", {"pipe"}, {}, false});
  CHECK(p.tree->resolve(std::span(&id, 1)).error().message.find("pipe") != std::string::npos);
  id = p.tree->add({"", {"a["}, {}, false});
  CHECK(p.tree->resolve(std::span(&id, 1)).error().kind == ErrorKind::invalid);
}

TEST_CASE("Files outside of the root have a place too", "[hash][tree]") {
  Project p;
  p.write("proj/a", "");
  p.write("shared/x.h", "x");
  p.write("shared/y.c", "y");
  Tree tree(p.path("proj"), p.path("proj/.ggen/index/files"), 1);
  const SetId sets[] = {tree.add({"", {"../shared/*.h"}, {}, false}),
                        tree.add({p.path("shared"), {"y.c"}, {}, false}),
                        tree.add({p.path("proj"), {"a"}, {}, false})};
  REQUIRE(tree.resolve(sets));
  Lines lines;
  for (const SetId id : sets) {
    tree.each(id, [&](const TreeEntry& entry) { lines.emplace_back(entry.path); });
  }
  CHECK(lines == Lines{"../shared/x.h", p.path("shared/y.c"), "a"});
}

TEST_CASE("Notes live as long as what the index says", "[hash][tree]") {
  Project p;
  p.write("d/a", "");
  const SetSpec spec{"d", {}, {}, false};
  p.resolved(spec);
  p.tree->set_note("memo", std::string("by\0tes", 6));
  p.tree->set_note("other", "");
  p.save_and_reopen();
  CHECK(p.tree->note("memo") == std::string_view("by\0tes", 6));
  CHECK(p.tree->note("other") == std::string_view());
  CHECK_FALSE(p.tree->note("none"));

  REQUIRE(p.tree->verify_all());
  CHECK(p.tree->intact());
  p.tree->set_note("memo", "new");
  p.save_and_reopen();
  CHECK(p.tree->note("memo") == std::string_view("new"));
  CHECK(p.tree->note("other") == std::string_view());

  // Something else is looked at: what was known still stands.
  REQUIRE(p.tree->verify_all());
  p.write("e/b", "");
  p.resolved({"e", {}, {}, false});
  CHECK(p.tree->intact());
  p.save_and_reopen();
  CHECK(p.tree->verify_all());
  CHECK(p.tree->note("other") == std::string_view());

  SECTION("a file is seen to move in the run") {
    p.write("d/a", "x");
    p.tree->new_epoch();
    p.resolved(spec);
    CHECK_FALSE(p.tree->intact());
    p.save_and_reopen();
    CHECK(p.tree->verify_all());
    CHECK_FALSE(p.tree->note("other"));
  }
  SECTION("a file moved before the run") {
    p.write("d/a", "x");
    p.reopen();
    CHECK_FALSE(p.tree->verify_all());
    // Only the other set is resolved: the index speaks for it alone from then on.
    p.resolved({"e", {}, {}, false});
    p.tree->set_note("memo", "e");
    p.save_and_reopen();
    CHECK(p.tree->verify_all());
    CHECK_FALSE(p.tree->note("other"));
    CHECK(p.tree->note("memo") == std::string_view("e"));
  }
}

TEST_CASE("What was learned is not read in the same epoch", "[hash][tree]") {
  Project p;
  p.write("out/a", "1");
  struct stat info {};
  REQUIRE(::stat(p.path("out/a").c_str(), &info) == 0);
  p.tree->learn("out/a", Stamp::of(info), sha256("1"));
  CHECK(p.list(SetSpec{"", {"out"}, {}, true}) == Lines{"f out/a"});
  CHECK(p.tree->stats().files_hashed == 0);
  p.tree->new_epoch();
  p.resolved({"", {"out"}, {}, true});
  CHECK(p.tree->stats().files_hashed == 1);
}

TEST_CASE("Same spec, same id", "[hash][tree]") {
  Project p;
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t i = 0; i < 1000; ++i) {
      CHECK(p.tree->add({"d", {"f" + std::to_string(i / 2)}, {}, i % 2 != 0}) == SetId{i * 2});
      CHECK(p.tree->add({"d", {"*.c"}, {"f" + std::to_string(i)}, false}) == SetId{i * 2 + 1});
    }
  }
}

TEST_CASE("A set by stamp is not read, and moves with size and mtime", "[hash][tree]") {
  Project p;
  p.write("d/a", "1");
  const SetSpec by_stamp{"", {"d/**", "d/none"}, {}, false, true};
  const SetSpec one{"", {"d/a"}, {}, false, true};
  const SetId id = p.resolved(by_stamp), alone = p.resolved(one);
  const Digest digest = p.tree->digest(id), digest_alone = p.tree->digest(alone);
  CHECK(p.list(id) == Lines{"f d/a", "- d/none"});
  CHECK(p.tree->stats().files_hashed == 0);
  // Another set wants to know the content, in the same walk or later.
  const SetSpec content{"", {"d/**"}, {}, false};
  CHECK(p.tree->digest(p.resolved(content)) != digest);
  CHECK(p.tree->stats().files_hashed == 1);

  struct stat old {};
  REQUIRE(::stat(p.path("d/a").c_str(), &old) == 0);
  p.write("d/a", "2");
  const struct timespec times[] = {old.st_atim, old.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, p.path("d/a").c_str(), times, 0) == 0);
  p.tree->new_epoch();
  const SetId all[] = {id, alone, p.tree->add(content)};
  REQUIRE(p.tree->resolve(all));
  CHECK(p.tree->digest(id) == digest);
  CHECK(p.tree->digest(alone) == digest_alone);
  TreeDigest expected;
  expected.add("d/a", EntryKind::file, false, sha256("2"));
  CHECK(p.tree->digest(all[2]) == expected.finish());
  p.write("d/a", "22");
  p.reopen();
  p.resolved(by_stamp);
  p.save_and_reopen();
  CHECK(p.tree->verify_all());
  CHECK(p.tree->digest(p.resolved(by_stamp)) != digest);
  CHECK(p.tree->digest(p.resolved(one)) != digest_alone);
}
