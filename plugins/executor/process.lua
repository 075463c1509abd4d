-- Runs the steps of a task on this machine, in order, until one fails.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "process",
  kind = "executor",
  version = "1.0.0",
  api = 1,
  desc = "Run tasks as processes of this machine",
  permissions = { "process" },
  setup = function()
    local function add(total, usage)
      if not usage then return total end
      if not total then return usage end
      return {
        wall = total.wall + usage.wall, user = total.user + usage.user, sys = total.sys + usage.sys,
        peak_memory = math.max(total.peak_memory, usage.peak_memory),
      }
    end

    return {
      run = function(_, _, ctx)
        local result, usage, left_behind
        for _, step in ipairs(ctx.steps) do
          result = ctx:step(step)
          usage = add(usage, result.usage)
          left_behind = left_behind or result.left_behind
          if result.code ~= 0 then break end
        end
        if not result then return { code = 0 } end -- a task that only orders others
        if usage then result.usage = usage end
        result.left_behind = left_behind
        return result
      end,
    }
  end,
}
