// SPDX-License-Identifier: MIT
#include "state/checkout.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "base/file.h"

using ggen::state::Checkout;
using ggen::state::find_checkout;

namespace {

const std::string kCommit(40, 'a');
const std::string kOther(40, 'b');

class Repository {
 public:
  Repository() : path_(*ggen::make_temp_dir("/tmp", "ggen-checkout-")) {}
  ~Repository() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }
  void write(const std::string& name, const std::string& bytes) const {
    const std::filesystem::path file = path_ + "/" + name;
    std::filesystem::create_directories(file.parent_path());
    REQUIRE(ggen::write_file(file, bytes));
  }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("checkout: a branch, from within the tree", "[state]") {
  const Repository repository;
  repository.write(".git/HEAD", "ref: refs/heads/feature/x\n");
  repository.write(".git/refs/heads/feature/x", kCommit + "\n");
  repository.write("deep/down/file", "");
  CHECK(find_checkout(repository.path() + "/deep/down") == Checkout{kCommit, "feature/x"});
  CHECK(find_checkout(repository.path() + "/") == Checkout{kCommit, "feature/x"});
}

TEST_CASE("checkout: a commit without a branch", "[state]") {
  const Repository repository;
  repository.write(".git/HEAD", kCommit + "\n");
  CHECK(find_checkout(repository.path()) == Checkout{kCommit, ""});
}

TEST_CASE("checkout: packed references, whose names end as they should", "[state]") {
  const Repository repository;
  repository.write(".git/HEAD", "ref: refs/heads/main\n");
  repository.write(".git/packed-refs", "# pack-refs with: peeled fully-peeled sorted \n" + kOther +
                                           " refs/heads/main2\n" + kOther +
                                           " refs/remotes/refs/heads/main\n" + kCommit +
                                           " refs/heads/main\n^" + kOther + "\n");
  CHECK(find_checkout(repository.path()) == Checkout{kCommit, "main"});
  repository.write(".git/refs/heads/main", kOther + "\n");
  CHECK(find_checkout(repository.path()) == Checkout{kOther, "main"});
}

TEST_CASE("checkout: one of several working trees", "[state]") {
  const Repository repository;
  repository.write("main/.git/HEAD", "ref: refs/heads/main\n");
  repository.write("main/.git/refs/heads/side", kCommit + "\n");
  repository.write("main/.git/worktrees/side/HEAD", "ref: refs/heads/side\n");
  repository.write("main/.git/worktrees/side/commondir", "../..\n");
  repository.write("side/.git", "gitdir: ../main/.git/worktrees/side\n");
  CHECK(find_checkout(repository.path() + "/side") == Checkout{kCommit, "side"});
  repository.write("side/.git", "gitdir: " + repository.path() + "/main/.git/worktrees/side\n");
  CHECK(find_checkout(repository.path() + "/side") == Checkout{kCommit, "side"});
}

TEST_CASE("checkout: no commit yet, and references that lead nowhere", "[state]") {
  const Repository repository;
  repository.write(".git/HEAD", "ref: refs/heads/main\n");
  CHECK(find_checkout(repository.path()) == Checkout{"", "main"});
  repository.write(".git/HEAD", "ref: refs/../../secret\n");
  CHECK(find_checkout(repository.path()) == Checkout{"", ""});
  repository.write(".git/HEAD", "ref: refs/heads/a\n");
  repository.write(".git/refs/heads/a", "ref: refs/heads/a\n");
  CHECK(find_checkout(repository.path()) == Checkout{"", "a"});
  repository.write(".git/HEAD", std::string(100000, 'x'));
  CHECK(find_checkout(repository.path()) == Checkout{"", ""});
}

TEST_CASE("checkout: outside of a repository", "[state]") {
  const Repository none;
  CHECK_FALSE(find_checkout(none.path()).has_value());
}
