-- What `plugin new workspaces NAME` begins with.
-- SPDX-License-Identifier: MIT
return {
  plugin = [==[
-- Which directories are workspaces, and what each depends on: here they are listed in layers, and
-- each depends on all that lie in the layers below it.

---@type ggen.Plugin
return {
  name = "@NAME@",
  kind = "workspaces",
  version = "@VERSION@",
  api = "^1",
  desc = "Workspaces in layers: each depends on those of the layers below",
  params = {
    layers = { type = "list", of = { type = "list", of = { type = "string" } }, default = {},
      desc = "Directories, the lowest layer first." },
  },
  -- p:use "workspaces.@NAME@" { { "lib" }, { "app" } }
  positional = "layers",
  setup = function(params)
    return {
      ---The workspaces, or nil and what is wrong. Pure; what it reads it reads through
      ---ggen.loading(), so that a change is noticed.
      find = function()
        local list, below, seen = {}, {}, {}
        for _, layer in ipairs(params.layers) do
          local names = {}
          for _, dir in ipairs(layer) do
            local name = dir:match("([^/]+)/*$")
            if not name or seen[name] then
              return nil, ("%q: %s"):format(dir, name and "two workspaces of this name"
                or "this is no directory")
            end
            seen[name] = true
            names[#names + 1] = name
            list[#list + 1] = { name = name, dir = dir, depends_on = { unpack(below) } }
          end
          for _, name in ipairs(names) do below[#below + 1] = name end
        end
        return list
      end,
    }
  end,
}
]==],
  spec = [==[
local plugin = require("ggen.plugins.workspaces.@NAME@")

describe("workspaces.@NAME@", function()
  local function find(layers) return plugin.setup({ layers = layers }, {}):find("/project") end

  it("lets each depend on the layers below", function()
    assert.same({
      { name = "base", dir = "libs/base", depends_on = {} },
      { name = "net", dir = "libs/net", depends_on = { "base" } },
      { name = "web", dir = "apps/web", depends_on = { "base", "net" } },
    }, find({ { "libs/base" }, { "libs/net" }, { "apps/web" } }))
  end)

  it("refuses a name that is there twice", function()
    local list, message = find({ { "a/x" }, { "b/x" } })
    assert.is_nil(list)
    assert.equal('"b/x": two workspaces of this name', message)
  end)
end)
]==],
  use = [==[p:use "workspaces.@NAME@" { { "libs/base" }, { "apps/web" } }]==],
  example = [==[
p:use "workspaces.@NAME@" { { "lib" }, { "app" } }

p:each_workspace(function(w)
  w:task "build" { needs = { "^build" }, run = "echo building in $(basename $PWD)" }
end)
]==],
  example_files = { ["lib/.keep"] = "", ["app/.keep"] = "" },
  example_spec = [==[
  it("builds the lower layer first", function()
    local output = ggen_lua("run", "--force", "build")
    assert.truthy(output:find("building in lib.*building in app"), output)
  end)
]==],
}
