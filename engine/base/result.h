// What a fallible function returns. Result<T> has the member names of std::expected, so that it
// can become an alias of it once our compilers have it. Knows no folder of the engine.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/bug.h"

namespace ggen {

// The closed set of ways in which the world refuses. Lua sees the name (kind_name).
enum class ErrorKind { not_found, permission, exists, io, invalid, timeout, cancelled, limit };

std::string_view kind_name(ErrorKind kind);

// The kind that an errno value belongs to; `io` for everything without a better one.
ErrorKind kind_of_errno(int code);

struct Error {
  ErrorKind kind = ErrorKind::io;
  std::string message;

  // "open x.toml: No such file or directory", with the kind taken from the errno value.
  static Error from_errno(int code, std::string_view action);

  // Adds what was being done, on the way up: "cannot load pipeline 'site': <message>".
  Error with_context(std::string_view context) &&;
};

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    GGEN_BUG_IF(!has_value(), "value() of a failed Result");
    return std::get<0>(state_);
  }
  const T& value() const& { return const_cast<Result*>(this)->value(); }
  T&& value() && { return std::move(value()); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & {
    GGEN_BUG_IF(has_value(), "error() of a Result that succeeded");
    return std::get<1>(state_);
  }
  const Error& error() const& { return const_cast<Result*>(this)->error(); }
  Error&& error() && { return std::move(error()); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}

  bool has_value() const { return !failed_; }
  explicit operator bool() const { return has_value(); }
  Error& error() & {
    GGEN_BUG_IF(!failed_, "error() of a Result that succeeded");
    return error_;
  }
  const Error& error() const& { return const_cast<Result*>(this)->error(); }
  Error&& error() && { return std::move(error()); }

 private:
  Error error_;
  bool failed_ = false;
};

}  // namespace ggen

// Hands a failure to the caller.
#define GGEN_TRY(expr)                                   \
  do {                                                   \
    if (auto ggen_try_result = (expr); !ggen_try_result) \
      return std::move(ggen_try_result).error();         \
  } while (false)

#define GGEN_CONCAT_INNER(a, b) a##b
#define GGEN_CONCAT(a, b) GGEN_CONCAT_INNER(a, b)

// GGEN_TRY_ASSIGN(auto x, f()): declares x with the value, or hands the failure to the caller.
#define GGEN_TRY_ASSIGN(target, expr) \
  GGEN_TRY_ASSIGN_INNER(GGEN_CONCAT(ggen_try_, __LINE__), target, expr)
#define GGEN_TRY_ASSIGN_INNER(name, target, expr) \
  auto name = (expr);                             \
  if (!name) return std::move(name).error();      \
  target = std::move(name).value()
