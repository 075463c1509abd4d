-- The contract suite itself: plugins of rocks run in an environment of their own, plugins that are
-- out to break it, what it makes up for params, and its tests in busted.
-- SPDX-License-Identifier: MIT
local contract = require("ggen.contract")
local Draw = require("ggen.contract.draw")
local schema = require("ggen.schema")
local values = require("ggen.contract.values")
local wrong_plugins = require("wrong_plugins")

describe("the contract suite of a rock", function()
  local PATH = "src/ggen/plugins/scheduler/wrong.lua"

  local function with(text)
    return ([[
      local self = {
        priority = function(_, task) return task.index end,
        observe = function() end,
      }
      %s
      return self]]):format(text)
  end

  wrong_plugins.good("scheduler", with(""), PATH)
  wrong_plugins.describe("scheduler", {
    { "asks for what its environment has not", "setup", with("io.open('/dev/null')"),
      "attempt to index global 'io'" },
    { "writes a global variable", "setup", with("wrong_plugin = 1"),
      'assignment to the global "wrong_plugin"' },
    { "goes by the clock of the machine", "purity", with([[
      self.admit = function() return os.time() > 0 end]]), "a look at the clock" },
    { "keeps state beside its instances", "instances", with([[
      self.priority = function() state.n = (state.n or 0) + 1 return state.n end]]),
      "beside an instance with other options" },
    { "passes failures over in silence", "errors", with([[
      self.priority = function(_, task, view)
        local ok, seconds = pcall(view.expected, view, task)
        return ok and seconds or 0
      end]]), "View:expected: refused by the contract suite (1) failed" },
    { "leaves a timer running", "leaks", with([[
      self.observe = function()
        ggen.async.run(function() ggen.async.sleep(3600) end)
      end]]), "left behind: 1 timer(s)" },
    { "lets chance decide", "schedules",
      with("self.priority = function() return math.random() end"), "the same seed" },
    { "never ends at one of many tasks", "budget", with([[
      self.priority = function(_, task)
        while task.index == 15 do state.n = 1 end
        return 1
      end]]), "did not end: Lua code that goes on and on" },
  }, PATH)
end)

describe("the contract suite of a plugin in a process of its own", function()
  local PATH = "src/ggen/plugins/scheduler/wrong.lua"

  local function with(text)
    return ([[
      local trust = "process"
      local self = { priority = function(_, task) return task.index end }
      %s
      return self]]):format(text)
  end

  wrong_plugins.good("scheduler", with(""), PATH)
  wrong_plugins.describe("scheduler", {
    { "keeps state beside its instances", "instances", with([[
      self.priority = function() state.n = (state.n or 0) + 1 return state.n end]]),
      "beside an instance with other options" },
    { "goes by the clock of the machine", "purity", with([[
      self.admit = function() return os.time() > 0 end]]), "a look at the clock" },
    { "takes chance into what is pure", "purity", with([[
      self.priorities = function()
        local list = { 1 }
        table.sort(list, function() return math.random() < 0.5 end)
        return { math.random(3) > 0 and 1 or 0 }
      end]]), "a random number" },
    { "lets chance decide", "schedules",
      with("self.priority = function() return math.random() end"), "the same seed" },
  }, PATH)

  -- 1.8e9 is when the world of the suite begins.
  local function says(expression, path)
    local body = with(([[
      self.priority = function() error("it says " .. tostring(%s)) end]]):format(expression))
    if path then body = body:gsub('local trust = "process"', "") end
    local report = wrong_plugins.check("scheduler", body, { schedules = 0 }, path or PATH)
    return (select(2, wrong_plugins.failed(report)):match("it says ([^\n]*)"))
  end
  it("has the clock of the suite", function()
    assert.equal("1800001000", says("os.time()"))
    assert.equal("2027-01-15 08:16", says("os.date('!%Y-%m-%d %H:%M')"))
    assert.equal("2027", says("os.date('*t').year"))
    assert.is_true(tonumber(says("os.clock()")) >= 2000)
    assert.equal("1970-01-01", says("os.date('!%Y-%m-%d', 5)"))
  end)
  it("has the chance of the suite", function()
    assert.equal(says("math.random(1000000)", "./wrong.lua"), says("math.random(1000000)"))
  end)
end)

