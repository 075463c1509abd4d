-- The contract suite by the kind scheduler: each check fails for a plugin that is wrong in just
-- that way, and for no other.
-- SPDX-License-Identifier: MIT
local wrong_plugins = require("wrong_plugins")

require("ggen.evict") -- what is loaded is compared
require("ggen.suggest")

local GOOD = [[
    local seen, level = 0, params.level
    local self = {
      priority = function(_, task) return task.index % (level + 1) end,
      admit = function() return true end,
      observe = function() seen = seen + 1 end,
    }
]]
local function with(text) return GOOD .. text .. "\nreturn self" end

describe("the contract suite of schedulers", function()
  wrong_plugins.good("scheduler", with(""))
  wrong_plugins.builtin("scheduler")
  wrong_plugins.describe("scheduler", {
    { "changes its params", "setup", with("params.level = params.level + 1"),
      "setup({ level = 3 }, host) changed its params to { level = 4 }" },
    { "can be set up only once", "setup",
      with("if state.set_up then return nil, 'again?' end state.set_up = true"),
      "for the second time again?" },
    { "waits in setup", "setup", with("if level == 3 then ggen.async.sleep(1) end"),
      "setup({ level = 3 }, host) waited" },
    { "raises for options that its schema allows", "options",
      with("if level > 5 then error('too much') end"), "setup raised" },
    { "answers with a text", "answers",
      with("self.priority = function() return 'high' end"), 'returned "high"' },
    { "raises", "answers", with("self.observe = function(_, task) return task.no.such end"),
      "raised: plugin \"./wrong.lua\", method observe" },
    { "closes what it has only after a call", "setup", with([[
      local seen_by
      self.observe = function(_, task) seen_by = task end
      self.close = function() return seen_by.id end]]),
      "close ends what setup began, also when nothing was called between" },
    { "writes a file to see how it is", "answers", with([[
      self.health = function(_, report)
        local file, message = io.open(host.project_dir .. "/probe", "w")
        if not file then return report:problem(message) end
        file:close()
        report:ok("it can write")
      end]]), "health changes nothing, and it did: io.open" },
    { "does not say how it is", "answers", with("self.health = function() end"),
      "health says how it is" },
    { "waits where it must not", "waits",
      with("self.observe = function() ggen.async.sleep(1) end"), "waited (a timer of 1 s)" },
    { "takes its time to say how it is", "waits",
      with("self.health = function(_, report) ggen.async.sleep(3) report:ok('well') end"),
      "health says what it knows within 2 s" },
    { "answers otherwise when it is asked again", "purity",
      with("local n = 0 self.priorities = function(_, view) n = n + 1 return { n } end"),
      "when it was called again" },
    { "asks what time it is", "purity",
      with("self.priorities = function(_, view) return { os.time() * 0 } end"),
      "asked the host: a look at the clock" },
    { "changes its arguments", "arguments",
      with("self.admit = function(_, task) task.spec.tags = { 'seen' } return true end"),
      'set task.spec.tags = { "seen" }' },
    { "writes into a task", "arguments",
      with("self.priority = function(_, task) task.seen = true return 1 end"),
      "set task.seen = true\nthe contract: what the host hands out stays as it is" },
    { "counts in the view", "arguments", with([[
      self.admit = function(_, _, view)
        view.asked = (view.asked or 0) + 1
        return true
      end]]), "set view.asked = 1" },
    { "makes its numbers of those of the host", "arguments", with([[
      self.priorities = function(_, view)
        local list = view:durations()
        for i = 1, #list do list[i] = 2 * list[i] + 1 end
        return list
      end]]), "set view:durations()[" },
    { "marks the result of a task", "arguments",
      with("self.observe = function(_, _, result) result.seen = true end"),
      "set argument 2.seen = true" },
    { "gives tasks another class", "arguments", with([[
      self.observe = function(_, task)
        getmetatable(task).__index = { urgent = nil }
      end]]), "set the class of task.__index" },
    { "keeps what it knows in the host", "arguments", with("host.level = level"),
      "setup({ level = 3 }, host) set host.level = 3" },
    { "changes the options of the run", "arguments",
      with("self.observe = function() host.options.jobs = 1 end"),
      "set host.options.jobs = 1, which was 2" },
    { "changes its params later", "arguments",
      with("self.observe = function() params.level = params.level + 1 end"),
      "set params.level = 4, which was 3" },
    { "writes a file in setup", "setup", with([[
      local file = assert(io.open(host.project_dir .. "/seen", "w"))
      file:close()]]), "setup changes nothing outside" },
    { "numbers tasks by their names", "answers",
      with("self.priorities = function() return { build = 1 } end"),
      'numbers by the index of the task, and "build" is none' },
    { "takes chance into what is pure", "purity",
      with("self.admit = function() return math.random() >= 0 end"),
      "asked the host: a random number" },
    { "shows something in what is pure", "purity",
      with("self.admit = function() io.stderr:write('asked') return true end"),
      "asked the host: shown: asked" },
    { "starts a program past the host", "answers",
      with("self.observe = function() os.execute('true') end"),
      "os.execute() was called: all else stands still until it ends" },
    { "reads a program past the host", "answers",
      with("self.observe = function() io.popen('true'):close() end"), "io.popen() was called" },
    { "keeps state beside its instances", "instances",
      with("self.priority = function() state.n = (state.n or 0) + 1 return state.n end"),
      "beside an instance with other options" },
    { "passes failures over in silence", "errors", with([[
      self.priority = function(_, task, view)
        local ok, seconds = pcall(view.expected, view, task)
        return ok and seconds or 0
      end]]), "View:expected: refused by the contract suite (1) failed" },
    { "does not name what failed", "errors", with([[
      self.priority = function(_, task, view)
        local ok, seconds = pcall(view.expected, view, task)
        if not ok then error("something went wrong") end
        return seconds
      end]]), "an error names what failed" },
    { "writes a global variable", "globals", with("_G.wrong_plugin = level"), "_G.wrong_plugin" },
    { "writes into a library", "globals", with("string.wrong = function() end"), "string.wrong" },
    { "seeds the chance of all", "globals", with("math.randomseed(os.time())"),
      "called math.randomseed\nthe contract: what holds for the whole program is the host's" },
    { "switches the collector off", "globals",
      with("self.observe = function() collectgarbage('restart') end"), "called collectgarbage" },
    { "adds to ggen", "globals", with("ggen.mine = function() end"), "set ggen.mine" },
    { "puts its own function into ggen", "globals", with([[
      local lowest = ggen.evict.lowest
      ggen.evict.lowest = function(...) return lowest(...) end]]), "set ggen.evict.lowest" },
    { "puts a module in the place of another", "globals",
      with("package.loaded['ggen.suggest'] = {}"), 'package.loaded["ggen.suggest"]' },
    { "gives texts an operator", "globals",
      with("getmetatable('').__add = function() end"), "the metatable of texts.__add" },
    { "leaves a timer running", "leaks", with([[
      self.observe = function()
        ggen.async.run(function() ggen.async.sleep(3600) end)
      end]]), "left behind: 1 timer(s)" },
    { "leaves a file open", "leaks", with([[
      self.observe = function() state.file = io.open("/dev/null") end]]),
      "left behind: 1 open file(s)" },
    { "lets chance decide", "schedules",
      with("self.priority = function() return math.random() end"), "the same seed" },
    { "takes too long", "budget", with([[
      self.observe = function()
        local spent = require("ggen.contract.world").processor_time -- os.clock() is turned
        local began = spent()
        repeat until spent() > began + 0.12
      end]]), "its budget is 100 ms" },
    { "never ends", "budget", with("self.observe = function() while true do end end"),
      "still running" },
    { "starves a task", "never starves", with([[
      self.admit = function(_, task, view)
        return #view.running == 0 and task.index < 12 or level == 0 or task.index < 9
      end]]), "came to a halt" },
    { "answers for few tasks only", "runs to the end", with([[
      local n = 0
      self.observe = function() n = n + 1 if n > 5 then error("enough") end end]]),
      "left the scheduler out" },
  })
end)
