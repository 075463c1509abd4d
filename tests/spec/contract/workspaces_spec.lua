-- The contract suite by the kind workspaces.
-- SPDX-License-Identifier: MIT
local wrong_plugins = require("wrong_plugins")

describe("the contract suite of workspaces", function()
  local GOOD = [[
    local function entry(dir) return { name = dir:match("[^/]+$"), dir = dir, depends_on = {} } end
    local self = { find = function(_, root)
      local loading = ggen.loading()
      if not loading:exists("modules.txt") then return {} end
      local text, message = loading:read("modules.txt")
      if not text then return nil, message, "modules.txt" end
      local list, seen = {}, {}
      for dir in text:gmatch("%f[^\n%z]([%w/]+)") do
        if seen[dir] or dir:sub(1, 1) == "/" then return nil, "twice", "modules.txt", 1 end
        seen[dir] = true
        list[#list + 1] = entry(dir)
      end
      return list
    end }
    local good = self.find
  ]]
  local function with(text) return GOOD .. text .. "\nreturn self" end

  wrong_plugins.good("workspaces", with(""))
  wrong_plugins.builtin("workspaces", {
    ["workspaces.list"] = { web = { path = "apps/web", depends_on = { "core" } },
      core = "libs/core" },
  })
  wrong_plugins.example("workspaces")
  wrong_plugins.describe("workspaces", {
    { "finds none", "setup", "return {}", "a plugin of kind workspaces has the method find" },
    { "finds them by name", "answers", with([[
      self.find = function() return { web = { name = "web", dir = "apps/web" } } end]]),
      "a list, without names" },
    { "finds what is not there", "answers", with([[
      self.find = function() return { { name = "web", dir = "apps/nowhere" } } end]]),
      'each directory is there: "apps/nowhere" is not' },
    { "has a name of which no task can be named", "answers", with([[
      self.find = function() return { { name = "we#b", dir = "apps/web" } } end]]),
      'the character "#" cannot be part of a name' },
    { "depends on a text", "answers", with([[
      self.find = function()
        return { { name = "web", dir = "apps/web", depends_on = "core" } }
      end]]), "depends_on is a list of names" },
    { "depends in a circle", "answers", with([[
      self.find = function()
        return { { name = "a", dir = "apps/web", depends_on = { "b" } },
          { name = "b", dir = "libs/core", depends_on = { "a" } } }
      end]]), "none depends on itself" },
    { "finds a text", "answers", with("self.find = function() return 'apps' end"),
      "a list, or nil and a message" },
    { "finds nothing and does not say why", "answers", with("self.find = function() end"),
      "a list, or nil and a message" },
    { "leads out of the project", "answers", with([[
      self.find = function() return { { name = "out", dir = "libs/../../out" } } end]]),
      "a directory below the root" },
    { "names one twice", "answers", with([[
      self.find = function()
        return { { name = "a", dir = "apps/web" }, { name = "a", dir = "libs/core" } }
      end]]), "each name and each directory once" },
    { "depends on what is not there", "answers", with([[
      self.find = function()
        return { { name = "a", dir = "apps/web", depends_on = { "nothing" } } }
      end]]), "depends_on has names of this list" },
    { "reads past the load", "purity", with([[
      self.find = function(self, root)
        local file = io.open(root .. "/modules.txt")
        if file then file:close() end
        return good(self, root)
      end]]), "asks for nothing but its arguments" },
    { "takes what cannot be read for nothing", "errors", with([[
      self.find = function(self, root)
        return good(self, root) or {}
      end]]), "is not passed over in silence" },
    { "raises at a file with a mistake", "says what is wrong in files", with([[
      self.find = function(self, root)
        local text = ggen.loading():read("package.json")
        if text and not text:find("apps") then error("no apps") end
        return good(self, root)
      end]]), "nil, a message, the file and the line" },
    { "raises where there is no file", "bears an empty project", with([[
      self.find = function(self, root)
        if not ggen.loading():exists(root .. "/modules.txt") then error("no modules.txt") end
        return good(self, root)
      end]]), "is no error of the plugin" },
  })
end)
