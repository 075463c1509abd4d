// SPDX-License-Identifier: MIT
#include "graph/name_index.h"

#include <bit>
#include <functional>

namespace ggen::graph {

NameIndex::NameIndex(const Graph& graph)
    : graph_(graph), size_(graph.size()), slots_(std::bit_ceil(2 * graph.size() + 1), 0) {
  for (std::size_t i = 0; i < size_; ++i) {
    const std::size_t slot = slot_of(graph.name(static_cast<TaskId>(i)));
    if (slots_[slot] == 0) slots_[slot] = static_cast<std::uint32_t>(i) + 1;
  }
}

std::optional<TaskId> NameIndex::find(std::string_view name) const {
  const std::uint32_t found = slots_[slot_of(name)];
  if (found == 0) return std::nullopt;
  return static_cast<TaskId>(found - 1);
}

// Where the name is, or the free place where it would be.
std::size_t NameIndex::slot_of(std::string_view name) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = std::hash<std::string_view>{}(name)&mask;
  while (slots_[slot] != 0 && graph_.name(static_cast<TaskId>(slots_[slot] - 1)) != name)
    slot = (slot + 1) & mask;
  return slot;
}

}  // namespace ggen::graph
