// Finds the tasks of a graph by their names. A table of its own, because most runs ask for few
// names or none.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace ggen::graph {

class NameIndex {
 public:
  // Of the tasks that the graph has now. The graph outlives the index.
  explicit NameIndex(const Graph& graph);

  // Of several tasks of one name the first.
  std::optional<TaskId> find(std::string_view name) const;
  // How many tasks it knows.
  std::size_t size() const { return size_; }

 private:
  std::size_t slot_of(std::string_view name) const;

  const Graph& graph_;
  std::size_t size_;
  std::vector<std::uint32_t> slots_;  // id + 1; 0 is free; a power of two of them
};

}  // namespace ggen::graph
