// ggen.core.http: requests over HTTP (loop/http.h). One client for the whole program.
// SPDX-License-Identifier: MIT
#include "loop/http.h"

#include <lua.hpp>
#include <optional>
#include <string>

#include "lua/call.h"
#include "lua/plugin_clock.h"
#include "lua/ref.h"
#include "lua/state.h"
#include "lua/userdata.h"
#include "lua/values.h"

namespace ggen::lua {

int open_http(lua_State* L);

namespace {

// Made with the first request, and gone with the Lua state, before the loop.
struct LuaHttp {
  std::optional<loop::Http> client;
};

struct LuaExchange {
  std::optional<loop::Http::Exchange> exchange;
  Ref callback;
  Ref data;
  Ref self;  // what somebody waits for is not collected

  void close() {
    exchange.reset();
    callback.reset();
    data.reset();
    self.reset();
  }
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaHttp> = "ggen.Http";
template <>
inline constexpr const char* kTypeName<LuaExchange> = "ggen.Exchange";

namespace {

void read_field(lua_State* L, const char* name, std::string& value) {
  lua_getfield(L, 1, name);
  if (!lua_isnil(L, -1)) value = check_string(L, -1);
  lua_pop(L, 1);
}

void read_field(lua_State* L, const char* name, double& value) {
  lua_getfield(L, 1, name);
  if (!lua_isnil(L, -1)) value = luaL_checknumber(L, -1);
  lua_pop(L, 1);
}

loop::HttpRequest check_request(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  loop::HttpRequest request;
  read_field(L, "method", request.method);
  read_field(L, "url", request.url);
  read_field(L, "body", request.body);
  read_field(L, "save", request.save);
  read_field(L, "body_file", request.body_file);
  read_field(L, "unix_socket", request.unix_socket);
  read_field(L, "ca_file", request.ca_file);
  read_field(L, "cert_file", request.cert_file);
  read_field(L, "key_file", request.key_file);
  read_field(L, "timeout", request.timeout);
  read_field(L, "connect_timeout", request.connect_timeout);
  read_field(L, "first_byte_timeout", request.first_byte_timeout);
  double max_bytes = -1;
  read_field(L, "max_bytes", max_bytes);
  luaL_argcheck(L, max_bytes <= 9e15, 1, "max_bytes: a size expected");
  if (max_bytes >= 0) {
    request.max_bytes = request.max_streamed = static_cast<std::uint64_t>(max_bytes);
  }
  lua_getfield(L, 1, "headers");
  if (!lua_isnil(L, -1)) {
    const auto list = check_strings(L, lua_gettop(L));
    luaL_argcheck(L, list.size() % 2 == 0, 1, "headers: a value for each name expected");
    for (std::size_t i = 0; i < list.size(); i += 2) {
      request.headers.emplace_back(list[i], list[i + 1]);
    }
  }
  lua_pop(L, 1);
  return request;
}

// { status =, headers = { name, value, ... }, body =, size =, reused =, stopped = }
int push_response(lua_State* L, const loop::HttpResponse& response) {
  lua_createtable(L, 0, 6);
  lua_pushnumber(L, static_cast<lua_Number>(response.size));
  lua_setfield(L, -2, "size");
  lua_pushboolean(L, response.reused);
  lua_setfield(L, -2, "reused");
  lua_pushboolean(L, response.stopped);
  lua_setfield(L, -2, "stopped");
  lua_pushinteger(L, response.status);
  lua_setfield(L, -2, "status");
  lua_createtable(L, static_cast<int>(response.headers.size() * 2), 0);
  int at = 0;
  for (const auto& [name, value] : response.headers) {
    push_text(L, name);
    lua_rawseti(L, -2, ++at);
    push_text(L, value);
    lua_rawseti(L, -2, ++at);
  }
  lua_setfield(L, -2, "headers");
  push_text(L, response.body);
  lua_setfield(L, -2, "body");
  return 1;
}

int push_failure(lua_State* L, const loop::HttpFailure& failure) {
  lua_pushnil(L);
  push_text(L, failure.message);
  const std::string_view name = loop::problem_name(failure.problem);
  lua_pushlstring(L, name.data(), name.size());
  return 3;
}

void answer(LuaExchange& exchange, const loop::HttpOutcome& outcome) {
  // The callback finds the exchange closed, and may be the last that knows of it.
  const Ref self = std::move(exchange.self);
  const Ref callback = std::move(exchange.callback);
  exchange.close();
  lua_State* main = callback.state();
  const auto* response = std::get_if<loop::HttpResponse>(&outcome);
  call_back(callback, response != nullptr
                          ? push_response(main, *response)
                          : push_failure(main, std::get<loop::HttpFailure>(outcome)));
}

// A piece of a body, for the function that takes it.
bool take(const Ref& function, std::string_view bytes) {
  lua_State* main = function.state();
  function.push(main);
  lua_pushlstring(main, bytes.data(), bytes.size());
  const HandedOverCall plugins(function.owner());
  if (const auto result = call(main, 1, 1); !result) callback_raised(function, result.error());
  const bool more = lua_toboolean(main, -1) != 0;
  lua_pop(main, 1);
  return more;
}

// request({ url, method =, headers = { name, value, ... }, body =, body_file =, save =,
//   unix_socket =, ca_file =, timeout =, connect_timeout =, first_byte_timeout =, max_bytes =,
//   on_data = function(bytes) -> whether the rest is wanted },
//   callback(response | nil, message, problem)) -> Exchange. Seconds; 0 is no limit.
int http_request(lua_State* L) {
  luaL_checktype(L, 2, LUA_TFUNCTION);
  loop::HttpRequest request = check_request(L);
  auto& http = *static_cast<LuaHttp*>(lua_touserdata(L, lua_upvalueindex(1)));
  if (!http.client) http.client.emplace(service<loop::Loop>(L));
  auto& exchange = push<LuaExchange>(L);
  exchange.callback = Ref(L, 2);
  exchange.self = Ref(L, -1);
  lua_getfield(L, 1, "on_data");
  loop::Http::Data data;
  if (!lua_isnil(L, -1)) {
    luaL_checktype(L, -1, LUA_TFUNCTION);
    exchange.data = Ref(L, -1);
    data = [&exchange](std::string_view bytes) { return take(exchange.data, bytes); };
  }
  lua_pop(L, 1);
  exchange.exchange.emplace(http.client->send(
      std::move(request),
      [&exchange](const loop::HttpOutcome& outcome) { answer(exchange, outcome); },
      std::move(data)));
  return 1;
}

// exchange:close(): cancelled; its callback is not called any more.
int exchange_close(lua_State* L) {
  check<LuaExchange>(L, 1).close();
  return 0;
}

constexpr luaL_Reg kMethods[] = {{"close", exchange_close}, {nullptr, nullptr}};
constexpr luaL_Reg kNoMethods[] = {{nullptr, nullptr}};

}  // namespace

int open_http(lua_State* L) {
  define<LuaExchange>(L, kMethods);
  define<LuaHttp>(L, kNoMethods);
  lua_newtable(L);
  push<LuaHttp>(L);
  lua_pushcclosure(L, http_request, 1);
  lua_setfield(L, -2, "request");
  return 1;
}

}  // namespace ggen::lua
