-- Runs nothing: shows what each task would do.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "dry-run",
  kind = "executor",
  version = "1.0.0",
  api = 1,
  desc = "Show what would run, without running it",
  setup = function()
    return {
      run = function(_, _, ctx)
        local commands = {}
        for i, step in ipairs(ctx.steps) do commands[i] = ctx.describe(step) end
        return { code = 0, dry_run = true, commands = commands }
      end,
    }
  end,
}
