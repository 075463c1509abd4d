// encode_json: writes Lua values as JSON text, straight from the stack. Keys are sorted, so that
// equal values give equal text.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <lua.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "lua/json.h"

namespace ggen::lua {

namespace {

constexpr double kMaxExactInteger = 9007199254740992.0;  // 2^53

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

class Writer {
 public:
  Writer(lua_State* L, const JsonStyle& style) : state_(L), style_(style) {}

  Result<std::string> run(int index) {
    lua_pushvalue(state_, index);
    auto result = value();
    lua_pop(state_, 1);
    if (!result) return std::move(result).error();
    return std::move(text_);
  }

 private:
  // A container that is being written, and the place in it that we are at.
  struct Step {
    const void* table;
    std::string key;  // of an object
    int index;        // of an array; 0 for an object
  };

  // Writes the value on top of the stack and leaves it there.
  Result<void> value() {
    switch (lua_type(state_, -1)) {
      case LUA_TNIL: text_ += "null"; return {};
      case LUA_TBOOLEAN: text_ += lua_toboolean(state_, -1) != 0 ? "true" : "false"; return {};
      case LUA_TNUMBER: return number(lua_tonumber(state_, -1));
      case LUA_TSTRING: {
        std::size_t size = 0;
        const char* bytes = lua_tolstring(state_, -1, &size);
        return string({bytes, size}, "the text");
      }
      case LUA_TTABLE: return table();
      default: break;
    }
    push_json_null(state_);
    const bool null = lua_rawequal(state_, -1, -2) != 0;
    lua_pop(state_, 1);
    if (!null) return error(std::string("JSON has no ") + luaL_typename(state_, -1));
    text_ += "null";
    return {};
  }

  Result<void> number(double value) {
    if (std::isnan(value)) return error("JSON has no NaN");
    if (std::isinf(value)) return error("JSON has no infinity");
    std::array<char, 32> digits;
    std::to_chars_result end{};
    if (value == std::floor(value) && std::fabs(value) <= kMaxExactInteger) {
      end = std::to_chars(digits.begin(), digits.end(), static_cast<long long>(value));
    } else {
      end = std::to_chars(digits.begin(), digits.end(), value);
    }
    text_.append(digits.data(), end.ptr);
    return {};
  }

  Result<void> string(std::string_view bytes, std::string_view what) {
    text_ += '"';
    while (!bytes.empty()) {
      const std::size_t length = utf8_length(bytes);
      if (length == 0) {
        if (style_.invalid_utf8 == InvalidUtf8::refuse) {
          return error(std::string(what) +
                       " is not UTF-8 (invalid_utf8 = \"replace\" writes U+FFFD)");
        }
        text_ += "\xef\xbf\xbd";
        bytes.remove_prefix(1);
        continue;
      }
      if (length == 1) {
        character(bytes[0]);
      } else {
        text_ += bytes.substr(0, length);
      }
      bytes.remove_prefix(length);
    }
    text_ += '"';
    return {};
  }

  void character(char c) {
    switch (c) {
      case '"': text_ += "\\\""; return;
      case '\\': text_ += "\\\\"; return;
      case '\n': text_ += "\\n"; return;
      case '\r': text_ += "\\r"; return;
      case '\t': text_ += "\\t"; return;
      default: break;
    }
    static constexpr std::string_view kDigits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      text_ += c;
    } else {
      text_ += "\\u00";
      text_ += kDigits[byte / 16];
      text_ += kDigits[byte % 16];
    }
  }

  Result<void> table() {
    const void* self = lua_topointer(state_, -1);
    for (const Step& step : path_) {
      if (step.table == self) return error("the table contains itself");
    }
    if (path_.size() == kMaxJsonDepth) {
      return Error{ErrorKind::limit,
                   "more than " + std::to_string(kMaxJsonDepth) + " values inside each other"};
    }
    luaL_checkstack(state_, 8, "JSON");
    const int length = static_cast<int>(lua_objlen(state_, -1));
    path_.push_back({self, {}, 0});
    auto result = length > 0 || is_marked_array() ? array(length) : object();
    if (result) path_.pop_back();
    return result;
  }

  bool is_marked_array() {
    if (lua_getmetatable(state_, -1) == 0) return false;
    push_json_array_mark(state_);
    const bool marked = lua_rawequal(state_, -1, -2) != 0;
    lua_pop(state_, 2);
    return marked;
  }

