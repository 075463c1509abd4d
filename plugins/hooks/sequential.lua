-- Hooks one after another, in the order of their declaration; the first failure ends the list.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "sequential",
  kind = "hooks",
  version = "1.0.0",
  api = 1,
  desc = "Run the hooks of a moment one after another",
  setup = function()
    return {
      run = function(_, hooks, call)
        for _, hook in ipairs(hooks) do call(hook) end
      end,
    }
  end,
}
