// ggen.core.toml: TOML 1.0 text to Lua values. The only file that sees toml++.
//
// Dates and times become strings as RFC 3339 has them. Integers beyond 2^53 lose their last digits,
// as all numbers of Lua do.
// SPDX-License-Identifier: MIT
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// Arrays and inline tables inside each other; see too_deep for what comes on top of that.
#define TOML_MAX_NESTED_VALUES 64

#include <toml++/toml.h>

#include <algorithm>
#include <cstdio>
#include <lua.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "lua/call.h"

namespace ggen::lua {

int open_toml(lua_State* L);

namespace {

constexpr std::size_t kMaxKeyParts = 64;
constexpr std::size_t kMaxReason = 200;

// ---- check ----

std::string place(std::size_t line, std::size_t column) {
  return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": ";
}

// Finds a dotted key of more than kMaxKeyParts parts. toml++ bounds values inside each other but
// not the parts of a key, and ends the tables that they make by recursion: "a.a.a. ..." would take
// all of the C stack. Only has to agree with toml++ about texts that are TOML.
class KeyScanner {
 public:
  explicit KeyScanner(std::string_view text) : text_(text) {}

  std::optional<Error> too_deep() {
    std::size_t dots = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        skip_string(c);
        continue;
      }
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
        continue;
      }
      if (c == '.') {
        if (++dots >= kMaxKeyParts) return error();
      } else if (c == '\n' || c == '=' || c == ',' || c == '{' || c == '}' || c == '[' ||
                 c == ']') {
        dots = 0;
      }
      ++at_;
    }
    return std::nullopt;
  }

 private:
  bool starts_with(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  void skip_string(char quote) {
    const std::string triple(3, quote);
    const bool many_lines = starts_with(triple);
    at_ += many_lines ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\' && quote == '"') {
        at_ += 2;
      } else if (many_lines ? starts_with(triple) : c == quote) {
        at_ += many_lines ? 3 : 1;
        // The string itself may end with one or two quotes.
        for (int i = 0; many_lines && i < 2 && at_ < text_.size() && text_[at_] == quote; ++i)
          ++at_;
        return;
      } else if (c == '\n' && !many_lines) {
        return;  // toml++ reports it
      } else {
        ++at_;
      }
    }
  }

  Error error() const {
    const auto before = text_.substr(0, at_);
    const auto line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    const auto start = before.rfind('\n');
    return {ErrorKind::limit, place(line, start == std::string_view::npos ? at_ + 1 : at_ - start) +
                                  "a key of more than " + std::to_string(kMaxKeyParts) + " parts"};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// ---- make ----

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

void push_value(lua_State* L, const toml::node& node) {
  luaL_checkstack(L, 8, "TOML");
  node.visit([L](const auto& value) {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, toml::table>) {
      lua_createtable(L, 0, static_cast<int>(value.size()));
      for (const auto& [key, child] : value) {
        push_string(L, key.str());
        push_value(L, child);
        lua_rawset(L, -3);
      }
    } else if constexpr (std::is_same_v<Value, toml::array>) {
      lua_createtable(L, static_cast<int>(value.size()), 0);
      int index = 0;
      for (const auto& child : value) {
        push_value(L, child);
        lua_rawseti(L, -2, ++index);
      }
    } else if constexpr (std::is_same_v<Value, toml::value<std::string>>) {
      push_string(L, value.get());
    } else if constexpr (std::is_same_v<Value, toml::value<bool>>) {
      lua_pushboolean(L, value.get() ? 1 : 0);
    } else if constexpr (toml::is_integer<Value> || toml::is_floating_point<Value>) {
      lua_pushnumber(L, static_cast<lua_Number>(value.get()));
    } else {
      push_string(L, text_of(value.get()));
    }
  });
}

// ---- functions ----

// decode(text) -> table | nil, message with line and column, "invalid" or "limit"
int toml_decode(lua_State* L) {
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(L, 1, &size);
  const std::string_view text(bytes, size);
  if (const auto error = KeyScanner(text).too_deep()) return push_error(L, *error);
  const toml::parse_result result = toml::parse(text);
  if (!result) {
    const auto& begin = result.error().source().begin;
    // It may repeat a key, of any length.
    const auto reason = result.error().description().substr(0, kMaxReason);
    return push_error(L,
                      {ErrorKind::invalid, place(begin.line, begin.column) + std::string(reason)});
  }
  push_value(L, result.table());
  return 1;
}

constexpr luaL_Reg kFunctions[] = {{"decode", toml_decode}, {nullptr, nullptr}};

}  // namespace

int open_toml(lua_State* L) {
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
