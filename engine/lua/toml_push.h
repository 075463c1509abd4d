// What both readers of toml.h do with a text. To be included by those two files only, each of which
// has chosen the language of toml++ before.
// SPDX-License-Identifier: MIT
#pragma once

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// Floats without a std::stringstream, which would bring all locales of the C++ library with it.
#define TOML_FLOAT_CHARCONV 1
// Arrays and inline tables inside each other; find_deep_toml_key has what comes on top of that.
#define TOML_MAX_NESTED_VALUES 64

#include <toml++/toml.h>

#include <algorithm>
#include <cstdio>
#include <lua.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lua/toml.h"

namespace ggen::lua {

namespace {

constexpr std::size_t kMaxReason = 200;

// ---- dates and times ----

template <class... Args>
std::string format(const char* pattern, Args... args) {
  char text[64];
  const int size = std::snprintf(text, sizeof text, pattern, args...);
  return std::string(text, static_cast<std::size_t>(size));
}

std::string text_of(const toml::date& date) {
  return format("%04d-%02d-%02d", int{date.year}, int{date.month}, int{date.day});
}

std::string text_of(const toml::time& time) {
  std::string text = format("%02d:%02d:%02d", int{time.hour}, int{time.minute}, int{time.second});
  if (time.nanosecond == 0) return text;
  text += format(".%09u", static_cast<unsigned>(time.nanosecond));
  while (text.back() == '0') text.pop_back();
  return text;
}

std::string text_of(const toml::date_time& value) {
  std::string text = text_of(value.date) + "T" + text_of(value.time);
  if (!value.offset) return text;
  const int minutes = value.offset->minutes;
  if (minutes == 0) return text + "Z";
  const int distance = minutes < 0 ? -minutes : minutes;
  return text + format("%c%02d:%02d", minutes < 0 ? '-' : '+', distance / 60, distance % 60);
}

void push_string(lua_State* L, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
}

// ---- places ----

void push_place(lua_State* L, const toml::source_region& source) {
  const auto column = std::min<toml::source_index>(source.begin.column, kTomlColumns - 1);
  lua_pushnumber(L, static_cast<lua_Number>(source.begin.line) * kTomlColumns + column);
}

// Gives the table or array on top of the stack its entry in the table `places`.
template <class Container>
[[gnu::noinline]] void place_children(lua_State* L, const Container& container, int places) {
  lua_pushvalue(L, -1);
  if constexpr (std::is_same_v<Container, toml::table>) {
    std::vector<const toml::key*> keys;
    keys.reserve(container.size());
    for (const auto& [key, child] : container) keys.push_back(&key);
    std::sort(keys.begin(), keys.end(), [](const toml::key* a, const toml::key* b) {
      const auto& left = a->source().begin;
      const auto& right = b->source().begin;
      return std::pair(left.line, left.column) < std::pair(right.line, right.column);
    });
    const int count = static_cast<int>(keys.size());
    lua_createtable(L, count, count);
    int index = 0;
    for (const toml::key* key : keys) {
      push_string(L, key->str());
      lua_pushvalue(L, -1);
      lua_rawseti(L, -3, ++index);
      push_place(L, key->source());
      lua_rawset(L, -3);
    }
  } else {
    lua_createtable(L, static_cast<int>(container.size()), 0);
    int index = 0;
    for (const auto& child : container) {
      push_place(L, child.source());
      lua_rawseti(L, -2, ++index);
    }
  }
  lua_rawset(L, places);
}

// ---- values ----

void push_value(lua_State* L, const toml::node& node, int places);

[[gnu::noinline]] void push_scalar(lua_State* L, const toml::node& node) {
  node.visit([L](const auto& value) {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, toml::value<std::string>>) {
      push_string(L, value.get());
    } else if constexpr (std::is_same_v<Value, toml::value<bool>>) {
      lua_pushboolean(L, value.get() ? 1 : 0);
    } else if constexpr (toml::is_integer<Value> || toml::is_floating_point<Value>) {
      lua_pushnumber(L, static_cast<lua_Number>(value.get()));
    } else if constexpr (!toml::is_container<Value>) {
      push_string(L, text_of(value.get()));
    }
  });
}

// `places` is the index of the table of places, 0 when nobody asks for them. Goes as deep as the
// value does, which is thousands of levels at most: what needs room is in functions of its own.
void push_value(lua_State* L, const toml::node& node, int places) {
  luaL_checkstack(L, 8, "TOML");
  if (const toml::table* table = node.as_table()) {
    lua_createtable(L, 0, static_cast<int>(table->size()));
    if (places != 0) place_children(L, *table, places);
    for (const auto& [key, child] : *table) {
      push_string(L, key.str());
      push_value(L, child, places);
      lua_rawset(L, -3);
    }
  } else if (const toml::array* array = node.as_array()) {
    lua_createtable(L, static_cast<int>(array->size()), 0);
    if (places != 0) place_children(L, *array, places);
    int index = 0;
    for (const auto& child : *array) {
      push_value(L, child, places);
      lua_rawseti(L, -2, ++index);
    }
  } else {
    push_scalar(L, node);
  }
}

Result<void> decode(lua_State* L, std::string_view text, bool placed) {
  if (auto error = find_deep_toml_key(text)) return *std::move(error);
  const toml::parse_result result = toml::parse(text);
  if (!result) {
    const auto& begin = result.error().source().begin;
    // It may repeat a key, of any length.
    const auto reason = result.error().description().substr(0, kMaxReason);
    return Error{ErrorKind::invalid, toml_place(begin.line, begin.column) + std::string(reason)};
  }
  if (!placed) {
    push_value(L, result.table(), 0);
    return {};
  }
  lua_newtable(L);
  push_value(L, result.table(), lua_gettop(L));
  lua_insert(L, -2);
  return {};
}

}  // namespace

}  // namespace ggen::lua
