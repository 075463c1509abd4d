// ggen.core.hash: digests of bytes, files and directories (hash/tree.h). All of it blocks.
// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include <algorithm>
#include <lua.hpp>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/file.h"
#include "hash/sha256.h"
#include "hash/tree.h"
#include "lua/call.h"
#include "lua/values.h"

namespace ggen::lua {

int open_hash(lua_State* L);

namespace {

// What was asked of this module so far: an upvalue that its functions share.
using Stats = hash::TreeStats;

Stats& stats_of(lua_State* L) {
  return *static_cast<Stats*>(lua_touserdata(L, lua_upvalueindex(1)));
}

void count_bytes(lua_State* L, std::uint64_t bytes, std::uint64_t files) {
  Stats& stats = stats_of(L);
  ++stats.lookups;
  stats.files_hashed += files;
  stats.bytes_hashed += bytes;
}

// ---- check ----

std::string_view check_bytes(lua_State* L, int index) {
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(L, index, &size);
  return {bytes, size};
}

std::vector<std::string> check_patterns(lua_State* L, int index) {
  std::vector<std::string> patterns;
  if (lua_isnoneornil(L, index)) return patterns;
  luaL_checktype(L, index, LUA_TTABLE);
  const int count = static_cast<int>(lua_objlen(L, index));
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(L, index, i);
    luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, index, "a list of patterns expected");
    patterns.emplace_back(check_bytes(L, -1));
    lua_pop(L, 1);
  }
  return patterns;
}

// ---- make ----

void push_stats(lua_State* L, const Stats& stats) {
  lua_createtable(L, 0, 4);
  set_field(L, "lookups", static_cast<double>(stats.lookups));
  set_field(L, "hits", static_cast<double>(stats.hits));
  set_field(L, "files_hashed", static_cast<double>(stats.files_hashed));
  set_field(L, "bytes_hashed", static_cast<double>(stats.bytes_hashed));
}

// ---- functions ----

// bytes(text) -> digest
int hash_bytes(lua_State* L) {
  const std::string_view bytes = check_bytes(L, 1);
  const std::string hex = hash::sha256(bytes).hex();
  count_bytes(L, bytes.size(), 0);
  lua_pushlstring(L, hex.data(), hex.size());
  return 1;
}

// file(path) -> digest; follows links
int hash_of_file(lua_State* L) {
  const std::string path(check_bytes(L, 1));
  const auto real = real_path(path);
  if (!real) return push_error(L, real.error());
  const auto result = hash::hash_file(AT_FDCWD, real->c_str());
  if (!result) return push_error(L, result.error());
  count_bytes(L, result->stamp.size, 1);
  const std::string hex = result->digest.hex();
  lua_pushlstring(L, hex.data(), hex.size());
  return 1;
}

// tree(root [, base [, patterns]]) -> { digest, files = { { path, kind, digest }... }, stats = {
// lookups, hits, files_hashed, bytes_hashed } }. The files of the directory `base` of `root` ("":
// root itself) that git does not ignore, or those that the patterns mean. The paths are relative to
// the base, and so is the digest; the kinds are the letters of hash/tree_digest.h.
int hash_tree(lua_State* L) {
  const std::string root(check_bytes(L, 1));
  const std::string base(luaL_optstring(L, 2, ""));
  hash::Tree tree(root, "", std::max(1U, std::thread::hardware_concurrency()));
  const hash::SetId set = tree.add({base, check_patterns(L, 3), {}, false});
  if (auto result = tree.resolve(std::span(&set, 1)); !result) {
    return push_error(L, result.error());
  }
  hash::TreeDigest digest;
  lua_createtable(L, 0, 3);
  lua_createtable(L, static_cast<int>(tree.count(set)), 0);
  int count = 0;
  tree.each(set, [&](const hash::TreeEntry& entry) {
    std::string_view path = entry.path;
    if (!base.empty() && path.starts_with(base + "/")) path.remove_prefix(base.size() + 1);
    digest.add(path, entry.kind, entry.executable, entry.digest);
    lua_createtable(L, 0, 3);
    set_field(L, "path", path);
    const char kind = hash::kind_letter(entry.kind, entry.executable);
    set_field(L, "kind", std::string_view(&kind, 1));
    set_field(L, "digest", entry.digest.hex());
    lua_rawseti(L, -2, ++count);
  });
  lua_setfield(L, -2, "files");
  set_field(L, "digest", digest.finish().hex());
  const Stats stats = tree.stats();
  push_stats(L, stats);
  lua_setfield(L, -2, "stats");
  Stats& all = stats_of(L);
  all.lookups += stats.lookups;
  all.hits += stats.hits;
  all.files_hashed += stats.files_hashed;
  all.bytes_hashed += stats.bytes_hashed;
  return 1;
}

// stats() -> { lookups, hits, files_hashed, bytes_hashed } of all calls so far
int hash_stats(lua_State* L) {
  push_stats(L, stats_of(L));
  return 1;
}

constexpr luaL_Reg kFunctions[] = {{"bytes", hash_bytes},
                                   {"file", hash_of_file},
                                   {"tree", hash_tree},
                                   {"stats", hash_stats},
                                   {nullptr, nullptr}};

}  // namespace

int open_hash(lua_State* L) {
  lua_newtable(L);
  static_assert(std::is_trivially_destructible_v<Stats>);
  new (lua_newuserdata(L, sizeof(Stats))) Stats();
  luaL_setfuncs(L, kFunctions, 1);
  return 1;
}

}  // namespace ggen::lua
