// ggen.core.hash: stand-in until the real one is merged.
// SPDX-License-Identifier: MIT
#include <lua.hpp>

#include "hash/sha256.h"

namespace ggen::lua {

int open_hash(lua_State* L);

namespace {
int hash_bytes(lua_State* L) {
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(L, 1, &size);
  const std::string hex = hash::sha256({bytes, size}).hex();
  lua_pushlstring(L, hex.data(), hex.size());
  return 1;
}
constexpr luaL_Reg kFunctions[] = {{"bytes", hash_bytes}, {nullptr, nullptr}};
}  // namespace

int open_hash(lua_State* L) {
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
