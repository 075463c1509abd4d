-- The contract suite by the kind hooks.
-- SPDX-License-Identifier: MIT
local wrong_plugins = require("wrong_plugins")

describe("the contract suite of hooks", function()
  local GOOD = [[
    local self = { run = function(_, hooks, call)
      for _, hook in ipairs(hooks) do call(hook) end
    end }
  ]]
  local function with(text) return GOOD .. text .. "\nreturn self" end

  wrong_plugins.good("hooks", with(""))
  wrong_plugins.builtin("hooks")
  wrong_plugins.example("hooks")
  wrong_plugins.describe("hooks", {
    { "runs none", "setup", "return {}", "a plugin of kind hooks has the method run" },
    { "takes them off the list", "arguments", with([[
      self.run = function(_, hooks, call)
        while hooks[1] do call(table.remove(hooks, 1)) end
      end]]), "argument 1[1]" },
    { "leaves the last one out", "calls each hook once", with([[
      self.run = function(_, hooks, call)
        for i = 1, #hooks - 1 do call(hooks[i]) end
        if #hooks == 1 then call(hooks[1]) end
      end]]), "each hook is called once" },
    { "calls one twice", "calls each hook once", with([[
      self.run = function(_, hooks, call)
        for _, hook in ipairs(hooks) do call(hook) end
        if hooks[3] then call(hooks[3]) end
      end]]), "2 times" },
    { "keeps a failure to itself", "raises failures", with([[
      self.run = function(_, hooks, call)
        for _, hook in ipairs(hooks) do
          local ok, problem = pcall(call, hook)
          if problem == ggen.async.CANCELLED or tostring(problem):find("refused") then
            error(problem, 0)
          end
        end
      end]]), "what call raises is raised on" },
    { "does not say which one failed", "raises failures", with([[
      self.run = function(_, hooks, call)
        for _, hook in ipairs(hooks) do
          local ok, problem = pcall(call, hook)
          if not ok then
            local refused = problem == ggen.async.CANCELLED or tostring(problem):find("refused")
            error(refused and problem or "one of them failed", 0)
          end
        end
      end]]), "what call raises is raised on" },
    { "does not wait for those beside a failure", "waits for all", with([[
      self.run = function(_, hooks, call)
        local done, failure, change = 0, nil, ggen.async.future()
        for _, hook in ipairs(hooks) do
          ggen.async.run(function() call(hook) end, function(ok, problem)
            done, failure = done + 1, failure or not ok and problem or nil
            if failure or done == #hooks then change:resolve() end
          end)
        end
        if #hooks > 0 then change:wait() end
        if failure then error(failure, 0) end
      end]]), "when all that it began has ended" },
    { "goes on when it is cancelled", "ends when cancelled", with([[
      self.run = function(_, hooks, call)
        local failure
        for _, hook in ipairs(hooks) do
          local ok, problem = pcall(call, hook)
          if not ok then failure = failure or problem end
        end
        if failure then error(failure, 0) end
      end]]), "nothing new begins after it" },
    { "asks for a hook that is none", "answers", with([[
      self.run = function(_, hooks, call)
        for _, hook in ipairs(hooks) do call({ name = hook.name }) end
      end]]), "this is none of the hooks" },
  })
end)
