// ggen.core.watch: calls back when files of a tree change (watch/tree_watch.h).
// SPDX-License-Identifier: MIT
#include <lua.hpp>
#include <memory>
#include <optional>

#include "lua/call.h"
#include "lua/ref.h"
#include "lua/state.h"
#include "lua/userdata.h"
#include "lua/values.h"
#include "watch/tree_watch.h"

namespace ggen::lua {

int open_watch(lua_State* L);

namespace {

struct LuaWatch {
  std::unique_ptr<watch::TreeWatch> watch;
  Ref callback;
  Ref self;  // what waits is not collected
  // While flush() runs: its coroutine, which is the one that may be entered, and what on_batch
  // raised.
  lua_State* caller = nullptr;
  std::optional<Error> raised;

  void close() {
    watch.reset();
    callback.reset();
    self.reset();
  }
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaWatch> = "ggen.Watch";

namespace {

// Pushes the list of events.
int push_changes(lua_State* L, const watch::Changes& changes) {
  lua_newtable(L);
  int count = 0;
  changes.each([&](const watch::Change& change) {
    lua_createtable(L, 0, 4);
    set_field(L, "path", change.path);
    set_field(L, "kind", watch::change_name(change.kind));
    set_field(L, "time", change.time);
    if (change.ignored) set_flag(L, "ignored", true);
    if (change.directory) set_flag(L, "directory", true);
    lua_rawseti(L, -2, ++count);
  });
  if (changes.overflow) set_flag(L, "overflow", true);
  return 1;
}

// Calls on_batch with what `push` leaves on the stack. The call may close the watch.
template <class Push>
void call_batch(LuaWatch& owner, const Ref& callback, Push push) {
  if (owner.caller == nullptr) {
    lua_State* L = callback.state();
    callback.push(L);
    const Ref held(L, -1);
    lua_pop(L, 1);
    return call_back(held, push(L));
  }
  lua_State* L = owner.caller;
  callback.push(L);
  if (auto result = call(L, push(L), 0); !result) owner.raised = std::move(result).error();
}

std::vector<std::string> field_strings(lua_State* L, const char* name) {
  lua_getfield(L, 1, name);
  std::vector<std::string> list;
  if (!lua_isnil(L, -1)) list = check_strings(L, lua_gettop(L));
  lua_pop(L, 1);
  return list;
}

double field_seconds(lua_State* L, const char* name, double otherwise) {
  lua_getfield(L, 1, name);
  const double value = lua_isnil(L, -1) ? otherwise : luaL_checknumber(L, -1);
  luaL_argcheck(L, value >= 0, 1, "a time of zero or more expected");
  lua_pop(L, 1);
  return value;
}

// start({ root = "/abs", also = {paths}, skip = {paths}, quiet = 0.05, longest = 1.0 }, on_batch)
//   -> Watch | nil, message, kind.
// on_batch(events): a list of { path, kind = "changed"|"created"|"removed", time = unix seconds,
// ignored = true?, directory = true? }, with overflow = true where events were lost.
// on_batch(nil, message, kind) once when the watch has ended: the root is gone, no watches are
// left.
int watch_start(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  watch::WatchOptions options;
  lua_getfield(L, 1, "root");
  options.root = check_string(L, lua_gettop(L));
  lua_pop(L, 1);
  options.quiet = field_seconds(L, "quiet", options.quiet);
  options.longest = field_seconds(L, "longest", options.longest);
  options.also = field_strings(L, "also");
  options.skip = field_strings(L, "skip");
  auto& owner = push<LuaWatch>(L);
  const auto on_changes = [&owner](const watch::Changes& changes) {
    call_batch(owner, owner.callback,
               [&](lua_State* state) { return push_changes(state, changes); });
  };
  const auto on_end = [&owner](const Error& error) {
    const Ref callback = std::move(owner.callback);
    const Ref self = std::move(owner.self);
    owner.close();
    call_batch(owner, callback, [&](lua_State* state) { return push_error(state, error); });
  };
  auto watch = watch::TreeWatch::start(service<loop::Loop>(L), options, on_changes, on_end);
  if (!watch) return push_error(L, watch.error());
  owner.watch = std::move(*watch);
  owner.callback = Ref(L, 2);
  owner.self = Ref(L, -1);
  return 1;
}

// watch:directories() -> how many are watched
int watch_directories(lua_State* L) {
  const auto& owner = check<LuaWatch>(L, 1);
  lua_pushnumber(L, owner.watch ? static_cast<double>(owner.watch->directories()) : 0);
  return 1;
}

// watch:flush(): on_batch is called before this returns, if anything has come.
int watch_flush(lua_State* L) {
  auto& owner = check<LuaWatch>(L, 1);
  lua_State* const before = std::exchange(owner.caller, L);
  if (owner.watch) owner.watch->flush();
  owner.caller = before;
  if (!owner.raised) return 0;
  push_text(L, std::exchange(owner.raised, std::nullopt)->message);
  return lua_error(L);
}

// watch:problems() -> messages about directories that could not be watched, each once
int watch_problems(lua_State* L) {
  const auto& owner = check<LuaWatch>(L, 1);
  push_strings(L, owner.watch ? owner.watch->problems() : std::vector<std::string>());
  return 1;
}

// watch:close(): on_batch is not called any more.
int watch_close(lua_State* L) {
  check<LuaWatch>(L, 1).close();
  return 0;
}

constexpr luaL_Reg kMethods[] = {{"directories", watch_directories},
                                 {"flush", watch_flush},
                                 {"problems", watch_problems},
                                 {"close", watch_close},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"start", watch_start}, {nullptr, nullptr}};

}  // namespace

int open_watch(lua_State* L) {
  define<LuaWatch>(L, kMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
