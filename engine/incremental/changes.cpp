// SPDX-License-Identifier: MIT
#include "incremental/changes.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

namespace ggen::incremental {

namespace {

// The n-th part of a kind and name: a plugin may add several under one name.
using Place = std::tuple<std::string_view, std::string_view, std::size_t>;

std::vector<Place> places_of(std::span<const Part> parts) {
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> counts;
  std::vector<Place> places;
  places.reserve(parts.size());
  for (const Part& part : parts) {
    places.emplace_back(part.kind, part.name, counts[{part.kind, part.name}]++);
  }
  return places;
}

// Where nothing came and nothing went, what stands in the same place belongs together.
std::vector<Change> changed_values(std::span<const Part> before, std::span<const Part> after) {
  std::vector<Change> found;
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (before[i].value != after[i].value)
      found.push_back({after[i].kind, after[i].name, before[i].value, after[i].value});
  }
  return found;
}

}  // namespace

std::vector<Change> changes(std::span<const Part> before, std::span<const Part> after) {
  const auto same_place = [](const Part& a, const Part& b) {
    return a.kind == b.kind && a.name == b.name;
  };
  if (std::equal(before.begin(), before.end(), after.begin(), after.end(), same_place))
    return changed_values(before, after);
  const std::vector<Place> old_places = places_of(before);
  const std::vector<Place> new_places = places_of(after);
  std::map<Place, std::size_t> old_index, new_index;
  for (std::size_t i = 0; i < before.size(); ++i) old_index[old_places[i]] = i;
  for (std::size_t i = 0; i < after.size(); ++i) new_index[new_places[i]] = i;

  std::vector<Change> found;
  for (std::size_t i = 0; i < after.size(); ++i) {
    const Part& part = after[i];
    const auto old = old_index.find(new_places[i]);
    if (old == old_index.end())
      found.push_back({part.kind, part.name, std::nullopt, part.value});
    else if (before[old->second].value != part.value)
      found.push_back({part.kind, part.name, before[old->second].value, part.value});
  }
  for (std::size_t i = 0; i < before.size(); ++i) {
    const Part& part = before[i];
    if (!new_index.contains(old_places[i]))
      found.push_back({part.kind, part.name, part.value, std::nullopt});
  }
  return found;
}

}  // namespace ggen::incremental
