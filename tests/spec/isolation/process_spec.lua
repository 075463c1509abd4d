-- Plugins in a process of their own: the same as in the host for those who behave, and nothing to
-- be had for the others.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local process = require("ggen.isolation.process")
local sandbox = require("ggen.core.sandbox")
local timer = require("ggen.core.timer")
local tricks = require("escape_tricks")

describe("a plugin in a process of its own", function()
  local dir, closing

  before_each(function()
    dir, closing = assert(fs.make_temp_dir("process-tier")), {}
  end)
  after_each(function()
    for _, impl in ipairs(closing) do pcall(impl.close, impl) end
    fs.remove(dir, { recursive = true })
  end)

  local function write(name, text) assert(fs.write(dir .. "/" .. name, text)) end

  local function options(more)
    local all = { dir = dir, granted = {}, search_path = dir .. "/?.lua" }
    for name, value in pairs(more or {}) do all[name] = value end
    return all
  end

  -- What a plugin's file returns that consists of this text.
  local function manifest(text, more)
    write("plugin.lua", text)
    return process.manifest(dir .. "/plugin.lua", options(more), function(value) return value end)
  end

  -- The methods of a scheduler that has these, as code.
  local function methods(text, more, host)
    write("plugin.lua", ([[
      local ggen = require "ggen"
      return { name = "test", kind = "scheduler", version = "1.0.0", api = 1, desc = "A test",
        setup = function(params, host)
          return { %s }
        end }]]):format(text))
    local plugin = process.plugin("scheduler.test", dir .. "/plugin.lua", options(more))
    local impl = plugin.setup({ half = 0.5 }, host)
    closing[#closing + 1] = impl
    return impl
  end

  local function of_class(name, fields) return setmetatable(fields, { __name = name }) end

  for name, code in pairs(tricks) do
    it("has no way out by " .. name, function()
      local value = manifest(("return { got = (function() %s\nend)() }"):format(code))
      assert.is_nil(value and value.got or nil)
    end)
  end

  it("has its params checked by it, as long as somebody looks at them", function()
    write("plugin.lua", [[
      local ggen = require "ggen"
      return { half = function(x) return x / 2 end,
        wait = function() ggen.async.future():wait() end }]])
    local value, message = process.manifest(dir .. "/plugin.lua", options(), function(plugin)
      local ok, problem = pcall(plugin.wait)
      return { half = plugin.half(5), ok = ok, problem = problem }
    end)
    assert.is_nil(message)
    assert.equal(2.5, value.half)
    assert.is_false(value.ok)
    assert.matches("this waits, and the method must not", value.problem)
  end)

  it("gives its manifest", function()
    local value = manifest([[return { name = "x", params = { ttl = { type = "duration" } },
      list = { 1, 2.5, -3, false, "\0" }, setup = function() end }]])
    assert.same({ ttl = { type = "duration" } }, value.params)
    assert.same({ 1, 2.5, -3, false, "\0" }, value.list)
    assert.is_function(value.setup)
    local ok, message = pcall(value.setup)
    assert.is_false(ok)
    assert.matches("its process has been closed", message)
  end)

  it("says what is wrong with its file", function()
    local value, message = manifest("return {\n x = nothing.at_all }")
    assert.is_nil(value)
    assert.matches("plugin.lua:2: attempt to index global 'nothing'", message)
    value, message = manifest("\27LJ\2\0")
    assert.is_nil(value)
    assert.matches("it is compiled", message)
  end)

  it("has its own modules", function()
    write("part.lua", "return { name = ..., io = io }")
    local value = manifest("local part = require 'part' return { part = part }")
    assert.same({ name = "part" }, value.part)
  end)

  it("has what is public", function()
    local value = manifest([[
      local ggen = require "ggen"
      local path = require "ggen.std.path"
      return { json = ggen.json.encode({ 1, 2 }), join = path.join("a", "b"),
        time = type(os.time()), load = load("return ...", "x")(5), clock = type(os.clock()),
        year = #os.date("%Y"), number = ("%d"):format(math.floor(2.5)) }]])
    assert.same({ json = "[1,2]", join = "a/b", time = "number", load = 5, clock = "number",
      year = 4, number = "2" }, value)
  end)

  it("sees of the host's objects what is public", function()
    local task = of_class("ggen.Task", { id = "a#b", name = "b", spec = { run = print, env = { A =
      "1" } }, secret = "s" })
    local impl = methods([[priority = function(self, task, view)
        return { task.id, task.spec.env.A, task.secret or "none", view.jobs,
          type(task.spec.run), task.workspace or "root" }
      end,
      observe = function(self, task) task.id = "mine" end,
      admit = function(self, task) return task.spec.run() end]])
    local view = of_class("ggen.View", { jobs = 2 })
    assert.same({ "a#b", "1", "none", 2, "function", "root" }, impl.priority(impl, task, view))
    view.jobs = 5
    assert.equal(5, impl.priority(impl, task, view)[4])
    local ok, message = pcall(impl.observe, impl, task)
    assert.is_false(ok)
    assert.matches('what the host gives cannot be changed %(field "id"%)', message)
    ok, message = pcall(impl.admit, impl, task)
    assert.is_false(ok)
    assert.matches("this function belongs to the pipeline", message)
  end)

  it("has functions of the pipeline called by nobody else", function()
    local called = false
    local task = of_class("ggen.Task", { spec = { run = function() called = true end } })
    local impl = methods([[
      run = function(self, task) ggen.async.run(task.spec.run) end,
      all = function(self, task) ggen.async.all({ task.spec.run }) end,
      with = function(self, task, semaphore) semaphore:with(task.spec.run) end]])
    for _, name in ipairs({ "run", "all", "with" }) do
      local ok, message = pcall(impl[name], impl, task, async.semaphore(1))
      assert.is_false(ok)
      assert.matches("this function belongs to the pipeline", message)
    end
    assert.is_false(called)
  end)

  it("calls the host's functions and methods", function()
    local lines = {}
    local host = of_class("ggen.Host", { project_dir = "/p", screen = {
      line = function(text) lines[#lines + 1] = text return #lines end } })
    local impl = methods([[priority = function(self, word)
        return host.screen.line(word .. host.project_dir), params.half
      end]], nil, host)
    assert.same({ 1, 0.5 }, { impl.priority(impl, "a") })
    assert.same({ 2, 0.5 }, { impl.priority(impl, "b") })
    assert.same({ "a/p", "b/p" }, lines)
  end)

  it("says how it is, in both tiers", function()
    local text = [[return { name = "test", kind = "watch", version = "1.0.0", api = 1, desc = "W",
      setup = function() return { health = function(_, report)
        report:ok("a") report:note("b", "c") end } end }]]
    write("plugin.lua", text)
    for _, trust in ipairs({ "environment", "process" }) do
      local impl = require("ggen.isolation.load").plugin("watch.test", dir .. "/plugin.lua",
        options({ trust = trust })).setup({})
      closing[#closing + 1] = impl
      local report = require("ggen.doctor.report").new("x")
      impl.health(impl, report)
      assert.same({ { topic = "x", level = "ok", text = "a" },
        { topic = "x", level = "note", text = "b", fix = "c" } }, report.findings)
    end
  end)

  it("is asked for permissions in the host", function()
    local impl = methods([[priority = function(self, path) ggen.files.write(path, "x") end]],
      { granted = { "fs:own" } })
    assert(fs.mkdir(dir .. "/own"))
    impl.priority(impl, "own/x")
    assert.equal("x", fs.read(dir .. "/own/x"))
    local ok, message = pcall(impl.priority, impl, "y")
    assert.is_false(ok)
    assert.matches('may not write y: it has no permission "fs:y"', message)
  end)

  it("gets its own tables back", function()
    local impl = methods([[
      make = function(self) self.made = setmetatable({ n = 1 }, { __index = { own = true } })
        return self.made end,
      priority = function(self, made) return made == self.made, made.own end]])
    local made = impl.make(impl)
    assert.equal(1, made.n)
    assert.is_nil(made.own)
    assert.same({ true, true }, { impl.priority(impl, made) })
  end)

  -- A channel that reads late, so that there is more to read.
  local function reads_late(real)
    return setmetatable({}, { __index = function(_, name)
      return function(_, ...)
        local began = os.clock()
        while name == "receive" and os.clock() - began < 0.002 do end
        return real[name](real, ...)
      end
    end })
  end

  it("hears what came together with an answer that was waited for without the loop", function()
    local start = sandbox.start
    sandbox.start = function() return reads_late(assert(start())) end
    local impl = methods([[wait = function(_, semaphore) semaphore:acquire() return "got it" end,
      priority = function(_, semaphore) semaphore:release() return 1 end]], { limit = 2 })
    sandbox.start = start
    for _ = 1, 20 do
      local semaphore, ended = async.semaphore(0), async.future()
      local acquire, is_asked = semaphore.acquire, async.future()
      semaphore.acquire = function(self)
        timer.start(0, function() is_asked:resolve() end)
        return acquire(self)
      end
      async.run(function() return impl:wait(semaphore) end,
        function(...) ended:resolve(...) end)
      is_asked:wait()
      assert.equal(1, impl:priority(semaphore))
      local ok, value = ended:wait()
      assert.same({ true, "got it" }, { ok, value })
    end
  end)

  it("waits in the host, several calls at once", function()
    local impl = methods([[wait = function(self, semaphore, name)
        semaphore:acquire() return name end]])
    local semaphore = async.semaphore(0)
    local ended = {}
    local threads = {}
    for i, name in ipairs({ "a", "b" }) do
      threads[i] = function()
        local value = impl.wait(impl, semaphore, name)
        ended[#ended + 1] = value
      end
    end
    threads[3] = function()
      semaphore:release()
      semaphore:release()
    end
    async.all(threads)
    assert.same({ "a", "b" }, ended)
  end)

  it("waits in coroutines of its own, and not where a method must not", function()
    local impl = methods([[
      run = function(self)
        local next = coroutine.wrap(function()
          for i = 1, 2 do ggen.async.sleep(0) coroutine.yield(i) end
        end)
        return next() + next()
      end,
      priority = function(self) ggen.async.future():wait() end]])
    assert.equal(3, impl.run(impl))
    local ok, message = pcall(impl.priority, impl)
    assert.is_false(ok)
    assert.equal("this waits, and the method must not", message)
  end)

  it("is cancelled where it waits", function()
    local impl = methods([[wait = function(self)
        while true do pcall(function() ggen.async.future():wait() end) end end]])
    local problem
    local thread = async.run(function() impl.wait(impl) end,
      function(_, value) problem = value end)
    thread:cancel()
    assert.equal(async.CANCELLED, problem)
  end)

  -- What ends the process, and what is said of it.
  local ENDS = {
    ["an endless loop"] = { "while true do end", "computed for more than 0.6 s" },
    ["an endless loop that catches all"] =
      { "while true do pcall(function() while true do end end) end", "computed for more than" },
    ["a pattern that never ends"] =
      { "return (('a'):rep(40)):find(('a*'):rep(40) .. 'b')", "computed for more than" },
    ["an endless loop of calls of the host"] =
      { "while true do host.now() end", "computed for more than" },
  }
  for name, case in pairs(ENDS) do
    it("is ended for " .. name, function()
      local host = of_class("ggen.Host", { now = function() return 1 end })
      local impl = methods(("priority = function() %s end"):format(case[1]), { limit = 0.6 }, host)
      local ok, message = pcall(impl.priority, impl)
      assert.is_false(ok)
      assert.matches(case[2], message)
      ok, message = pcall(impl.priority, impl)
      assert.is_false(ok)
      assert.matches(case[2], message)
    end)
  end

  it("is ended for an endless loop while others wait", function()
    local impl = methods([[wait = function() ggen.async.future():wait() end,
      run = function() while true do end end]], { limit = 0.6 })
    local problems = {}
    async.all({
      function() problems[1] = select(2, pcall(impl.wait, impl)) end,
      function() problems[2] = select(2, pcall(impl.run, impl)) end,
    })
    assert.matches("computed for more than", problems[1])
    assert.matches("computed for more than", problems[2])
  end)

  it("has one process for all its instances, which ends with the last, and begins anew", function()
    local start, pids = sandbox.start, {}
    sandbox.start = function()
      local channel = start()
      pids[#pids + 1] = channel:pid()
      return channel
    end
    write("plugin.lua", [[
      local count = 0
      return { name = "test", kind = "scheduler", version = "1.0.0", api = 1, desc = "A test",
        setup = function()
          count = count + 1
          return { priority = function() return count end, close = function() count = 10 end }
        end }]])
    local plugin = process.plugin("scheduler.test", dir .. "/plugin.lua", options())
    local first, second = plugin.setup({}), plugin.setup({})
    assert.equal(2, first.priority(first))
    first.close(first)
    assert.equal(10, second.priority(second))
    assert.equal(1, #pids)
    second.close(second)
    assert.is_nil(fs.stat("/proc/" .. pids[1]))
    assert.is_nil((second.priority(second)))
    second.close(second)
    local third = plugin.setup({})
    assert.equal(1, third.priority(third))
    assert.equal(2, #pids)
    -- Somebody else ends it.
    assert.equal(0, os.execute("kill -9 " .. pids[2]))
    local ok, message = pcall(third.priority, third)
    assert.is_false(ok)
    assert.equal("its process has ended (signal 9)", message)
    pcall(third.close, third)
    sandbox.start = start
  end)

  it("has a process with a filter, one thread and no new rights", function()
    local impl = methods("priority = function() return 1 end")
    assert.equal(1, impl.priority(impl))
    local found
    for _, entry in ipairs(assert(fs.list("/proc"))) do
      local status = entry.name:find("^%d+$") and fs.read("/proc/" .. entry.name .. "/status")
      if status and status:find("^Name:%s+ggen%-lua%-plugin\n") and status:find("PPid:%s+"
        .. (fs.read("/proc/self/stat"):match("^%d+")) .. "\n") then found = status end
    end
    assert.matches("\nNoNewPrivs:%s+1\n", found)
    assert.matches("\nSeccomp:%s+2\n", found)
    assert.matches("\nThreads:%s+1\n", found)
  end)

  local MEMORY = {
    ["a growing table"] = "local t = {} while true do t[#t + 1] = ('x'):rep(1e6) .. #t end",
    ["one long text"] = "return ('x'):rep(1.5e9)",
    ["a text that doubles"] = "local t = 'x' while true do t = t .. t end",
  }
  for name, code in pairs(MEMORY) do
    it("has no memory for " .. name, function()
      if not require("ggen.core.sandbox").kernel().memory then return end
      local impl = methods(("priority = function() %s end"):format(code))
      local ok, message = pcall(impl.priority, impl)
      assert.is_false(ok)
      assert.is_truthy(message:find("not enough memory", 1, true)
        or message:find("its process has ended", 1, true), message)
    end)
  end

  it("cannot pass more than there is room for", function()
    local impl = methods([[priority = function() return ("x"):rep(40e6) end,
      admit = function() local t = {} t.t = t return t end]])
    local ok, message = pcall(impl.priority, impl)
    assert.is_false(ok)
    assert.matches("more than 32 MiB", message)
    ok, message = pcall(impl.admit, impl)
    assert.is_false(ok)
    assert.matches("nested too deeply", message)
    ok, message = pcall(impl.priority, impl, ("x"):rep(40e6))
    assert.is_false(ok)
    assert.matches("more than 32 MiB", message)
  end)

  it("runs only where the kernel has all parts, or weaker is allowed", function()
    for _, part in ipairs({ "landlock", "seccomp" }) do
      local parts = { [part] = false }
      local value, message = manifest("return { x = 1 }", { parts = parts })
      assert.is_nil(value)
      assert.matches("this kernel has no " .. part, message:lower())
      assert.same({ x = 1 }, manifest("return { x = 1 }", { parts = parts, weaker = true }))
    end
  end)

  it("has the file that its parameter names, and no other", function()
    write("plugin.lua", [[
      local files = require("ggen").files
      return { kind = "observer", params = { file = {} }, permissions = { "fs:$file" },
        setup = function()
          return { try = function(_, path) return pcall(files.write, path, "x") end }
        end }]])
    local plugin = process.plugin("observer.test", dir .. "/plugin.lua",
      options({ granted = { "fs:$file" } }))
    local impl = plugin.setup({ file = "a/b.txt" })
    closing[#closing + 1] = impl
    assert.is_true((impl:try("a/b.txt")))
    local ok, message = impl:try("a/c.txt")
    assert.is_false(ok)
    assert.matches("may not write a/c.txt", message, 1, true)
  end)
end)
