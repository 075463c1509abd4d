// ggen.core.action: a stored result as bytes and as a table (cache/action.h), for stores that keep
// results elsewhere and for those who want to look into one. Digests are hexadecimal, times
// seconds. SPDX-License-Identifier: MIT
#include <cmath>
#include <lua.hpp>
#include <string>
#include <string_view>

#include "cache/action.h"
#include "lua/call.h"

namespace ggen::lua {

using cache::Action;
using cache::Output;
using cache::Part;
using hash::EntryKind;

int open_action(lua_State* L);

namespace {

constexpr std::string_view kKinds[] = {"missing", "file", "link", "directory"};

// ---- check ----

int field_error(lua_State* L, const char* name, const char* expected) {
  return luaL_argerror(
      L, 1,
      lua_pushfstring(L, "field '%s': %s expected, got %s", name, expected, luaL_typename(L, -1)));
}

std::string_view text_at(lua_State* L, int index) {
  std::size_t size = 0;
  const char* bytes = lua_tolstring(L, index, &size);
  return {bytes, size};
}

// A field that is not there is an empty text.
std::string_view field_text(lua_State* L, const char* name) {
  lua_getfield(L, -1, name);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushliteral(L, "");
  }
  if (lua_type(L, -1) != LUA_TSTRING) field_error(L, name, "string");
  return text_at(L, -1);
}

double field_number(lua_State* L, const char* name) {
  lua_getfield(L, -1, name);
  if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TNUMBER) field_error(L, name, "number");
  const double number = lua_tonumber(L, -1);
  if (!(number >= 0 && number < 1e15)) field_error(L, name, "a number from 0 to 1e15");
  lua_pop(L, 1);
  return number;
}

std::uint64_t field_ms(lua_State* L, const char* name) {
  return static_cast<std::uint64_t>(std::llround(field_number(L, name) * 1000));
}

// Copies the text, so that it outlives the stack.
std::string take_text(lua_State* L, const char* name) {
  std::string text(field_text(L, name));
  lua_pop(L, 1);
  return text;
}

Digest take_digest(lua_State* L, const char* name) {
  const std::string_view text = field_text(L, name);
  const auto digest = text.empty() ? Digest{} : Digest::parse(text);
  if (!digest) field_error(L, name, "a digest");
  lua_pop(L, 1);
  return *digest;
}

// Calls take() with each element of the list on top of the stack.
template <class Take>
void take_list(lua_State* L, const char* name, int type, const Take& take) {
  lua_getfield(L, -1, name);
  if (lua_istable(L, -1)) {
    const int count = static_cast<int>(lua_objlen(L, -1));
    for (int i = 1; i <= count; ++i) {
      lua_rawgeti(L, -1, i);
      if (lua_type(L, -1) != type) field_error(L, name, lua_typename(L, type));
      take();
      lua_pop(L, 1);
    }
  } else if (!lua_isnil(L, -1)) {
    field_error(L, name, "table");
  }
  lua_pop(L, 1);
}

EntryKind take_kind(lua_State* L) {
  const std::string_view text = field_text(L, "kind");
  std::size_t kind = 0;
  while (kind < std::size(kKinds) && kKinds[kind] != text) ++kind;
  if (kind == std::size(kKinds)) field_error(L, "kind", "missing, file, link or directory");
  lua_pop(L, 1);
  return static_cast<EntryKind>(kind);
}

Action take_action(lua_State* L) {
  Action action;
  lua_pushvalue(L, 1);
  action.key = take_digest(L, "key");
  action.task = take_text(L, "task");
  take_list(L, "outputs", LUA_TTABLE, [&] {
    Output output;
    output.path = take_text(L, "path");
    output.kind = take_kind(L);
    lua_getfield(L, -1, "executable");
    output.executable = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    output.size = static_cast<std::uint64_t>(field_number(L, "size"));
    output.digest = take_digest(L, "digest");
    output.target = take_text(L, "target");
    action.outputs.push_back(std::move(output));
  });
  take_list(L, "output_patterns", LUA_TSTRING,
            [&] { action.output_patterns.emplace_back(text_at(L, -1)); });
  action.outputs_digest = take_digest(L, "outputs_digest");
  action.log = take_digest(L, "log");
  action.log_size = static_cast<std::uint64_t>(field_number(L, "log_size"));
  action.created_ms = field_ms(L, "created");
  action.duration_ms = field_ms(L, "duration");
  action.user_ms = field_ms(L, "user");
  action.system_ms = field_ms(L, "system");
  action.peak_memory = static_cast<std::uint64_t>(field_number(L, "peak_memory"));
  action.writer = take_text(L, "writer");
  take_list(L, "parts", LUA_TTABLE, [&] {
    Part part;
    part.kind = take_text(L, "kind");
    part.name = take_text(L, "name");
    part.value = take_text(L, "value");
    action.parts.push_back(std::move(part));
  });
  lua_pop(L, 1);
  return action;
}

