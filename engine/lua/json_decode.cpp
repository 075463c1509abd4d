// decode_json: the only file that sees nlohmann's parser. Values are built on the Lua stack while
// it reads; there is no tree in between.
// SPDX-License-Identifier: MIT
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lua/call.h"
#include "lua/json.h"

namespace ggen::lua {

namespace {

constexpr std::size_t kMaxReason = 200;

// "line 2, column 5: " for the byte `position` (from 1; 0 is the start).
std::string place_of(std::string_view text, std::size_t position) {
  const std::string_view before = text.substr(0, position > 0 ? position - 1 : 0);
  std::size_t line = 1;
  std::size_t line_start = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] == '\n') {
      ++line;
      line_start = i + 1;
    }
  }
  return "line " + std::to_string(line) + ", column " +
         std::to_string(before.size() - line_start + 1) + ": ";
}

// nlohmann says "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error
// while parsing value - invalid literal; last read: '<all of it>'; expected ...". The place is
// ours, and what was read may be a megabyte.
std::string reason_of(std::string text) {
  if (const auto colon = text.find(": "); colon != std::string::npos) text.erase(0, colon + 2);
  const auto read = text.find("; last read: '");
  if (read != std::string::npos) {
    const auto expected = text.rfind("; expected ");
    const std::string tail =
        expected != std::string::npos && expected > read ? text.substr(expected) : "";
    text = text.substr(0, read) + tail;
  }
  return text.substr(0, kMaxReason);
}

// The handler of nlohmann's parser. While a container is open, the Lua stack has its table, and
// above it the key that waits for a value where it is an object.
class Builder {
 public:
  Builder(lua_State* L, std::string_view text) : state_(L), text_(text) {}

  bool null() {
    push_json_null(state_);
    return add();
  }
  bool boolean(bool value) {
    lua_pushboolean(state_, value ? 1 : 0);
    return add();
  }
  bool number_integer(std::int64_t value) { return number(static_cast<double>(value)); }
  bool number_unsigned(std::uint64_t value) { return number(static_cast<double>(value)); }
  bool number_float(double value, const std::string&) { return number(value); }
  bool string(std::string& value) {
    lua_pushlstring(state_, value.data(), value.size());
    return add();
  }
  bool binary(std::vector<std::uint8_t>&) { return false; }

  bool start_object(std::size_t) { return open(false); }
  bool key(std::string& name) {
    lua_pushlstring(state_, name.data(), name.size());
    return true;
  }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open(true); }
  bool end_array() { return close(); }

  template <class Exception>
  bool parse_error(std::size_t position, const std::string&, const Exception& problem) {
    error_ = {ErrorKind::invalid, place_of(text_, position) + reason_of(problem.what())};
    return false;
  }

  Error take_error() { return std::move(error_); }

 private:
  // The length of an open array; -1 for an object.
  std::vector<int> open_;

  bool number(double value) {
    lua_pushnumber(state_, value);
    return add();
  }

  bool open(bool array) {
    if (open_.size() == kMaxJsonDepth) {
      error_ = {ErrorKind::limit,
                "more than " + std::to_string(kMaxJsonDepth) + " values inside each other"};
      return false;
    }
    luaL_checkstack(state_, 8, "JSON");
    lua_newtable(state_);
    if (array) {
      push_json_array_mark(state_);
      lua_setmetatable(state_, -2);
    }
    open_.push_back(array ? 0 : -1);
    return true;
  }

  bool close() {
    open_.pop_back();
    return add();
  }

  // Puts the value on top of the stack into the container below it; the outermost value stays.
  bool add() {
    if (open_.empty()) return true;
    int& length = open_.back();
    if (length < 0) {
      lua_rawset(state_, -3);
    } else {
      lua_rawseti(state_, -2, ++length);
    }
    return true;
  }

  lua_State* state_;
  std::string_view text_;
  Error error_;
};

}  // namespace

Result<void> decode_json(lua_State* L, std::string_view text) {
  // nlohmann takes one for the end of the text.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    return Error{ErrorKind::invalid, place_of(text, nul + 1) + "a NUL byte"};
  }
  luaL_checkstack(L, 8, "JSON");
  const int top = lua_gettop(L);
  Builder builder(L, text);
  if (!nlohmann::json::sax_parse(text, &builder)) {
    lua_settop(L, top);
    return builder.take_error();
  }
  return {};
}

}  // namespace ggen::lua
