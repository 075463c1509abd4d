-- The contract suite by the kind frontend.
-- SPDX-License-Identifier: MIT
local wrong_plugins = require("wrong_plugins")

describe("the contract suite of frontends", function()
  local GOOD = [[
    local function read(dir)
      local loading = ggen.loading()
      if host.file ~= "tasks.txt" or not loading:exists(dir .. "/tasks.txt") then return nil end
      return loading:read(dir .. "/tasks.txt")
    end
    local self = {
      detect = function(_, dir)
        return host.file == "tasks.txt" and ggen.loading():exists(dir .. "/tasks.txt")
      end,
      load = function(_, dir, pipeline)
        local text, message = read(dir)
        if not text then error("tasks.txt: " .. tostring(message), 0) end
        for name, command in text:gmatch("(%w+): ([^\n]+)") do
          pipeline:task(name, { run = command })
        end
      end,
    }
    local good = self.load
  ]]
  local function with(text) return GOOD .. text .. "\nreturn self" end

  wrong_plugins.good("frontend", with(""))
  wrong_plugins.good("frontend", [[
    local file = host.file or "tasks.txt"
    return {
      detect = function(_, dir) return ggen.loading():exists(dir .. "/" .. file) end,
      load = function(_, dir, pipeline)
        local text, message = ggen.loading():read(dir .. "/" .. file)
        if not text then return nil, message, file, 1 end
        for name, command in text:gmatch("(%w+): ([^\n]+)") do
          pipeline:task(name, { run = command }, { file = file, line = 1 })
        end
      end,
    }
  ]])
  wrong_plugins.builtin("frontend")
  wrong_plugins.example("frontend")
  it("finds nothing whatever the seed", function()
    for seed = 11, 14 do
      local report = require("ggen.contract").check("frontend.make-toml", { seed = seed,
        schedules = 5 })
      local names, message = wrong_plugins.failed(report)
      assert.same({}, names, message)
    end
  end)

  wrong_plugins.describe("frontend", {
    { "detects nothing", "setup", with("self.detect = nil"),
      "a plugin of kind frontend has the method detect" },
    { "reads past the load", "reads through the load", with([[
      self.load = function(_, dir, pipeline)
        local file = io.open(dir .. "/tasks.txt")
        file:close()
        good(_, dir, pipeline)
      end]]), "went past the load: io.open" },
    { "declares a task for today", "reads through the load", with([[
      self.load = function(_, dir, pipeline)
        good(_, dir, pipeline)
        pipeline:task(os.date("%A"), { run = "true" })
      end]]), "went past the load: a look at the clock" },
    { "declares more the second time", "loads the same again", with([[
      local loaded = false
      self.load = function(_, dir, pipeline)
        good(_, dir, pipeline)
        if loaded then pipeline:task("again", { run = "true" }) end
        loaded = true
      end]]), "the same file gives the same tasks" },
    { "does not say which file is wrong", "names the file", with([[
      self.load = function(_, dir, pipeline)
        local text = read(dir)
        if text and not text:find("^%w+:") then error("a line is wrong", 0) end
        good(_, dir, pipeline)
      end]]), "said with the name of the file" },
    { "detects by a text", "answers", with([[
      local detect = self.detect
      self.detect = function(self, dir)
        return detect(self, dir) == true or host.file == "tasks.txt" and "no"
      end]]), "true or false" },
    { "declares nothing", "answers", with([[
      self.load = function(_, dir)
        local text, message = read(dir)
        if not text then error(message, 0) end
      end]]),
      "it declares the tasks of the file" },
    { "looks past the load", "purity", with([[
      self.detect = function(_, dir)
        local file = io.open(dir .. "/tasks.txt")
        if file then file:close() end
        return host.file == "tasks.txt" and file ~= nil
      end]]), "asks for nothing but its arguments" },
    { "declares what another instance was set up for", "instances", with([[
      state.level = params.level
      self.load = function(_, dir, pipeline)
        good(_, dir, pipeline)
        pipeline:task("extra" .. state.level, { run = "true" })
      end]]), "beside an instance with other options" },
    { "takes what cannot be read for nothing", "errors", with([[
      self.load = function(_, dir, pipeline)
        if read(dir) then good(_, dir, pipeline) end
      end]]), "is not passed over in silence" },
    { "reads its own file in the place of the one that is imported", "goes by host.file", [[
      local self = {
        detect = function(_, dir) return ggen.loading():exists(dir .. "/tasks.txt") end,
        load = function(_, dir, pipeline)
          local text, message = ggen.loading():read(dir .. "/tasks.txt")
          if not text then error(message, 0) end
          for name, command in text:gmatch("(%w+): ([^\n]+)") do
            pipeline:task(name, { run = command })
          end
        end,
      }
      return self]], "p:import names the file that is meant" },
    { "wants a name where there is none", "goes by host.file", with([[
      self.detect = function(_, dir)
        return host.file:find("^tasks") ~= nil and ggen.loading():exists(dir .. "/tasks.txt")
      end]]), "as p:use has it" },
    { "reads none of the files that there are", "reads a file", with([[
      self.detect = function() return false end]]), "put one into spec/fixtures" },
  })
end)
