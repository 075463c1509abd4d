// SPDX-License-Identifier: MIT
#include "lua/wire.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "lua/json.h"

namespace ggen::lua {

namespace {

enum Tag : char {
  kNil,
  kFalse,
  kTrue,
  kInteger,
  kNumber,
  kText,
  kTable,
  kMine,
  kYours,
  kList,
  kNull
};

// What one message may make at most: an empty table is one byte in it, and many in memory.
constexpr int kMostTables = 1 << 20;
constexpr int kMostElements = 1 << 22;
constexpr std::uint32_t kMostReserved = 4096;  // elements that are believed before they are seen

void put_count(std::string& out, std::uint32_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// May be left by an error of Lua at any call: has nothing that would have to be destroyed.
class Writer {
 public:
  Writer(lua_State* L, std::string& out, const WireHooks& hooks)
      : L_(L), out_(out), hooks_(hooks) {}

  const char* value(int index, int depth) {
    switch (lua_type(L_, index)) {
      case LUA_TNIL: out_.push_back(kNil); return nullptr;
      case LUA_TBOOLEAN:
        out_.push_back(lua_toboolean(L_, index) != 0 ? kTrue : kFalse);
        return nullptr;
      case LUA_TNUMBER: number(lua_tonumber(L_, index)); return nullptr;
      case LUA_TSTRING: text(index); return nullptr;
      case LUA_TTABLE: {
        const bool list = is_list(index);
        return !list && is_reference(index) ? reference(index, depth) : table(index, depth, list);
      }
      default:
        if (!is_null(index)) return reference(index, depth);
        out_.push_back(kNull);
        return nullptr;
    }
  }

 private:
  void number(double value) {
    if (value >= -1e9 && value <= 1e9 && value == std::floor(value) &&
        !(value == 0 && std::signbit(value))) {
      const auto whole = static_cast<std::int32_t>(value);
      out_.push_back(kInteger);
      put_count(out_,
                (static_cast<std::uint32_t>(whole) << 1) ^ static_cast<std::uint32_t>(whole >> 31));
      return;
    }
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out_.push_back(kNumber);
    out_.append(bytes, sizeof bytes);
  }

  void text(int index) {
    std::size_t size = 0;
    const char* bytes = lua_tolstring(L_, index, &size);
    out_.push_back(kText);
    put_count(out_, static_cast<std::uint32_t>(size));
    out_.append(bytes, size);
  }

  // Marked as an array of JSON.
  bool is_list(int index) {
    if (lua_getmetatable(L_, index) == 0) return false;
    push_json_array_mark(L_);
    const bool list = lua_rawequal(L_, -1, -2) != 0;
    lua_pop(L_, 2);
    return list;
  }

  bool is_null(int index) {
    if (lua_type(L_, index) != LUA_TUSERDATA) return false;
    push_json_null(L_);
    const bool null = lua_rawequal(L_, -1, index) != 0;
    lua_pop(L_, 1);
    return null;
  }

  bool is_reference(int index) {
    if (hooks_.objects && lua_getmetatable(L_, index) != 0) {
      lua_pop(L_, 1);
      return true;
    }
    if (hooks_.known == 0) return false;
    lua_pushvalue(L_, index);
    lua_rawget(L_, hooks_.known);
    const bool known = !lua_isnil(L_, -1);
    lua_pop(L_, 1);
    return known;
  }

  const char* reference(int index, int depth) {
    if (hooks_.name == 0) return "only texts, numbers, booleans and tables of them can be passed";
    if (depth > kWireDepth || lua_checkstack(L_, 8) == 0) return kTooDeep;
    lua_pushvalue(L_, hooks_.name);
    lua_pushvalue(L_, index);
    lua_pushboolean(L_, depth > 0);
    lua_call(L_, 2, 4);
    const int top = lua_gettop(L_);
    out_.push_back(lua_toboolean(L_, top - 3) != 0 ? kYours : kMine);
    number(lua_tonumber(L_, top - 2));
    const char* wrong = value(top - 1, depth + 1);
    if (wrong == nullptr) wrong = value(top, depth + 1);
    lua_settop(L_, top - 4);
    return wrong;
  }

  const char* table(int index, int depth, bool list) {
    if (depth > kWireDepth || lua_checkstack(L_, 8) == 0) return kTooDeep;
    if (out_.size() > kMostBytes) return "this is too much to be passed";
    const auto count = static_cast<std::uint32_t>(lua_objlen(L_, index));
    out_.push_back(list ? kList : kTable);
    put_count(out_, count);
    for (std::uint32_t i = 1; i <= count; ++i) {
      lua_rawgeti(L_, index, static_cast<int>(i));
      if (const char* wrong = value(lua_gettop(L_), depth + 1)) return wrong;
      lua_pop(L_, 1);
    }
    lua_pushnil(L_);
    while (lua_next(L_, index) != 0) {
      const int key = lua_gettop(L_) - 1;
      if (is_field(key, count)) {
        value(key, depth + 1);
        if (const char* wrong = value(key + 1, depth + 1)) return wrong;
      }
      lua_pop(L_, 1);
    }
    out_.push_back(kNil);
    return nullptr;
  }

  // A key that can be passed and was not among the first `count`.
  bool is_field(int key, std::uint32_t count) {
    const int type = lua_type(L_, key);
    if (type == LUA_TSTRING || type == LUA_TBOOLEAN) return true;
    if (type != LUA_TNUMBER) return false;
    const double number = lua_tonumber(L_, key);
    return !(number >= 1 && number <= count && number == std::floor(number));
  }

  static constexpr const char* kTooDeep = "a table is nested too deeply to be passed";
  static constexpr std::size_t kMostBytes = 64u << 20;

  lua_State* L_;
  std::string& out_;
  const WireHooks& hooks_;
};

class Reader {
 public:
  Reader(lua_State* L, std::string_view bytes, const WireHooks& hooks, std::string& wrong)
      : L_(L), at_(bytes.data()), end_(bytes.data() + bytes.size()), hooks_(hooks), wrong_(wrong) {}

  bool at_end() const { return at_ == end_; }

  bool count(std::uint32_t& value) {
    std::uint64_t sum = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      if (at_ == end_) return fail("it ends too early");
      const auto byte = static_cast<unsigned char>(*at_++);
      sum |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) {
        if (sum > UINT32_MAX) break;
        value = static_cast<std::uint32_t>(sum);
        return true;
      }
    }
    return fail("a number is too long");
  }

