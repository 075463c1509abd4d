// ggen.core.output: where the output of commands goes (process/screen.h, lines.h, log.h). A sink is
// a Log or what lines(), raw(), callback() and tee() return; each is written to by a command that
// got it, or by sink:write().
// SPDX-License-Identifier: MIT
#include <lua.hpp>
#include <memory>
#include <string_view>
#include <vector>

#include "lua/call.h"
#include "lua/ref.h"
#include "lua/sink.h"
#include "lua/sink_function.h"
#include "lua/state.h"
#include "lua/userdata.h"
#include "process/columns.h"
#include "process/lines.h"
#include "process/log.h"
#include "process/screen.h"

namespace ggen::lua {

using process::Log;
using process::Screen;
using process::Sink;
using process::Stream;

int open_output(lua_State* L);

namespace {

struct LuaScreen {
  std::shared_ptr<Screen> screen;
};
struct LuaSink {
  std::shared_ptr<Sink> sink;
};
struct LuaLog {
  std::shared_ptr<Log> log;
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaScreen> = "ggen.Screen";
template <>
inline constexpr const char* kTypeName<LuaSink> = "ggen.Sink";
template <>
inline constexpr const char* kTypeName<LuaLog> = "ggen.Log";

namespace {

// The object of type T at `index`, or nullptr.
template <class T>
T* find(lua_State* L, int index) {
  void* object = lua_touserdata(L, index);
  if (object == nullptr || lua_getmetatable(L, index) == 0) return nullptr;
  luaL_getmetatable(L, kTypeName<T>);
  const bool same = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  return same ? static_cast<T*>(object) : nullptr;
}

Screen& check_screen(lua_State* L) {
  auto& screen = check<LuaScreen>(L, 1).screen;
  if (!screen) luaL_error(L, "the screen is closed");
  return *screen;
}

Log& check_log(lua_State* L) { return *check<LuaLog>(L, 1).log; }

std::string_view check_bytes(lua_State* L, int index) {
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(L, index, &size);
  return {bytes, size};
}

Stream check_stream(lua_State* L, int index) {
  constexpr const char* kNames[] = {"out", "err", nullptr};
  return static_cast<Stream>(luaL_checkoption(L, index, nullptr, kNames));
}

int push_string(lua_State* L, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

int push_sink(lua_State* L, std::shared_ptr<Sink> sink) {
  push<LuaSink>(L).sink = std::move(sink);
  return 1;
}

// screen(fd) -> Screen
int output_screen(lua_State* L) {
  const auto fd = static_cast<int>(luaL_checkinteger(L, 1));
  luaL_argcheck(L, fd >= 0, 1, "a file descriptor expected");
  auto& loop = service<loop::Loop>(L);
  push<LuaScreen>(L).screen = std::make_shared<Screen>(loop, fd);
  return 1;
}

// screen:write(text): on a line of its own when another writer's line is unfinished.
int screen_write(lua_State* L) {
  check_screen(L).write(check_bytes(L, 2));
  return 0;
}

// screen:status(text | nil): the live line below everything else; only for terminals.
int screen_status(lua_State* L) {
  check_screen(L).status(lua_isnoneornil(L, 2) ? std::string_view() : check_bytes(L, 2));
  return 0;
}

int screen_flush(lua_State* L) {
  check_screen(L).flush();
  return 0;
}

int screen_is_tty(lua_State* L) {
  lua_pushboolean(L, check_screen(L).is_tty());
  return 1;
}

// screen:width() -> columns, 80 when it is no terminal
int screen_width(lua_State* L) {
  lua_pushinteger(L, check_screen(L).width());
  return 1;
}

// screen:broken() -> nil | why nothing is written any more
int screen_broken(lua_State* L) {
  const std::string& reason = check_screen(L).broken();
  if (reason.empty()) return 0;
  return push_string(L, reason);
}

// screen:lines([prefix_out [, prefix_err]]) -> sink that writes whole lines, each with its prefix
int screen_lines(lua_State* L) {
  check_screen(L);
  const std::string out(lua_isnoneornil(L, 2) ? std::string_view() : check_bytes(L, 2));
  const std::string err(lua_isnoneornil(L, 3) ? std::string_view(out) : check_bytes(L, 3));
  return push_sink(L, std::make_shared<process::Lines>(check<LuaScreen>(L, 1).screen, out, err));
}

// screen:raw() -> sink that writes bytes as they come
int screen_raw(lua_State* L) {
  check_screen(L);
  return push_sink(L, std::make_shared<process::Raw>(check<LuaScreen>(L, 1).screen));
}

// screen:close(): writes what is left. Sinks made from it go on.
int screen_close(lua_State* L) {
  auto& screen = check<LuaScreen>(L, 1).screen;
  if (screen) {
    screen->status({});
    screen->flush();
    screen.reset();
  }
  return 0;
}

// callback(function(stream, bytes)) -> sink. Holds the function until sink:close().
int output_callback(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  return push_sink(L, std::make_shared<CallbackSink>(L, 1));
}

// tee(sink, ...) -> sink that gives everything to each of them
int output_tee(lua_State* L) {
  std::vector<std::shared_ptr<Sink>> sinks;
  for (int i = 1; i <= lua_gettop(L); ++i) sinks.push_back(check_sink(L, i));
  return push_sink(L, std::make_shared<process::Tee>(std::move(sinks)));
}

// sink:write("out" | "err", bytes)
int sink_write(lua_State* L) {
  const auto sink = check_sink(L, 1);
  const Stream stream = check_stream(L, 2);
  const std::string_view bytes = check_bytes(L, 3);
  const CallerScope scope(L);
  sink->write(stream, bytes);
  return 0;
}

// sink:close(): ends a line that is still open, lets go of a callback.
int sink_close(lua_State* L) {
  check_sink(L, 1)->finish();
  return 0;
}

// log([{limit=bytes}]) -> Log
int output_log(lua_State* L) {
  auto limit = static_cast<lua_Number>(Log::kDefaultLimit);
  if (!lua_isnoneornil(L, 1)) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_getfield(L, 1, "limit");
    if (!lua_isnil(L, -1)) limit = luaL_checknumber(L, -1);
    luaL_argcheck(L, limit >= 0, 1, "a limit of zero or more expected");
    lua_pop(L, 1);
  }
  push<LuaLog>(L).log = std::make_shared<Log>(static_cast<std::size_t>(limit));
  return 1;
}

// log:attach(sink): replays into it what is kept, drops that, and passes on what comes.
int log_attach(lua_State* L) {
  Log& log = check_log(L);
  auto sink = check_sink(L, 2);
  luaL_argcheck(L, sink.get() != &log, 2, "a log cannot be attached to itself");
  const CallerScope scope(L);
  log.attach(std::move(sink));
  return 0;
}

// log:on_overflow(function()): called once, when more than the limit came and before the temporary
// file is made; it may attach a sink instead. Held until then, attach() or close().
int log_on_overflow(lua_State* L) {
  luaL_checktype(L, 2, LUA_TFUNCTION);
  Log& log = check_log(L);
  const auto function = std::make_shared<SinkFunction>(L, 2);
  log.on_overflow([function] { function->call(function->push(), 0); });
  return 0;
}

int log_replay(lua_State* L) {
  Log& log = check_log(L);
  const auto sink = check_sink(L, 2);
  luaL_argcheck(L, sink.get() != &log, 2, "a log cannot be replayed into itself");
  const CallerScope scope(L);
  log.replay(*sink);
  return 0;
}

// log:keep_tail(bytes): from now on tail() knows so many of the last bytes also of what goes to an
// attached sink.
int log_keep_tail(lua_State* L) {
  Log& log = check_log(L);
  const lua_Number bytes = luaL_checknumber(L, 2);
  luaL_argcheck(L, bytes >= 0 && bytes <= 1024.0 * 1024, 2, "at most 1 MiB can be kept");
  log.keep_tail(static_cast<std::size_t>(bytes));
  return 0;
}

// log:tail(lines) -> the last lines of what is kept
int log_tail(lua_State* L) {
  const lua_Number lines = luaL_checknumber(L, 2);
  return push_string(L, check_log(L).tail(lines > 0 ? static_cast<std::size_t>(lines) : 0));
}

// log:text(max) -> the first bytes of what is kept, whether there is more
int log_text(lua_State* L) {
  Log& log = check_log(L);
  const lua_Number max = luaL_checknumber(L, 2);
  const std::string text = log.text(max > 0 ? static_cast<std::size_t>(max) : 0);
  push_string(L, text);
  lua_pushboolean(L, log.size() > text.size());
  return 2;
}

// log:size() -> bytes that ever came
int log_size(lua_State* L) {
  lua_pushnumber(L, static_cast<lua_Number>(check_log(L).size()));
  return 1;
}

// log:lost() -> bytes that found no room on the disk
int log_lost(lua_State* L) {
  lua_pushnumber(L, static_cast<lua_Number>(check_log(L).lost()));
  return 1;
}

// log:close(): drops everything.
int log_close(lua_State* L) {
  check_log(L).close();
  return 0;
}

constexpr luaL_Reg kScreenMethods[] = {{"write", screen_write}, {"status", screen_status},
                                       {"flush", screen_flush}, {"is_tty", screen_is_tty},
                                       {"width", screen_width}, {"broken", screen_broken},
                                       {"lines", screen_lines}, {"raw", screen_raw},
                                       {"close", screen_close}, {nullptr, nullptr}};
constexpr luaL_Reg kSinkMethods[] = {
    {"write", sink_write}, {"close", sink_close}, {nullptr, nullptr}};
constexpr luaL_Reg kLogMethods[] = {{"write", sink_write},
                                    {"attach", log_attach},
                                    {"keep_tail", log_keep_tail},
                                    {"on_overflow", log_on_overflow},
                                    {"replay", log_replay},
                                    {"tail", log_tail},
                                    {"text", log_text},
                                    {"size", log_size},
                                    {"lost", log_lost},
                                    {"close", log_close},
                                    {nullptr, nullptr}};
// fit(text, columns) -> the longest beginning that fits on a terminal, the columns that it takes.
// Wide characters count two, colour sequences none; it ends before a control character.
int output_fit(lua_State* L) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(L, 1, &size);
  const lua_Integer columns = luaL_checkinteger(L, 2);
  luaL_argcheck(L, columns >= 0 && columns <= 1'000'000, 2, "a number of columns expected");
  int used = 0;
  const std::string_view fitting =
      process::fit_columns({text, size}, static_cast<int>(columns), &used);
  lua_pushlstring(L, fitting.data(), fitting.size());
  lua_pushinteger(L, used);
  return 2;
}

constexpr luaL_Reg kFunctions[] = {{"screen", output_screen},     {"fit", output_fit},
                                   {"callback", output_callback}, {"tee", output_tee},
                                   {"log", output_log},           {nullptr, nullptr}};

}  // namespace

void push_new_sink(lua_State* L, std::shared_ptr<Sink> sink) {
  push<LuaSink>(L).sink = std::move(sink);
}

std::shared_ptr<Sink> check_sink(lua_State* L, int index) {
  if (auto* log = find<LuaLog>(L, index)) return log->log;
  return check<LuaSink>(L, index).sink;
}

int open_output(lua_State* L) {
  CallerScope::open(L);
  define<LuaScreen>(L, kScreenMethods);
  define<LuaSink>(L, kSinkMethods);
  define<LuaLog>(L, kLogMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
