-- Lets the commands of tasks run at a lower priority.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "nice",
  kind = "executor",
  version = "1.0.0",
  api = 1,
  desc = "Run commands with a lower priority",
  params = {
    by = { type = "integer", min = 0, max = 19, default = 10, key = false, desc = "As nice -n" },
  },
  permissions = { "process" },
  setup = function(params)
    local function nicer(step)
      local argv = step.argv or step.shell and { step.shell_program or "sh", "-c", step.shell }
      if not argv then return step end -- a Lua function
      local longer = { "nice", "-n", tostring(params.by) }
      for _, word in ipairs(argv) do longer[#longer + 1] = word end
      return { argv = longer }
    end

    return {
      run = function(_, _, ctx)
        local result = { code = 0 }
        for _, step in ipairs(ctx.steps) do
          result = ctx:step(nicer(step))
          if result.code ~= 0 then break end
        end
        return result
      end,
    }
  end,
}
