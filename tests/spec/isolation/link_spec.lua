-- The host's end of a process with a plugin, with a process that says whatever the test wants.
-- SPDX-License-Identifier: MIT
local link = require("ggen.isolation.link")
local offered = require("ggen.isolation.offered")
local sandbox = require("ggen.core.sandbox")

describe("the link to a plugin's process", function()
  local start = sandbox.start
  after_each(function() sandbox.start = start end)

  -- A link to a process that answers the message number n of the host with answers[n], a list of
  -- values, or a function of the message that gives one. It begins with the file of the plugin.
  local function linked(answers, services)
    local sent, waiting = {}, {}
    local channel = {}
    function channel.hooks() end
    function channel.send(_, _, ...)
      sent[#sent + 1] = { ... }
      local answer = answers[#sent - 1]
      if #sent == 1 then answer = { "ready", 7, true } end
      if type(answer) == "function" then answer = answer(...) end
      waiting[#waiting + 1] = answer
      waiting[#waiting + 1] = answer and answer.before
      return true
    end
    function channel.receive()
      local message = table.remove(waiting, 1)
      if not message then return nil, "gone", "io" end
      return true, unpack(message, 1, table.maxn(message))
    end
    function channel.close() return "signal 9" end
    function channel.waiting() return waiting[1] ~= nil end
    sandbox.start = function() return channel end
    local shown = offered.new(function() end)
    return link.new("scheduler.test", services or {}, shown, {}), sent
  end

  local function load(answers, services)
    local one, sent = linked(answers, services)
    local ok, message = pcall(one.load, one, "text", "@plugin.lua")
    return ok, message, sent, one
  end

  it("hands over what it is answered", function()
    local ok, value = load({ { "return", 1, true, nil, 5 } })
    assert.is_true(ok)
    assert.equal(5, value)
  end)

  local NONSENSE = {
    ["an answer to no question"] = { "return", 2, true, nil, 5 },
    ["a number for a name"] = { 1, 2, 3 },
    ["nothing at all"] = {},
    ["a question that there is not"] = { "execute", 1, 1, "id" },
    ["a question of the inside of this"] = { "__index", 1, 1, "id" },
    ["a question without a number"] = { "api", "x", 1, "http.request" },
    ["a table for an answer"] = { {}, {}, {} },
    ["a question that is not a number"] = { "api", 0 / 0, 1, "http.request" },
    ["a question of a number below one"] = { "api", 0, 1, "http.request" },
    ["no list of what it lets go"] = { "release", 5 },
    ["one release after the other"] = { "release", {}, before = { "release", {} } },
  }
  it("takes no table by a number that is none", function()
    for _, id in ipairs({ 0 / 0, 0, -1, 0.5, "x" }) do
      local ok, value = load({ { "return", 1, true, { ["1"] = id }, { 5 } } })
      assert.is_true(ok)
      assert.same({ 5 }, value)
    end
  end)

  for name, message in pairs(NONSENSE) do
    it("ends a process that sends " .. name, function()
      local ok, problem, _, one = load({ message })
      assert.is_false(ok)
      assert.matches("it sent what it never should", problem)
      assert.is_false(one:is_open())
      assert.is_false(pcall(one.load, one, "text", "@plugin.lua"))
    end)
  end

  it("says that the process has ended, and how", function()
    local ok, problem = load({})
    assert.is_false(ok)
    assert.equal("its process has ended (signal 9)", problem)
  end)

  it("answers what it is asked", function()
    local ok, value, sent = load({ { "api", 9, 1, "double", 21 },
      function(what, id, good, result)
        assert.same({ "reply", 9, true, 42 }, { what, id, good, result })
        return { "return", 1, true, nil, result }
      end }, { api = function(_, number) return number * 2 end })
    assert.is_true(ok)
    assert.equal(42, value)
    assert.equal(3, #sent)
  end)

  it("answers with texts only when something fails", function()
    local ok, _, sent = load({ { "api", 9, 1 }, { "return", 1, true } },
      { api = function() error({ secret = "s" }) end })
    assert.is_true(ok)
    assert.same({ "reply", 9, false, "error of the host" }, sent[3])
  end)

  it("does not take an error of the plugin for a text", function()
    local ok, problem = load({ { "return", 1, false, nil, { 1 } } })
    assert.is_false(ok)
    assert.equal("it failed without a message", problem)
  end)

  it("ends a process that answers twice", function()
    local ok, problem, _, one = load({ { "return", 1, true, nil, 5 } })
    assert.is_true(ok)
    assert.equal(5, problem)
    one._channel.receive = function() return true, "return", 1, true end
    ok, problem = pcall(one.load, one, "text", "@plugin.lua")
    assert.is_false(ok)
    assert.matches("it sent what it never should", problem)
  end)

  it("calls functions of the host only when it has given them", function()
    local shown = offered.new(function() end)
    assert.is_false(pcall(shown.call, shown, os.execute, "true"))
    local data = { fn = function() return "called" end }
    shown:describe(data.fn, true)
    assert.is_false(pcall(shown.call, shown, data.fn))
    shown:describe(data.fn, false)
    assert.equal("called", shown:call(data.fn))
  end)

  it("gives fields and methods of what it shows, and no others", function()
    local shown = offered.new(function() end)
    local task = setmetatable({ id = "a", secret = "s", run = function() return "ran" end },
      { __name = "ggen.Task" })
    assert.equal("a", shown:get(task, "id"))
    assert.is_nil(shown:get(task, "secret"))
    assert.is_false(pcall(shown.method, shown, task, "run"))
    assert.is_nil(shown:get({ id = "a" }, "id"))
    assert.is_nil(shown:get("text", "len"))
    assert.is_false(pcall(shown.method, shown, "text", "upper"))
    assert.is_false(pcall(shown.method, shown, io.stdout, "write", "x"))
  end)
end)
