// The cache's values as Lua tables, for bind_cache.cpp.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>
#include <span>
#include <string>
#include <vector>

#include "cache/accesses.h"
#include "cache/journal.h"
#include "cache/sweep.h"
#include "cache/verify.h"

namespace ggen::lua {

// Each pushes one table; its fields are described at the binding that returns it.
void push_texts(lua_State* L, std::span<const std::string> texts);
void push_entries(lua_State* L, const cache::Survey& survey, double now);
void push_stats(lua_State* L, const cache::Survey& survey);
void push_accesses(lua_State* L, const cache::Accesses& accesses);
void push_swept(lua_State* L, const cache::Swept& swept);
void push_verified(lua_State* L, const cache::Verified& verified);
void push_evictions(lua_State* L, std::span<const Digest> keys,
                    std::span<const cache::Record> records);

void push_group(lua_State* L, const cache::Group& group);
cache::Group check_group(lua_State* L, int index);

// The records in the list at `index`: { { op =, key =, task =, time =, bytes =, duration = }, ...
// }.
std::vector<cache::Record> check_records(lua_State* L, int index);

// The victims at `indices` (a list of numbers from 1), each with the reason of the same place in
// the list at `reasons` (which may be nil).
std::vector<cache::Victim> check_victims(lua_State* L, int indices, int reasons,
                                         std::size_t entries);

}  // namespace ggen::lua
