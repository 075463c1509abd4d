// ggen.core.net: connections to a port, for checks of readiness (loop/tcp.h).
// SPDX-License-Identifier: MIT
#include <lua.hpp>
#include <map>
#include <optional>

#include "loop/tcp.h"
#include "lua/call.h"
#include "lua/ref.h"
#include "lua/state.h"
#include "lua/userdata.h"

namespace ggen::lua {

int open_net(lua_State* L);

namespace {

struct LuaConnection {
  std::optional<loop::Tcp> tcp;
  Ref connecting;
  Ref reading;
  std::map<int, Ref> writing;
  int last_write = 0;
  Ref self;  // what somebody waits for is not collected

  void close() {
    tcp.reset();
    connecting.reset();
    reading.reset();
    writing.clear();
    self.reset();
  }
  void let_go_when_idle() {
    if (!connecting && !reading && writing.empty()) self.reset();
  }
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaConnection> = "ggen.Connection";

namespace {

LuaConnection& check_connected(lua_State* L) {
  auto& connection = check<LuaConnection>(L, 1);
  if (!connection.tcp || !connection.tcp->connected()) luaL_error(L, "not connected");
  return connection;
}

void push_message(lua_State* L, const Error& error) {
  lua_pushlstring(L, error.message.data(), error.message.size());
}

// Calls a callback that was taken out of the connection: with nothing, or with the message.
void answer(LuaConnection& connection, const Ref& callback, const Result<void>& result) {
  // On the stack while it is used: the callback may drop the last reference.
  lua_State* main = callback.state();
  connection.self.push(main);
  connection.let_go_when_idle();
  if (!result) push_message(main, result.error());
  call_back(callback, result ? 0 : 1);
  lua_pop(main, 1);
}

// connect(host, port, callback(err)) -> Connection | nil, message, kind
int net_connect(lua_State* L) {
  const char* host = luaL_checkstring(L, 1);
  const lua_Number port = luaL_checknumber(L, 2);
  luaL_argcheck(L, port >= 1 && port <= 65535, 2, "a port from 1 to 65535 expected");
  luaL_checktype(L, 3, LUA_TFUNCTION);
  auto& connection = push<LuaConnection>(L);
  auto tcp = loop::Tcp::connect(service<loop::Loop>(L), host, static_cast<std::uint16_t>(port),
                                [&connection](Result<void> result) {
                                  const Ref callback = std::move(connection.connecting);
                                  answer(connection, callback, result);
                                });
  if (!tcp) return push_error(L, tcp.error());
  connection.tcp.emplace(std::move(*tcp));
  connection.connecting = Ref(L, 3);
  connection.self = Ref(L, -1);
  return 1;
}

// connection:write(bytes [, callback(err)])
int connection_write(lua_State* L) {
  auto& connection = check_connected(L);
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(L, 2, &size);
  Ref callback;
  if (!lua_isnoneornil(L, 3)) {
    luaL_checktype(L, 3, LUA_TFUNCTION);
    callback = Ref(L, 3);
  }
  const int number = ++connection.last_write;
  connection.writing.emplace(number, std::move(callback));
  if (!connection.self) connection.self = Ref(L, 1);
  connection.tcp->write(std::string(bytes, size), [&connection, number](Result<void> result) {
    const Ref done = std::move(connection.writing[number]);
    connection.writing.erase(number);
    if (done) {
      answer(connection, done, result);
    } else {
      connection.let_go_when_idle();
    }
  });
  return 0;
}

// connection:read(callback(chunk | nil, err)): called for every piece; nil is the end.
int connection_read(lua_State* L) {
  auto& connection = check_connected(L);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  connection.reading = Ref(L, 2);
  if (!connection.self) connection.self = Ref(L, 1);
  connection.tcp->read([&connection](Result<std::string_view> piece) {
    lua_State* main = connection.reading.state();
    if (piece && !piece->empty()) {
      lua_pushlstring(main, piece->data(), piece->size());
      return call_back(connection.reading, 1);
    }
    const Ref callback = std::move(connection.reading);
    connection.self.push(main);
    connection.let_go_when_idle();
    lua_pushnil(main);
    if (!piece) push_message(main, piece.error());
    call_back(callback, piece ? 1 : 2);
    lua_pop(main, 1);
  });
  return 0;
}

// connection:close(): no callback is called any more.
int connection_close(lua_State* L) {
  check<LuaConnection>(L, 1).close();
  return 0;
}

constexpr luaL_Reg kMethods[] = {{"write", connection_write},
                                 {"read", connection_read},
                                 {"close", connection_close},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"connect", net_connect}, {nullptr, nullptr}};

}  // namespace

int open_net(lua_State* L) {
  define<LuaConnection>(L, kMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
