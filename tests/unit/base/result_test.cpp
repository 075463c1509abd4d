// SPDX-License-Identifier: MIT
#include "base/result.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <memory>

using namespace ggen;

namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return Error{ErrorKind::invalid, "odd"};
  return n / 2;
}

Result<int> quarter(int n) {
  GGEN_TRY_ASSIGN(const int once, half(n));
  return half(once);
}

Result<void> check_even(int n) {
  GGEN_TRY(half(n));
  return {};
}

}  // namespace

TEST_CASE("a result holds a value or an error") {
  CHECK(*half(4) == 2);
  CHECK(half(3).error().message == "odd");
  CHECK(half(3).error().kind == ErrorKind::invalid);
}

TEST_CASE("TRY hands the first failure up") {
  CHECK(*quarter(8) == 2);
  CHECK_FALSE(quarter(6).has_value());
  CHECK(check_even(2).has_value());
  CHECK(check_even(3).error().message == "odd");
}

TEST_CASE("a result can hold what only moves") {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = std::move(result).value();
  CHECK(*taken == 7);
}

TEST_CASE("errors gain context on the way up") {
  auto error = Error::from_errno(ENOENT, "open x.toml").with_context("cannot load pipeline 'site'");
  CHECK(error.kind == ErrorKind::not_found);
  CHECK(error.message == "cannot load pipeline 'site': open x.toml: No such file or directory");
}

TEST_CASE("every errno that we meet has a kind") {
  CHECK(kind_of_errno(EACCES) == ErrorKind::permission);
  CHECK(kind_of_errno(EEXIST) == ErrorKind::exists);
  CHECK(kind_of_errno(ENOSPC) == ErrorKind::limit);
  CHECK(kind_of_errno(EIO) == ErrorKind::io);
  CHECK(kind_name(kind_of_errno(ETIMEDOUT)) == "timeout");
}