describe("the contract suite", function()
  local function failed(body, options)
    return wrong_plugins.failed(wrong_plugins.check("scheduler", body, options))
  end

  it("is not ended by a plugin that ends the program", function()
    local names, message = failed("return { observe = function() os.exit(0) end }")
    assert.same({ "answers" }, names)
    assert.matches("os.exit() was called", message, 1, true)
  end)

  it("survives calls without a bottom", function()
    local names, message = failed([[
      local function down() return 1 + down() end
      return { priority = down }]])
    assert.same({ "answers" }, names)
    assert.matches("stack overflow", message, 1, true)
  end)

  it("survives errors that are no texts, and answers that are enormous", function()
    local names = failed([[
      return { priority = function()
        error(setmetatable({}, { __tostring = function() error("no") end }))
      end }]])
    assert.same({ "answers" }, names)
    names = failed([[
      local circle = { ("x"):rep(10 * 1024 * 1024) }
      circle.again = circle
      return { priority = function() return circle end }]])
    assert.same({ "answers" }, names)
  end)

  it("says what never comes", function()
    local names, message = failed([[
      return { close = function() ggen.async.await(function() end) end }]], { schedules = 0 })
    assert.same({ "setup" }, names)
    assert.matches("close(), right after setup, never ended: it waits for something that does not"
      .. " come", message, 1, true)
  end)

  it("leaves the world as it was", function()
    local time, open = os.time(), io.open("/dev/null")
    open:close()
    failed("return { priority = function() error('no') end }", { schedules = 3 })
    assert.is_true(os.time() - time < 100)
    assert.equal(1, require("ggen.core.process").split and 1)
  end)

  it("repeats a seed, and makes other choices for another", function()
    local body = "return { priority = function(_, task) error(task.id) end }"
    local function message_of(seed)
      return select(2, failed(body, { seed = seed })):gsub("/tmp/ggen%-wrong%-%w+", "")
    end
    local messages = {}
    for seed = 1, 5 do messages[message_of(seed):gsub("%-%-seed %d", "")] = true end
    assert.is_true(#require("ggen.sorted").keys(messages) > 2)
    assert.equal(message_of(4), message_of(4))
  end)

  it("raises for what is not there", function()
    for name, text in pairs({
      ["./nowhere.lua"] = "there is no file", ["scheduler.nowhere"] = "not found",
      ["lua/ggen/plugins/scheduler/nowhere.lua"] = "there is no file",
    }) do
      local ok, problem = pcall(contract.check, name)
      assert.is_false(ok)
      assert.matches(text, tostring(problem), 1, true)
    end
  end)
end)

describe("params that are made up", function()
  it("are what the schema allows", function()
    local fields = {
      level = { type = "integer", min = 3, max = 5 }, share = { type = "number", max = 1, min = 0 },
      on = { type = "boolean" }, mode = { type = "enum", values = { "a", "b" } },
      keep = { type = "duration" }, most = { type = "size" },
      url = { type = "string", required = true, check = function(text)
        return not text:find("^http://") and "an address" or nil
      end },
      list = { type = "list", required = true, of = { type = "integer", min = 7, max = 9 } },
      map = { type = "map", required = true, of = { type = "record", fields = {
        name = { type = "string", required = true } } } },
      either = { type = "union", required = true, expects = "either", any_of = {
        { type = "string" }, { type = "boolean" } } },
    }
    for seed = 1, 200 do
      local params = values.params(fields, Draw.new(seed), true)
      local checked, message, where = schema.check({ type = "record", fields = fields }, params)
      assert.is_table(checked, tostring(message) .. " " .. tostring(where))
    end
  end)
end)

contract.busted("scheduler.fair", { schedules = 10 })
