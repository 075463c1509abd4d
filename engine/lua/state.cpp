// SPDX-License-Identifier: MIT
#include "lua/state.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/bug.h"
#include "base/inflate.h"
#include "lua/modules.h"

namespace ggen::lua {

namespace {

const char kMainStateKey = 0;

const EmbeddedModule* find_module(std::span<const EmbeddedModule> modules, std::string_view name) {
  auto it = std::lower_bound(
      modules.begin(), modules.end(), name,
      [](const EmbeddedModule& module, std::string_view key) { return module.name < key; });
  return it != modules.end() && it->name == name ? &*it : nullptr;
}

// For tests and whoever wonders: which modules a run had to inflate.
void tell_inflated(const char* name) {
  if (std::getenv("GGEN_TELL_INFLATED") != nullptr) std::fprintf(stderr, "inflated %s\n", name);
}

// Pushes the chunk of a module, or a message; returns what luaL_loadbuffer returns.
int load_module(lua_State* L, const EmbeddedModule& module, const char* bytes) {
  std::string_view code(bytes + module.offset, module.packed);
  std::unique_ptr<char[]> inflated;
  if (module.packed < module.size) {
    inflated = std::make_unique_for_overwrite<char[]>(module.size);
    if (!inflate(code, {inflated.get(), module.size})) {
      lua_pushfstring(L, "the module '%s' inside the binary is damaged: install ggen-lua again",
                      module.name);
      return LUA_ERRSYNTAX;
    }
    code = {inflated.get(), module.size};
    tell_inflated(module.name);
  }
  return luaL_loadbuffer(L, code.data(), code.size(), module.name);
}

// package.loaders entry: upvalues are the module span (pointer, count) and the bytes.
int embedded_loader(lua_State* L) {
  const char* name = luaL_checkstring(L, 1);
  auto* first = static_cast<const EmbeddedModule*>(lua_touserdata(L, lua_upvalueindex(1)));
  auto count = static_cast<std::size_t>(lua_tointeger(L, lua_upvalueindex(2)));
  auto* bytes = static_cast<const char*>(lua_touserdata(L, lua_upvalueindex(3)));
  const EmbeddedModule* module = find_module({first, count}, name);
  if (module == nullptr) {
    lua_pushfstring(L, "\n\tno module '%s' inside the binary", name);
    return 1;
  }
  if (load_module(L, *module, bytes) != 0) return lua_error(L);
  return 1;
}

// ggen.core.embedded: has(name) -> whether the module is inside the binary.
int embedded_has(lua_State* L) {
  auto* first = static_cast<const EmbeddedModule*>(lua_touserdata(L, lua_upvalueindex(1)));
  auto count = static_cast<std::size_t>(lua_tointeger(L, lua_upvalueindex(2)));
  lua_pushboolean(L, find_module({first, count}, luaL_checkstring(L, 1)) != nullptr);
  return 1;
}

// names() -> the modules inside the binary, sorted.
int embedded_names(lua_State* L) {
  auto* first = static_cast<const EmbeddedModule*>(lua_touserdata(L, lua_upvalueindex(1)));
  auto count = static_cast<int>(lua_tointeger(L, lua_upvalueindex(2)));
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; ++i) {
    lua_pushstring(L, first[i].name);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

void preload_embedded(lua_State* L, std::span<const EmbeddedModule> modules) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaded");
  lua_newtable(L);
  constexpr luaL_Reg kFunctions[] = {{"has", embedded_has}, {"names", embedded_names}};
  for (const luaL_Reg& function : kFunctions) {
    lua_pushlightuserdata(L, const_cast<EmbeddedModule*>(modules.data()));
    lua_pushinteger(L, static_cast<lua_Integer>(modules.size()));
    lua_pushcclosure(L, function.func, 2);
    lua_setfield(L, -2, function.name);
  }
  lua_setfield(L, -2, "ggen.core.embedded");
  lua_pushliteral(L, GGEN_VERSION);
  lua_setfield(L, -2, "ggen.version");
  lua_pop(L, 2);
}

// Puts our loader right behind package.preload: the host cannot be replaced by a file that
// happens to lie in the search path.
void add_embedded_loader(lua_State* L, std::span<const EmbeddedModule> modules, const char* bytes) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaders");
  for (auto i = static_cast<int>(lua_objlen(L, -1)); i >= 2; --i) {
    lua_rawgeti(L, -1, i);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushlightuserdata(L, const_cast<EmbeddedModule*>(modules.data()));
  lua_pushinteger(L, static_cast<lua_Integer>(modules.size()));
  lua_pushlightuserdata(L, const_cast<char*>(bytes));
  lua_pushcclosure(L, embedded_loader, 3);
  lua_rawseti(L, -2, 2);
  lua_pop(L, 2);
}

}  // namespace

namespace {

struct Allocator {
  lua_Alloc function = nullptr;
  void* data = nullptr;
};

void* allocate_without_freeing(void* ud, void* block, std::size_t old_size, std::size_t size) {
  if (size == 0) return nullptr;
  const auto* allocator = static_cast<const Allocator*>(ud);
  return allocator->function(allocator->data, block, old_size, size);
}

}  // namespace

void State::keep_memory_at_close() {
  static Allocator allocator;
  if (allocator.function != nullptr) return;
  allocator.function = lua_getallocf(get(), &allocator.data);
  lua_setallocf(get(), allocate_without_freeing, &allocator);
}

State::State(std::span<const EmbeddedModule> modules, const char* bytes) : state_(luaL_newstate()) {
  lua_State* L = state_.get();
  GGEN_BUG_IF(L == nullptr, "no memory for a Lua state");
  lua_gc(L, LUA_GCSTOP, 0);
  luaL_openlibs(L);
  lua_pushlightuserdata(L, const_cast<char*>(&kMainStateKey));
  lua_pushlightuserdata(L, L);
  lua_rawset(L, LUA_REGISTRYINDEX);
  preload_modules(L);
  preload_embedded(L, modules);
  add_embedded_loader(L, modules, bytes);
  // Most runs end before there is garbage worth looking for: the first collection comes late (-1:
  // by the pause, in percent of what is there now), the others as usual.
  constexpr int kFirstPause = 4000;
  const int pause = lua_gc(L, LUA_GCSETPAUSE, kFirstPause);
  lua_gc(L, LUA_GCRESTART, -1);
  lua_gc(L, LUA_GCSETPAUSE, pause);
}

lua_State* main_state(lua_State* L) {
  lua_pushlightuserdata(L, const_cast<char*>(&kMainStateKey));
  lua_rawget(L, LUA_REGISTRYINDEX);
  auto* main = static_cast<lua_State*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  GGEN_BUG_IF(main == nullptr, "a Lua state that lua::State did not make");
  return main;
}

}  // namespace ggen::lua
