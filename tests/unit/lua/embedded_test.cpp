// SPDX-License-Identifier: MIT
#include "lua/embedded.h"

#include <catch2/catch.hpp>
#include <lua.hpp>
#include <string>
#include <string_view>

#include "lua/state.h"

using namespace ggen;

namespace {

const lua::EmbeddedModule& module_of(std::string_view name) {
  for (const lua::EmbeddedModule& module : lua::embedded_modules()) {
    if (module.name == name) return module;
  }
  FAIL("no module " << name);
  throw 0;
}

// What a chunk that returns a text returns, or the message of its error.
std::string run(lua::State& state, const char* code) {
  lua_State* L = state.get();
  if (luaL_dostring(L, code) != 0) return std::string("error: ") + lua_tostring(L, -1);
  const char* text = lua_tostring(L, -1);
  return text != nullptr ? text : "nothing";
}

}  // namespace

TEST_CASE("every module inside the binary can be loaded, and keeps its file and its lines") {
  lua::State state(lua::embedded_modules(), lua::embedded_bytes());
  REQUIRE(run(state, R"(
    local embedded = package.loaded["ggen.core.embedded"]
    for _, name in ipairs(embedded.names()) do
      assert(embedded.has(name), name)
      local chunk = package.loaders[2](name)
      assert(type(chunk) == "function", name)
      local info = debug.getinfo(chunk, "SL")
      assert(info.source:find("^@ggen:.*%.lua$"), name)
      assert(name == "ggen.types" or next(info.activelines), name)
    end
    return "good")") == "good");
}

TEST_CASE("what few runs need is inside the binary deflated, the run as it is") {
  REQUIRE(module_of("ggen.diff.words").packed < module_of("ggen.diff.words").size);
  REQUIRE(module_of("ggen.run").packed == module_of("ggen.run").size);
}

TEST_CASE("an error in a deflated module names its file and line") {
  lua::State state(lua::embedded_modules(), lua::embedded_bytes());
  const std::string message = run(state, "require('ggen.diff.words').value(true)");
  INFO(message);
  REQUIRE(message.find("ggen:lua/ggen/diff/words.lua:15: ") != std::string::npos);
}

TEST_CASE("an unknown module is one that the next loader may know") {
  lua::State state(lua::embedded_modules(), lua::embedded_bytes());
  REQUIRE(run(state, "return package.loaders[2]('ggen.nothing')") ==
          "\n\tno module 'ggen.nothing' inside the binary");
}

TEST_CASE("a damaged module is an error that names it") {
  const lua::EmbeddedModule& last = lua::embedded_modules().back();
  std::string bytes(lua::embedded_bytes(), last.offset + last.packed);
  const lua::EmbeddedModule& damaged = module_of("ggen.diff.words");
  bytes[damaged.offset + damaged.packed / 2] ^= 1;
  lua::State state(lua::embedded_modules(), bytes.data());
  REQUIRE(run(state, "require('ggen.diff.words')")
              .find("the module 'ggen.diff.words' inside the binary is damaged") !=
          std::string::npos);
  REQUIRE(run(state, "require('ggen.sorted') return 'good'") == "good");
}
