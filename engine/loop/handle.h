// What every owner of a libuv handle stands on: the handle and its callback in one node, and an
// owning pointer that closes first and frees in the close callback. Knows no kind of handle.
// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <utility>

#include "base/bug.h"

namespace ggen::loop {

// A function that may be replaced or dropped by what it calls: it lives until it has returned.
template <class... Args>
class Callback {
 public:
  using Function = std::function<void(Args...)>;

  void set(Function function) { function_ = std::make_shared<Function>(std::move(function)); }
  void reset() { function_.reset(); }
  explicit operator bool() const { return function_ != nullptr; }
  void operator()(Args... args) const {
    if (const auto function = function_) (*function)(args...);
  }

 private:
  std::shared_ptr<Function> function_;
};

template <class T, class... Args>
struct Node {
  T handle{};
  Callback<Args...> callback;

  // For libuv callbacks: the node that a handle belongs to.
  static Node& of(T* handle) { return *static_cast<Node*>(handle->data); }
  uv_handle_t* base() { return reinterpret_cast<uv_handle_t*>(&handle); }
};

// The callback goes at once (nothing fires into the dead), the memory when libuv has let go of it.
template <class N>
struct CloseThenFree {
  void operator()(N* node) const {
    node->callback.reset();
    uv_close(node->base(), [](uv_handle_t* handle) { delete static_cast<N*>(handle->data); });
  }
};

template <class N>
using Handle = std::unique_ptr<N, CloseThenFree<N>>;

// Makes a node and initialises its handle by `init(&handle)`, which returns what uv_*_init does.
// Empty with `code` set when that failed: such a handle must not be closed.
template <class N, class Init>
Handle<N> open_handle(Init init, int& code) {
  auto node = std::make_unique<N>();
  code = init(&node->handle);
  if (code != 0) return nullptr;
  node->handle.data = node.get();
  return Handle<N>(node.release());
}

// For the kinds whose init cannot fail.
template <class N, class Init>
Handle<N> open_handle(Init init) {
  int code = 0;
  auto handle = open_handle<N>(init, code);
  GGEN_BUG_IF(code != 0, uv_strerror(code));
  return handle;
}

}  // namespace ggen::loop
