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
    file = { type = "string", default = "tasks.txt", desc = "The name of the file." },
    prefix = { type = "string", default = "", desc = "What the names of the tasks begin with." },
  },
  permissions = { "fs:.:ro" },
  -- host.file is there when p:import names the file.
  setup = function(params, host)
    local file = host.file or params.file

    return {
      ---Whether the directory has such a file.
      detect = function(_, dir)
        local loading = ggen.loading()
        return loading ~= nil and loading:exists(dir .. "/" .. file)
      end,

      ---Declares what the file says, as a pipeline.lua does. What is read through ggen.loading()
      ---makes the tasks be declared anew when it changes.
      load = function(_, dir, pipeline)
        local path = dir .. "/" .. file
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
            -- The place is what messages name, and `ggen-lua why`.
            pipeline:task(params.prefix .. name, { run = command }, { file = path, line = number })
          elseif rest:find("%S") then
            error(('%s:%d: "name: command" expected'):format(file, number), 0)
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
    plugin.setup({ prefix = prefix or "", file = "tasks.txt" }, {}):load("/here", {
      task = function(_, name, spec) tasks[name] = spec.run end,
    })
    return tasks
  end

  it("knows its file", function()
    local params = { prefix = "", file = "tasks.txt" }
    local frontend = plugin.setup(params, {})
    local of_import = plugin.setup(params, { file = "more.txt" })
    assert.is_false(frontend:detect("/here"))
    files["/here/tasks.txt"] = ""
    assert.is_true(frontend:detect("/here"))
    assert.is_false(of_import:detect("/here"))
  end)

  it("declares a task for each line", function()
    assert.same({ build = "make all", test = "make test" },
      load("# what we do\nbuild: make all\n\n  test :  make test  # slow\n"))
  end)

  it("puts the prefix before names", function()
    assert.same({ ["x-build"] = "make" }, load("build: make", "x-"))
  end)

  it("says which line is wrong", function()
    local _, message = pcall(load, "build: make\nnonsense\n")
    assert.equal('tasks.txt:2: "name: command" expected', message)
  end)
end)
]==],
  -- What the contract suite lets it read.
  files = { ["spec/fixtures/tasks.txt"] = "# What to do.\nbuild: make all\ntest: make test\n" },
  use = [==[p:use "frontend.@NAME@" { prefix = "make-" }]==],
  example = [==[
p:use "frontend.@NAME@" { prefix = "x-" } -- reads tasks.txt

p:task "all" { needs = { "x-build", "x-test" } }
]==],
  example_files = { ["tasks.txt"] = "build: echo building\ntest: echo testing\n" },
  example_spec = [==[
  it("runs what the file says", function()
    local output = ggen_lua("run", "--force", "-j1")
    assert.truthy(output:find("building.*testing"), output)
  end)

  it("looks at the file again when it has changed", function()
    local file = assert(io.open("example/tasks.txt", "rb"))
    local text = file:read("*a")
    file:close()
    local function write(new)
      file = assert(io.open("example/tasks.txt", "wb"))
      file:write(new)
      file:close()
    end
    write(text .. "lint: echo linting\n")
    local output = ggen_lua("list")
    write(text)
    assert.truthy(output:find("x-lint", 1, true), output)
  end)
]==],
}
