-- What `plugin new frontend NAME` begins with.
-- SPDX-License-Identifier: MIT
return {
  plugin = [==[
-- What the tasks are, from a file that is no pipeline.lua: here one with a line "name: command" for
-- each task. "#" begins a comment.
local ggen = require("ggen")

---@type ggen.Plugin
return {
  name = "@NAME@",
  kind = "frontend",
  version = "@VERSION@",
  api = "^1",
  desc = "Take the lines of a file as tasks",
  params = {
    prefix = { type = "string", default = "", desc = "What the names of the tasks begin with." },
  },
  permissions = { "fs:.:ro" },
  -- host.file is the name of the file.
  setup = function(params, host)
    return {
      ---Whether the directory has such a file.
      detect = function(_, dir)
        local loading = ggen.loading()
        return loading ~= nil and loading:exists(dir .. "/" .. host.file)
      end,

      ---Declares what the file says, as a pipeline.lua does. What is read through ggen.loading()
      ---makes the tasks be declared anew when it changes.
      load = function(_, dir, pipeline)
        local path = dir .. "/" .. host.file
        local loading = ggen.loading()
        local text, message = nil, "nothing is being loaded"
        if loading then text, message = loading:read(path) end
        if not text then error(message, 0) end
        local number = 0
        for line in (text .. "\n"):gmatch("([^\n]*)\n") do
          number = number + 1
          local rest = line:gsub("#.*$", "")
          local name, command = rest:match("^%s*([%w_.-]+)%s*:%s*(.-)%s*$")
          if name and command ~= "" then
            pipeline:task(params.prefix .. name, { run = command })
          elseif rest:find("%S") then
            error(("line %d of %s: \"name: command\" expected"):format(number, host.file), 0)
          end
        end
      end,
    }
  end,
}
]==],
  spec = [==[
local ggen = require("ggen")
local plugin = require("ggen.plugins.frontend.@NAME@")

describe("frontend.@NAME@", function()
  local original, files

  -- Stands for the load that is going on.
  before_each(function()
    original = ggen.loading
    files = {}
    rawset(ggen, "loading", function()
      return {
        exists = function(_, path) return files[path] ~= nil end,
        read = function(_, path)
          if files[path] then return files[path] end
          return nil, path .. ": No such file or directory"
        end,
      }
    end)
  end)
  after_each(function() rawset(ggen, "loading", original) end)

  local function load(text, prefix)
    files["/here/tasks.txt"] = text
    local tasks = {}
    plugin.setup({ prefix = prefix or "" }, { file = "tasks.txt" }):load("/here", {
      task = function(_, name, spec) tasks[name] = spec.run end,
    })
    return tasks
  end

  it("knows its file", function()
    local frontend = plugin.setup({ prefix = "" }, { file = "tasks.txt" })
    assert.is_false(frontend:detect("/here"))
    files["/here/tasks.txt"] = ""
    assert.is_true(frontend:detect("/here"))
  end)

  it("declares a task for each line", function()
    assert.same({ build = "make all", test = "make test" },
      load("# what we do\nbuild: make all\n\n  test :  make test  # slow\n"))
  end)

  it("puts the prefix before names", function()
    assert.same({ ["x-build"] = "make" }, load("build: make", "x-"))
  end)

  it("says which line is wrong", function()
    assert.has_error(function() load("build: make\nnonsense\n") end,
      'line 2 of tasks.txt: "name: command" expected')
  end)
end)
]==],
  -- What the contract suite lets it read.
  files = { ["spec/fixtures/tasks.txt"] = "# What to do.\nbuild: make all\ntest: make test\n" },
  not_called = "This version of ggen-lua calls frontends of its own only.",
}
