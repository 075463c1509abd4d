// ggen.core.definitions: writes down what makes the keys of tasks (incremental/definitions.h).
// SPDX-License-Identifier: MIT
#include "incremental/definitions.h"

#include <lua.hpp>
#include <string>
#include <vector>

#include "incremental/situation.h"
#include "incremental/touched.h"
#include "lua/incremental.h"
#include "lua/userdata.h"

namespace ggen::lua {

using incremental::DefinitionsBuilder;

int open_definitions(lua_State* L);

namespace {

struct LuaBuilder {
  DefinitionsBuilder builder;
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaBuilder> = "ggen.DefinitionsBuilder";

namespace {

std::uint32_t optional_number(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return incremental::kNone;
  return static_cast<std::uint32_t>(luaL_checknumber(L, index));
}

int new_builder(lua_State* L) {
  push<LuaBuilder>(L);
  return 1;
}

// builder:set(base, patterns, exclude, outputs, by_stamp) -> number of the set
int builder_set(lua_State* L) {
  hash::SetSpec spec;
  spec.base = check_string(L, 2);
  spec.patterns = check_strings(L, 3);
  spec.exclude = check_strings(L, 4);
  spec.outputs = lua_toboolean(L, 5) != 0;
  spec.by_stamp = lua_toboolean(L, 6) != 0;
  lua_pushnumber(L, check<LuaBuilder>(L, 1).builder.set(spec));
  return 1;
}

// builder:references(variables, tools, sets) -> number; tools: name,
// directory, "later" or "", a PATH or "", name, ...
int builder_references(lua_State* L) {
  incremental::References references;
  references.variables = check_strings(L, 2);
  const std::vector<std::string> tools = check_strings(L, 3);
  for (std::size_t i = 0; i + 3 < tools.size(); i += 4) {
    references.tools.push_back({tools[i], tools[i + 1], tools[i + 2] == "later", tools[i + 3]});
  }
  luaL_checktype(L, 4, LUA_TTABLE);
  for (int i = 1; i <= static_cast<int>(lua_objlen(L, 4)); ++i) {
    lua_rawgeti(L, 4, i);
    references.sets.push_back(static_cast<std::uint32_t>(lua_tonumber(L, -1)));
    lua_pop(L, 1);
  }
  lua_pushnumber(L, check<LuaBuilder>(L, 1).builder.references(references));
  return 1;
}

// builder:task(flags, inputs?, outputs?, references?, parts); parts: kind, name, value, kind, ...
int builder_task(lua_State* L) {
  incremental::Definition definition;
  definition.flags = static_cast<std::uint32_t>(luaL_checknumber(L, 2));
  definition.inputs = optional_number(L, 3);
  definition.outputs = optional_number(L, 4);
  definition.references = optional_number(L, 5);
  const std::vector<std::string> texts = check_strings(L, 6);
  std::vector<cache::Part> parts;
  for (std::size_t i = 0; i + 2 < texts.size(); i += 3) {
    parts.push_back({texts[i], texts[i + 1], texts[i + 2]});
  }
  check<LuaBuilder>(L, 1).builder.add(definition, parts);
  return 0;
}

// builder:finish() -> bytes, and the situation that they are part of
int builder_finish(lua_State* L) {
  const std::string bytes = check<LuaBuilder>(L, 1).builder.finish();
  push_text(L, bytes);
  push_text(L, incremental::pack_situation(bytes));
  return 2;
}

// touched(bytes, root, paths, outputs) -> { task, "reads", number of the path, how many, ... } of
// the tasks that have to do with one of the paths; of the first `outputs` paths also as an output |
// nil, message, kind for bytes of somebody else (incremental/touched.h)
int touched(lua_State* L) {
  static constexpr const char* kHow[] = {"reads", "runs", "makes"};
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(L, 1, &size);
  const auto definitions = incremental::Definitions::open({bytes, size});
  if (!definitions) return push_error(L, definitions.error());
  std::vector<incremental::TouchedPath> paths;
  const auto outputs = static_cast<std::size_t>(luaL_checkinteger(L, 4));
  for (std::string& path : check_strings(L, 3)) {
    const bool output_counts = paths.size() < outputs;
    paths.push_back({std::move(path), output_counts});
  }
  lua_newtable(L);
  int count = 0;
  const auto add = [&](auto push_value) {
    push_value();
    lua_rawseti(L, -2, ++count);
  };
  for (const auto& task : incremental::touched_tasks(check_string(L, 2), *definitions, paths)) {
    add([&] { push_task_id(L, task.task); });
    add([&] { lua_pushstring(L, kHow[static_cast<std::size_t>(task.how)]); });
    add([&] { lua_pushinteger(L, static_cast<lua_Integer>(task.path) + 1); });
    add([&] { lua_pushinteger(L, static_cast<lua_Integer>(task.count)); });
  }
  return 1;
}

constexpr luaL_Reg kBuilderMethods[] = {{"set", builder_set},
                                        {"references", builder_references},
                                        {"task", builder_task},
                                        {"finish", builder_finish},
                                        {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {
    {"builder", new_builder}, {"touched", touched}, {nullptr, nullptr}};

}  // namespace

int open_definitions(lua_State* L) {
  define<LuaBuilder>(L, kBuilderMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
