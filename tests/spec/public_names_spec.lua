-- The check that all that is public is described (docs/generator/complete.lua) finds what is
-- planted for it; and what is described of the objects that plugins see is there in a run.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")

local function with_generator(names)
  local path, found = package.path, {}
  package.path = "docs/generator/?.lua;" .. path
  for i, name in ipairs(names) do
    found[i] = require(name)
    package.loaded[name] = nil
  end
  package.path = path
  return unpack(found)
end

local luacats, complete = with_generator({ "luacats", "complete" })

local function problems_of(source, fn)
  local item, problems = luacats.read(source).items[1], {}
  local function problem(text) problems[#problems + 1] = text end
  complete.of_function(item, "f", problem)
  if fn then complete.against(item, fn, "f", problem) end
  return problems
end

describe("the check of what is public", function()
  local good = "---Adds.\n---@param a number\n---@param b? number\n---@return number\n"
    .. "function M.f(a, b) end\n"

  it("finds nothing where all is said", function()
    assert.same({}, problems_of(good, function(a, b) return a + (b or 0) end))
  end)

  it("finds a missing docstring, parameter and return", function()
    assert.same({ "f has no docstring" }, problems_of((good:gsub("%-%-%-Adds.\n", ""))))
    assert.same({ "f has no @param b" }, problems_of((good:gsub("%-%-%-@param b[^\n]*\n", ""))))
    assert.same({ "f returns something, and has no @return" },
      problems_of((good:gsub("%-%-%-@return[^\n]*\n", "")), function(a, b) return a, b end))
    assert.same({}, problems_of((good:gsub("%-%-%-@return[^\n]*\n", "")), function(a, b)
      if a then return end
      print(b)
    end))
  end)

  it("finds parameters that are not there, and those that nobody describes", function()
    assert.same({ "f has no parameter c, which it describes" },
      problems_of((good:gsub("@return", "@param c number\n---@return"))))
    assert.same({ "f takes 1 parameters, and 2 are described" },
      problems_of(good, function(a) return a end))
    assert.same({ "f takes depth, which is not described" },
      problems_of(good, function(a, b, depth) return a + b + depth end))
    assert.same({ "f is no function at run time" }, problems_of(good, 1))
  end)
end)

-- What a plugin of several kinds sees is asked for the members that are described: the names come
-- in, and those that it does not find go out.
local PLUGIN = [[
local json = require("ggen.core.json")
local wanted = json.decode(io.open("wanted.json"):read("*a"))
-- Shared by the plugins.
local state = package.loaded.looked or { missing = json.array({}), seen = {} }
package.loaded.looked = state
local missing, seen = state.missing, state.seen

local function look(class, object)
  if seen[class] then return end
  seen[class] = true
  for _, name in ipairs(wanted[class]) do
    if object[name] == nil then missing[#missing + 1] = class .. "." .. name end
  end
end

local function write()
  local file = io.open("found.json", "w")
  file:write(json.encode(state))
  file:close()
end

local kinds = {}

function kinds.observer(host)
  look("ggen.Host", host)
  look("ggen.RunOptions", host.options)
  look("ggen.Screen", host.screen)
  look("ggen.Style", host.style)
  return {
    on_run_start = function(_, run)
      look("ggen.Run", run)
      look("ggen.Project", run.project)
      look("ggen.Events", run.events)
    end,
    on_task_log = function(_, _, log) look("ggen.Log", log) end,
    on_task_end = function(_, task, result)
      look("ggen.Task", task)
      look("ggen.TaskResult", result)
    end,
    on_run_end = function(_, _, totals)
      look("ggen.Totals", totals)
      write()
    end,
  }
end

function kinds.scheduler()
  return { priority = function(_, _, view)
    look("ggen.View", view)
    look("ggen.Machine", view.machine)
    return 0
  end }
end

function kinds.executor()
  return { run = function(_, _, ctx)
    look("ggen.Context", ctx)
    look("ggen.Step", ctx.steps[1])
    return ctx:step(ctx.steps[1])
  end }
end

function kinds.hooks()
  return { run = function(_, hooks, call)
    look("ggen.Hook", hooks[1])
    for _, hook in ipairs(hooks) do call(hook) end
  end }
end

function kinds.fingerprint()
  return { inputs = "content", parts = function(_, _, key) look("ggen.KeyBuilder", key) end }
end

function kinds.cache()
  return { admit = function(_, _, result)
    look("ggen.NewResult", result)
    return true
  end }
end

return { name = "look", kind = KIND, version = "1.0.0", api = 1, desc = "Looks",
  setup = function(_, host) return kinds[KIND](host) end }
]]

local KINDS = { "observer", "scheduler", "executor", "hooks", "fingerprint", "cache" }

-- The members that are there for sure, by class: all but the optional fields.
local function members()
  local wanted = {}
  for _, path in ipairs(assert(fs.glob("lua/ggen/types", "*.lua"))) do
    for _, item in ipairs(luacats.read(assert(fs.read("lua/ggen/types/" .. path))).items) do
      local class = item.kind == "class" and item.name or item.class
      if class then wanted[class] = wanted[class] or {} end
      for _, field in ipairs(item.kind == "class" and item.fields or {}) do
        local may_miss = field.optional or field.type:find("%f[%w]nil%f[%W]")
        if not may_miss then table.insert(wanted[class], field.name) end
      end
      if item.kind == "function" and class then table.insert(wanted[class], item.name) end
    end
  end
  return wanted
end

describe("what plugins see of a run", function()
  it("has all that is described", function()
    local async, json = require("ggen.async"), require("ggen.core.json")
    local process = require("ggen.core.process")
    local dir = assert(fs.make_temp_dir("ggen-public-"))
    finally(function() fs.remove(dir, { recursive = true }) end)
    assert(fs.write(dir .. "/wanted.json", json.encode(members())))
    local lines = { 'local p = require("ggen").pipeline "look"' }
    for _, kind in ipairs(KINDS) do
      assert(fs.write(dir .. "/" .. kind .. ".lua", (PLUGIN:gsub("KIND", ("%q"):format(kind)))))
      lines[#lines + 1] = ('p:use "./%s.lua"'):format(kind)
    end
    lines[#lines + 1] = 'p:task "first" { run = "echo first" }'
    lines[#lines + 1] = 'p:task "second" { run = "echo second" }'
    lines[#lines + 1] = 'p:before "second" { "first" }'
    lines[#lines + 1] = "return p"
    assert(fs.write(dir .. "/pipeline.lua", table.concat(lines, "\n") .. "\n"))
    local env = { PATH = os.getenv("PATH"), HOME = dir, GGEN_LUA_PATH = os.getenv("GGEN_LUA_PATH") }
    local result = async.await(function(resume)
      return assert(process.run({ argv = { fs.realpath("/proc/self/exe"), "run" }, cwd = dir,
        env = env, capture = 65536, timeout = 60 }, resume))
    end)
    assert.equal(0, result.code, result.stdout .. result.stderr)
    local found = json.decode(assert(fs.read(dir .. "/found.json"), result.stdout))
    assert.same({}, found.missing)
    local seen = {}
    for class in pairs(found.seen) do seen[#seen + 1] = class end
    table.sort(seen)
    assert.same({ "ggen.Context", "ggen.Events", "ggen.Hook", "ggen.Host", "ggen.KeyBuilder",
      "ggen.Log", "ggen.Machine", "ggen.NewResult", "ggen.Project", "ggen.Run", "ggen.RunOptions",
      "ggen.Screen", "ggen.Step", "ggen.Style", "ggen.Task", "ggen.TaskResult", "ggen.Totals",
      "ggen.View" }, seen)
  end)
end)