  Result<void> array(int length) {
    // Every key must be one of 1..length: count them.
    int keys = 0;
    for (lua_pushnil(state_); lua_next(state_, -2) != 0; lua_pop(state_, 1)) {
      const double key = lua_type(state_, -2) == LUA_TNUMBER ? lua_tonumber(state_, -2) : 0;
      if (!(key >= 1 && key <= length && key == std::floor(key))) {
        const Error problem = mixed();
        lua_pop(state_, 2);
        return problem;
      }
      ++keys;
    }
    if (keys != length) return error("the array has holes");
    text_ += '[';
    for (int i = 1; i <= length; ++i) {
      path_.back().index = i;
      if (i > 1) text_ += ',';
      new_line();
      lua_rawgeti(state_, -1, i);
      auto result = value();
      lua_pop(state_, 1);
      GGEN_TRY(result);
    }
    path_.back().index = 0;
    end_container(length > 0, ']');
    return {};
  }

  // The key on the stack below its value is what does not fit into an array.
  Error mixed() {
    if (lua_type(state_, -2) == LUA_TSTRING) {
      return error("the table is an array and has the key \"" +
                   std::string(lua_tostring(state_, -2)) + "\" as well");
    }
    return error(std::string("the table is an array and has a ") + luaL_typename(state_, -2) +
                 " outside of 1 to its length as a key");
  }

  Result<void> object() {
    std::vector<std::string> keys;
    for (lua_pushnil(state_); lua_next(state_, -2) != 0; lua_pop(state_, 1)) {
      if (lua_type(state_, -2) != LUA_TSTRING) {
        const Error problem =
            lua_type(state_, -2) == LUA_TNUMBER
                ? error("the table has a number as a key, but is no array from 1 up")
                : error(std::string("the table has a ") + luaL_typename(state_, -2) + " as a key");
        lua_pop(state_, 2);
        return problem;
      }
      std::size_t size = 0;
      const char* bytes = lua_tolstring(state_, -2, &size);
      keys.emplace_back(bytes, size);
    }
    std::sort(keys.begin(), keys.end());
    text_ += '{';
    bool first = true;
    for (std::string& key : keys) {
      if (!first) text_ += ',';
      first = false;
      new_line();
      lua_pushlstring(state_, key.data(), key.size());
      GGEN_TRY(named(std::move(key)));
    }
    end_container(!first, '}');
    return {};
  }

  // The key is on the stack, and is taken off.
  Result<void> named(std::string key) {
    path_.back().key.clear();
    auto result = string(key, "a key");
    if (!result) {
      lua_pop(state_, 1);
      return result;
    }
    text_ += style_.indent > 0 ? ": " : ":";
    path_.back().key = std::move(key);
    lua_rawget(state_, -2);
    result = value();
    lua_pop(state_, 1);
    return result;
  }

  void new_line() {
    if (style_.indent == 0) return;
    text_ += '\n';
    text_.append(path_.size() * static_cast<std::size_t>(style_.indent), ' ');
  }

  void end_container(bool filled, char close) {
    if (filled && style_.indent > 0) {
      text_ += '\n';
      text_.append((path_.size() - 1) * static_cast<std::size_t>(style_.indent), ' ');
    }
    text_ += close;
  }

  // tasks[3].name: what is wrong. A long path keeps its end.
  Error error(std::string_view what) const {
    std::string place;
    const std::size_t skipped = path_.size() > 8 ? path_.size() - 8 : 0;
    for (std::size_t i = skipped; i < path_.size(); ++i) {
      const Step& step = path_[i];
      if (step.index > 0) {
        place += "[" + std::to_string(step.index) + "]";
      } else if (is_name(step.key) && step.key.size() <= 64) {
        place += (place.empty() ? "" : ".") + step.key;
      } else if (!step.key.empty()) {
        place += "[\"" + step.key.substr(0, 64) + "\"]";
      }
    }
    if (skipped > 0) place.insert(0, "...");
    return {ErrorKind::invalid, (place.empty() ? "" : place + ": ") + std::string(what)};
  }

  lua_State* state_;
  const JsonStyle& style_;
  std::string text_;
  std::vector<Step> path_;
};

}  // namespace

Result<std::string> encode_json(lua_State* L, int index, const JsonStyle& style) {
  luaL_checkstack(L, 8, "JSON");
  return Writer(L, style).run(index);
}

}  // namespace ggen::lua
