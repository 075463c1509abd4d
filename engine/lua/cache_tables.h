// The cache and its values as Lua has them: a userdata, and tables.
// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cache/accesses.h"
#include "cache/journal.h"
#include "cache/sweep.h"
#include "cache/verify.h"

namespace ggen::cache {
struct Opened;
}

namespace ggen::lua {

// The userdata that ggen.core.cache is about.
void push_cache(lua_State* L, std::shared_ptr<cache::Opened> opened);

// Each pushes one table; its fields are described at the binding that returns it.
void push_entries(lua_State* L, const cache::Survey& survey, double now);
void push_stats(lua_State* L, const cache::Survey& survey);
void push_accesses(lua_State* L, const cache::Accesses& accesses);
void push_swept(lua_State* L, const cache::Swept& swept);
void push_verified(lua_State* L, const cache::Verified& verified);
void push_eviction(lua_State* L, const cache::Record& record);

// The victims at `indices` (a list of numbers from 1), each with the reason of the same place in
// the list at `reasons` (which may be nil).
std::vector<cache::Victim> check_victims(lua_State* L, int indices, int reasons,
                                         std::size_t entries);

}  // namespace ggen::lua
