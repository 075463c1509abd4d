-- So many hooks of a moment at a time. All of them run; the first failure is told at the end.
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"

---@type ggen.Plugin
return {
  name = "few",
  kind = "hooks",
  version = "1.0.0",
  api = 1,
  desc = "Run a few hooks of a moment at the same time",
  params = { most = { type = "integer", min = 1, default = 2, desc = "How many" } },
  setup = function(params)
    return {
      run = function(_, hooks, call)
        local room, calls = ggen.async.semaphore(params.most), {}
        for i, hook in ipairs(hooks) do
          calls[i] = function() room:with(function() call(hook) end) end
        end
        ggen.async.all(calls)
      end,
    }
  end,
}
