// A vector whose index is an id type of its own, so that a task's number can never be used where a
// pool's is meant. Knows nothing of what the ids name.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace ggen::graph {

// Ids count from 0 in the order of declaration. (Lua sees them from 1.)
enum class TaskId : std::uint32_t {};
enum class PoolId : std::uint32_t {};

template <class Id>
constexpr std::size_t index_of(Id id) {
  return static_cast<std::size_t>(id);
}

template <class Id, class T>
class DenseMap {
 public:
  DenseMap() = default;
  explicit DenseMap(std::size_t size, T value = T{}) : items_(size, value) {}
  explicit DenseMap(std::vector<T> items) : items_(std::move(items)) {}

  T& operator[](Id id) { return items_[index_of(id)]; }
  const T& operator[](Id id) const { return items_[index_of(id)]; }

  Id push(T value) {
    items_.push_back(std::move(value));
    return static_cast<Id>(items_.size() - 1);
  }
  bool contains(Id id) const { return index_of(id) < items_.size(); }
  std::size_t size() const { return items_.size(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

 private:
  std::vector<T> items_;
};

}  // namespace ggen::graph
