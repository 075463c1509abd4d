-- The contract suite by the kind executor.
-- SPDX-License-Identifier: MIT
local wrong_plugins = require("wrong_plugins")

describe("the contract suite of executors", function()
  local GOOD = [[
    local self = {
      accepts = function(_, task) return task.spec.container == nil end,
      check = function(_, tasks)
        if #tasks > 3 then return "too many: use fewer" end
      end,
      run = function(_, _, ctx)
        local result = { code = 0 }
        for _, step in ipairs(ctx.steps) do
          result = ctx:step(step)
          if result.code ~= 0 then break end
        end
        return result
      end,
    }
  ]]
  local function with(text) return GOOD .. text .. "\nreturn self" end

  wrong_plugins.good("executor", with(""))
  wrong_plugins.builtin("executor")
  wrong_plugins.describe("executor", {
    { "runs nothing at all", "setup", with("self.run = nil"),
      "a plugin of kind executor has the method run" },
    { "marks tasks", "arguments", with([[
      local run = self.run
      self.run = function(_, task, ctx)
        task.started = true
        return run(_, task, ctx)
      end]]), "set task.started = true" },
    { "takes the steps away", "arguments", with([[
      self.run = function(_, _, ctx)
        local result = { code = 0 }
        while ctx.steps[1] and result.code == 0 do
          result = ctx:step(table.remove(ctx.steps, 1))
        end
        return result
      end]]), "context.steps[1]" },
    { "returns no result", "answers", with("self.run = function() return true end"),
      "a result with a code" },
    { "runs nothing, and says that all is well", "runs all steps", with([[
      self.run = function() return { code = 0 } end]]), "a task that says 0 has run" },
    { "accepts by a number", "answers", with("self.accepts = function() return 1 end"),
      "true or false" },
    { "asks for the time to accept a task", "purity", with([[
      self.accepts = function() return os.time() > 0 end]]), "a look at the clock" },
    { "reads a file to accept a task", "purity", with([[
      self.accepts = function()
        io.open("/dev/null"):close()
        return true
      end]]), "asked the host: io.open /dev/null" },
    { "keeps what it has seen beside its instances", "instances", with([[
      self.check = function(_, tasks)
        state.seen = (state.seen or 0) + 1
        return state.seen .. " were here"
      end]]), "beside an instance with other options" },
    { "makes nothing of a program that does not start", "errors", with([[
      self.run = function(_, _, ctx)
        if host.options.verbose then return { code = 0 } end
        for _, step in ipairs(ctx.steps) do
          local result = ctx:step(step)
          if result.code ~= 0 then
            return { code = result.message and 0 or result.code }
          end
        end
        return { code = 0 }
      end]]), "is not passed over in silence" },
    { "does not say why a program did not start", "errors", with([[
      self.run = function(_, _, ctx)
        for _, step in ipairs(ctx.steps) do
          local result = ctx:step(step)
          if result.code ~= 0 then return { code = result.code } end
        end
        return { code = 0 }
      end]]), "an error names what failed" },
    { "leaves a program running", "leaks", with([[
      local run = self.run
      self.run = function(_, task, ctx)
        ggen.async.run(function() ctx:process({ argv = { "sleep", "100000" } }) end)
        return run(_, task, ctx)
      end]]), "process(es) that still run" },
    { "does its steps by chance", "schedules", with([[
      local run = self.run
      self.run = function(_, task, ctx)
        local result = run(_, task, ctx)
        result.message = tostring(math.random())
        return result
      end]]), "the same seed" },
    { "says that a task that failed went well", "fails with a step", with([[
      self.run = function(_, _, ctx)
        for _, step in ipairs(ctx.steps) do
          local result = ctx:step(step)
          if result.message then return result end
          if result.code ~= 0 then break end
        end
        return { code = 0 }
      end]]), "the result of a task is that of the step that failed" },
    { "goes on after a failure", "stops at a failure", with([[
      self.run = function(_, _, ctx)
        local failed
        for _, step in ipairs(ctx.steps) do
          local result = ctx:step(step)
          if result.code ~= 0 then failed = failed or result end
        end
        return failed or { code = 0 }
      end]]), "began step" },
    { "leaves the last step out", "runs all steps", with([[
      self.run = function(_, _, ctx)
        local result = { code = 0 }
        for i, step in ipairs(ctx.steps) do
          if i == 4 then break end
          result = ctx:step(step)
          if result.code ~= 0 then break end
        end
        return result
      end]]), "all 4 steps run once, in their order" },
    { "runs each step twice", "runs all steps", with([[
      self.run = function(_, _, ctx)
        local result = { code = 0 }
        for _, step in ipairs(ctx.steps) do
          for _ = 1, 2 do
            if result.code == 0 then result = ctx:step(step) end
          end
        end
        return result
      end]]), "run once, in their order" },
    { "has one result for all tasks", "keeps tasks apart", with([[
      local result
      self.run = function(_, _, ctx)
        result = { code = 0 }
        for _, step in ipairs(ctx.steps) do
          local ended = ctx:step(step)
          if ended.code ~= 0 then
            result = ended
            ggen.async.sleep(1)
            return result
          end
        end
        return result
      end]]), "each has its own result" },
    { "goes on when it is cancelled", "ends when cancelled", with([[
      self.run = function(_, _, ctx)
        local result = { code = 0 }
        for _, step in ipairs(ctx.steps) do
          local ok, value = pcall(ctx.step, ctx, step)
          result = ok and value or { code = 0 }
          if result.code ~= 0 then break end
        end
        return result
      end]]), "nothing new begins after it" },
  })
end)