  // Pushes one value.
  bool value(int depth) {
    if (at_ == end_) return fail("it ends too early");
    if (++elements_ > kMostElements) return fail("too many values");
    const char tag = *at_++;
    switch (tag) {
      case kNil: lua_pushnil(L_); return true;
      case kFalse:
      case kTrue: lua_pushboolean(L_, tag == kTrue); return true;
      case kInteger: {
        std::uint32_t bits = 0;
        if (!count(bits)) return false;
        const auto whole = static_cast<std::int32_t>((bits >> 1) ^ (~(bits & 1) + 1));
        lua_pushnumber(L_, whole);
        return true;
      }
      case kNumber: {
        double number = 0;
        if (left() < sizeof number) return fail("it ends too early");
        std::memcpy(&number, at_, sizeof number);
        at_ += sizeof number;
        // Other bit patterns of "not a number" could be taken for something else inside of Lua.
        lua_pushnumber(L_, std::isnan(number) ? std::nan("") : number);
        return true;
      }
      case kText: {
        std::uint32_t size = 0;
        if (!count(size)) return false;
        if (left() < size) return fail("it ends too early");
        lua_pushlstring(L_, at_, size);
        at_ += size;
        return true;
      }
      case kTable: return table(depth);
      case kNull: push_json_null(L_); return true;
      case kList:
        if (!table(depth)) return false;
        push_json_array_mark(L_);
        lua_setmetatable(L_, -2);
        return true;
      case kMine:
      case kYours: return reference(tag == kMine, depth);
      default: return fail("an unknown kind of value");
    }
  }

 private:
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  bool fail(const char* why) {
    wrong_ = why;
    return false;
  }

  bool table(int depth) {
    if (depth >= kWireDepth || lua_checkstack(L_, 8) == 0) return fail("it is nested too deeply");
    if (++tables_ > kMostTables) return fail("too many tables");
    std::uint32_t size = 0;
    if (!count(size)) return false;
    if (left() < size) return fail("it ends too early");
    lua_createtable(L_, static_cast<int>(std::min(size, kMostReserved)), 0);
    for (std::uint32_t i = 1; i <= size; ++i) {
      if (!value(depth + 1)) return false;
      lua_rawseti(L_, -2, static_cast<int>(i));
    }
    while (true) {
      if (!value(depth + 1)) return false;
      const int type = lua_type(L_, -1);
      if (type == LUA_TNIL) break;
      const bool plain = type == LUA_TSTRING || type == LUA_TBOOLEAN ||
                         (type == LUA_TNUMBER && !std::isnan(lua_tonumber(L_, -1)));
      if (!plain) return fail("a key that is none");
      if (!value(depth + 1)) return false;
      lua_rawset(L_, -3);
    }
    lua_pop(L_, 1);
    return true;
  }

  // What the sender calls its own is the other side's here.
  bool reference(bool theirs, int depth) {
    if (depth >= kWireDepth || lua_checkstack(L_, 8) == 0) return fail("it is nested too deeply");
    if (hooks_.find == 0) return fail("a reference where none is known");
    const int top = lua_gettop(L_);
    lua_pushvalue(L_, hooks_.find);
    lua_pushboolean(L_, theirs);
    if (!value(depth + 1) || !value(depth + 1) || !value(depth + 1)) return false;
    if (lua_pcall(L_, 4, 1, 0) != 0) {
      const char* message = lua_tostring(L_, -1);
      wrong_ = message != nullptr ? message : "a reference that is not known";
      lua_settop(L_, top);
      return false;
    }
    return true;
  }

  lua_State* L_;
  const char* at_;
  const char* end_;
  const WireHooks& hooks_;
  std::string& wrong_;
  int tables_ = 0, elements_ = 0;
};

}  // namespace

const char* wire_encode(lua_State* L, std::string& out, int first, int last,
                        const WireHooks& hooks) {
  if (last - first + 1 > kWireMostValues) return "too many values at once";
  Writer writer(L, out, hooks);
  const int top = lua_gettop(L);
  put_count(out, static_cast<std::uint32_t>(last - first + 1));
  for (int i = first; i <= last; ++i) {
    if (const char* wrong = writer.value(i, 0)) {
      lua_settop(L, top);
      return wrong;
    }
  }
  return nullptr;
}

int wire_decode(lua_State* L, std::string_view bytes, const WireHooks& hooks, std::string& wrong) {
  Reader reader(L, bytes, hooks, wrong);
  const int top = lua_gettop(L);
  std::uint32_t size = 0;
  bool good = reader.count(size);
  if (good && (size > kWireMostValues || lua_checkstack(L, kWireMostValues + 8) == 0)) {
    wrong = "too many values at once";
    good = false;
  }
  for (std::uint32_t i = 0; good && i < size; ++i) good = reader.value(0);
  if (good && !reader.at_end()) {
    wrong = "there is something behind its end";
    good = false;
  }
  if (good) return static_cast<int>(size);
  lua_settop(L, top);
  return -1;
}

}  // namespace ggen::lua
