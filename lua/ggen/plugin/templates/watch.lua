-- What `plugin new watch NAME` begins with.
-- SPDX-License-Identifier: MIT
return {
  plugin = [==[
-- When to run again: of what the file system told, which changes count.
local ggen = require("ggen")

local function problem_of(pattern)
  local _, message = ggen.std.glob.match(pattern, "")
  return message
end

---@type ggen.Plugin
return {
  name = "@NAME@",
  kind = "watch",
  version = "@VERSION@",
  api = "^1",
  desc = "Leave out what editors and tools write, and each file but once",
  params = {
    ignore = { type = "list", of = { type = "string", check = problem_of }, single = true,
      default = { "**/*.swp", "**/*~", "**/.#*" }, desc = "Globs of paths that do not count." },
  },
  setup = function(params)
    local function is_ignored(path)
      for _, pattern in ipairs(params.ignore) do
        if ggen.std.glob.match(pattern, path) then return true end
      end
      return false
    end

    return {
      ---The events that count; with none of them nothing runs. Pure.
      batch = function(_, events)
        local last, changes = {}, {}
        for i, event in ipairs(events) do last[event.path] = i end
        for i, event in ipairs(events) do
          if last[event.path] == i and not is_ignored(event.path) then
            changes[#changes + 1] = event
          end
        end
        return changes
      end,
    }
  end,
}
]==],
  spec = [==[
local plugin = require("ggen.plugins.watch.@NAME@")

describe("watch.@NAME@", function()
  local function batch(ignore, events)
    local kept = {}
    for i, event in ipairs(plugin.setup({ ignore = ignore }, {}):batch(events)) do
      kept[i] = event.path .. " " .. event.kind
    end
    return kept
  end

  it("keeps the last of each file", function()
    assert.same({ "b created", "a removed" }, batch({}, {
      { path = "a", kind = "changed", time = 1 }, { path = "b", kind = "created", time = 2 },
      { path = "a", kind = "removed", time = 3 },
    }))
  end)

  it("leaves out what is ignored", function()
    assert.same({}, batch({ "**/*~" }, { { path = "src/a.c~", kind = "changed", time = 1 } }))
  end)
end)
]==],
  use = [==[p:use "watch.@NAME@" { ignore = { "**/*.swp", "**/*~", "docs/**" } }]==],
  example = [==[
p:use "watch.@NAME@" { ignore = "**/*.bak" }

p:task "hello" { run = "cat hello.txt", inputs = { "hello.txt" } }
]==],
  example_spec = [==[
  it("is what `ggen-lua watch` asks", function()
    assert.truthy(ggen_lua("check"))
    -- Each time that watch waits, somebody saves files.
    local said = assert(sh.capture({ "sh", "-c", [[
      cd example && echo one > hello.txt && mkfifo said && exec 4<> said && cd ..
      ggen-lua -C example watch > example/said 4>&- & watch=$!
      show() { while read -r line; do echo "$line"; case $line in waiting*) break; esac; done; }
      cd example; show < said; echo old > hello.bak; echo two > hello.txt; show < said
      kill -INT $watch; wait $watch; rm hello.txt hello.bak said
    ]] }, { env = { LUA_PATH = "./lua/?.lua;;" } }))
    assert.truthy(said:find("\nhello.txt changed\n", 1, true), said)
  end)
]==],
}