// ---- make ----

void set_text(lua_State* L, const char* name, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
  lua_setfield(L, -2, name);
}

void set_digest(lua_State* L, const char* name, const Digest& digest) {
  if (!digest.is_zero()) set_text(L, name, digest.hex());
}

void set_number(lua_State* L, const char* name, double number) {
  lua_pushnumber(L, number);
  lua_setfield(L, -2, name);
}

void push_output(lua_State* L, const Output& output) {
  lua_createtable(L, 0, 6);
  set_text(L, "path", output.path);
  set_text(L, "kind", kKinds[static_cast<std::size_t>(output.kind)]);
  if (output.kind == EntryKind::file) {
    lua_pushboolean(L, output.executable ? 1 : 0);
    lua_setfield(L, -2, "executable");
    set_number(L, "size", static_cast<double>(output.size));
  }
  set_digest(L, "digest", output.digest);
  if (output.kind == EntryKind::link) set_text(L, "target", output.target);
}

void push_part(lua_State* L, const Part& part) {
  lua_createtable(L, 0, 3);
  set_text(L, "kind", part.kind);
  set_text(L, "name", part.name);
  set_text(L, "value", part.value);
}

template <class List, class Push>
void set_list(lua_State* L, const char* name, const List& list, const Push& push_one) {
  lua_createtable(L, static_cast<int>(list.size()), 0);
  int index = 0;
  for (const auto& element : list) {
    push_one(L, element);
    lua_rawseti(L, -2, ++index);
  }
  lua_setfield(L, -2, name);
}

void push_action(lua_State* L, const Action& action) {
  lua_createtable(L, 0, 15);
  set_digest(L, "key", action.key);
  set_text(L, "task", action.task);
  set_list(L, "outputs", action.outputs, push_output);
  set_list(L, "output_patterns", action.output_patterns,
           [](lua_State* state, const std::string& pattern) {
             lua_pushlstring(state, pattern.data(), pattern.size());
           });
  set_digest(L, "outputs_digest", action.outputs_digest);
  set_digest(L, "log", action.log);
  set_number(L, "log_size", static_cast<double>(action.log_size));
  set_number(L, "created", static_cast<double>(action.created_ms) / 1000);
  set_number(L, "duration", static_cast<double>(action.duration_ms) / 1000);
  set_number(L, "user", static_cast<double>(action.user_ms) / 1000);
  set_number(L, "system", static_cast<double>(action.system_ms) / 1000);
  set_number(L, "peak_memory", static_cast<double>(action.peak_memory));
  set_text(L, "writer", action.writer);
  set_list(L, "parts", action.parts, push_part);
}

// ---- functions ----

// decode(bytes) -> action | nil, message, "invalid". Times are seconds, digests hexadecimal; a
// digest that is zero is left out.
int action_decode(lua_State* L) {
  luaL_checktype(L, 1, LUA_TSTRING);
  const auto action = cache::decode(text_at(L, 1));
  if (!action) return push_error(L, action.error());
  push_action(L, *action);
  return 1;
}

// encode(action) -> bytes; takes what decode returns
int action_encode(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const std::string bytes = cache::encode(take_action(L));
  // Whatever cannot be read again must not be written.
  if (const auto again = cache::decode(bytes); !again) return push_error(L, again.error());
  lua_pushlstring(L, bytes.data(), bytes.size());
  return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"decode", action_decode}, {"encode", action_encode}, {nullptr, nullptr}};

}  // namespace

int open_action(lua_State* L) {
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
