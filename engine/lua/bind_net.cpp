// ggen.core.net: connections to a port or to a unix socket (loop/stream.h).
// SPDX-License-Identifier: MIT
#include <lua.hpp>
#include <map>
#include <optional>

#include "loop/free_port.h"
#include "loop/stream.h"
#include "lua/call.h"
#include "lua/ref.h"
#include "lua/state.h"
#include "lua/userdata.h"
#include "lua/values.h"

namespace ggen::lua {

int open_net(lua_State* L);

namespace {

struct LuaConnection {
  std::optional<loop::Stream> stream;
  Ref connecting;
  Ref reading;
  std::map<int, Ref> writing;  // what is written, and the end of it
  int last_write = 0;
  Ref self;  // what somebody waits for is not collected

  void close() {
    stream.reset();
    connecting.reset();
    reading.reset();
    writing.clear();
    self.reset();
  }
  void let_go_when_idle() {
    if (!connecting && !reading && writing.empty()) self.reset();
  }
  Ref take_written(int number) {
    Ref callback = std::move(writing[number]);
    writing.erase(number);
    return callback;
  }
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaConnection> = "ggen.Connection";

namespace {

LuaConnection& check_connected(lua_State* L) {
  auto& connection = check<LuaConnection>(L, 1);
  if (!connection.stream || !connection.stream->connected()) luaL_error(L, "not connected");
  return connection;
}

// Calls a callback that was taken out of the connection: with nothing, or with message and kind.
void answer(LuaConnection& connection, const Ref& callback, const Result<void>& result) {
  if (!callback) return connection.let_go_when_idle();
  // On the stack while it is used: the callback may drop the last reference.
  lua_State* main = callback.state();
  connection.self.push(main);
  connection.let_go_when_idle();
  if (result) {
    call_back(callback, 0);
  } else {
    push_error(main, result.error());
    call_back(callback, 2);
    lua_pop(main, 1);
  }
  lua_pop(main, 1);
}

// Waits for a connection that `connect(loop, done)` begins; its callback is on top of the stack.
template <class Connect>
int start(lua_State* L, Connect connect) {
  luaL_checktype(L, -1, LUA_TFUNCTION);
  const int callback = lua_gettop(L);
  auto& connection = push<LuaConnection>(L);
  auto stream = connect(service<loop::Loop>(L), [&connection](Result<void> result) {
    const Ref done = std::move(connection.connecting);
    answer(connection, done, result);
  });
  if (!stream) return push_error(L, stream.error());
  connection.stream.emplace(std::move(*stream));
  connection.connecting = Ref(L, callback);
  connection.self = Ref(L, -1);
  return 1;
}

// connect(host, port, callback(message, kind)) -> Connection | nil, message, kind
int net_connect(lua_State* L) {
  const char* host = luaL_checkstring(L, 1);
  const lua_Number port = luaL_checknumber(L, 2);
  luaL_argcheck(L, port >= 1 && port <= 65535, 2, "a port from 1 to 65535 expected");
  lua_settop(L, 3);
  return start(L, [&](loop::Loop& loop, loop::Stream::Done done) {
    return loop::Stream::connect(loop, host, static_cast<std::uint16_t>(port), std::move(done));
  });
}

// connect_unix(path, callback(message, kind)) -> Connection | nil, message, kind
int net_connect_unix(lua_State* L) {
  const std::string path = check_string(L, 1);
  lua_settop(L, 2);
  return start(L, [&](loop::Loop& loop, loop::Stream::Done done) {
    return loop::Stream::connect_unix(loop, path, std::move(done));
  });
}

// A number for what is begun, with the callback at `index`, if there is one.
int keep_callback(lua_State* L, LuaConnection& connection, int index) {
  Ref callback;
  if (!lua_isnoneornil(L, index)) {
    luaL_checktype(L, index, LUA_TFUNCTION);
    callback = Ref(L, index);
  }
  connection.writing.emplace(++connection.last_write, std::move(callback));
  if (!connection.self) connection.self = Ref(L, 1);
  return connection.last_write;
}

// What has ended, or never began, is not waited for.
void forget(LuaConnection& connection, int number) {
  connection.writing.erase(number);
  connection.let_go_when_idle();
}

// connection:write(bytes [, callback(message, kind)]) -> boolean | nil, message, kind. True: the
// kernel has all of it already, and the callback is not called.
int connection_write(lua_State* L) {
  auto& connection = check_connected(L);
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(L, 2, &size);
  const int number = keep_callback(L, connection, 3);
  const auto sent = connection.stream->write(std::string_view(bytes, size),
                                             [&connection, number](const Result<void>& result) {
                                               const Ref done = connection.take_written(number);
                                               answer(connection, done, result);
                                             });
  if (!sent || *sent) forget(connection, number);
  if (!sent) return push_error(L, sent.error());
  lua_pushboolean(L, *sent);
  return 1;
}

// connection:close_write([callback(message, kind)]) -> true | nil, message, kind: ends what we
// send, after what is being written.
int connection_close_write(lua_State* L) {
  auto& connection = check_connected(L);
  const int number = keep_callback(L, connection, 2);
  const auto begun =
      connection.stream->shut_down([&connection, number](const Result<void>& result) {
        const Ref done = connection.take_written(number);
        answer(connection, done, result);
      });
  if (!begun) {
    forget(connection, number);
    return push_error(L, begun.error());
  }
  lua_pushboolean(L, 1);
  return 1;
}

// connection:read(callback(bytes | nil, message, kind)) -> true | nil, message, kind: asks for the
// next piece; nil without a message is the end. Nothing is read while nobody asks.
int connection_read(lua_State* L) {
  auto& connection = check_connected(L);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  if (connection.reading) return luaL_error(L, "somebody reads from this connection already");
  const auto begun = connection.stream->read([&connection](Result<std::string_view> piece) {
    const Ref callback = std::move(connection.reading);
    lua_State* main = callback.state();
    connection.self.push(main);
    int values = 1;
    if (!piece) {
      values = push_error(main, piece.error());
    } else if (piece->empty()) {
      lua_pushnil(main);
    } else {
      lua_pushlstring(main, piece->data(), piece->size());
    }
    connection.let_go_when_idle();
    call_back(callback, values);
    lua_pop(main, 1);
  });
  if (!begun) return push_error(L, begun.error());
  connection.reading = Ref(L, 2);
  if (!connection.self) connection.self = Ref(L, 1);
  lua_pushboolean(L, 1);
  return 1;
}

// connection:stop_reading(): takes the question back.
int connection_stop_reading(lua_State* L) {
  auto& connection = check<LuaConnection>(L, 1);
  if (!connection.stream) return 0;
  connection.stream->stop_reading();
  connection.reading.reset();
  connection.let_go_when_idle();
  return 0;
}

// connection:close(): no callback is called any more.
int connection_close(lua_State* L) {
  check<LuaConnection>(L, 1).close();
  return 0;
}

// free_port() -> a port of 127.0.0.1 that nobody listens on just now | nil, message, kind
int net_free_port(lua_State* L) {
  auto port = loop::free_port();
  if (!port) return push_error(L, port.error());
  lua_pushinteger(L, *port);
  return 1;
}

constexpr luaL_Reg kMethods[] = {
    {"write", connection_write}, {"close_write", connection_close_write},
    {"read", connection_read},   {"stop_reading", connection_stop_reading},
    {"close", connection_close}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"connect", net_connect},
                                   {"connect_unix", net_connect_unix},
                                   {"free_port", net_free_port},
                                   {nullptr, nullptr}};

}  // namespace

int open_net(lua_State* L) {
  define<LuaConnection>(L, kMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
