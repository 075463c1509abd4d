-- Leaves out what editors write beside a file while they save it.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "no-temporaries",
  kind = "watch",
  version = "1.0.0",
  api = 1,
  desc = "Leave out the temporary files of editors",
  params = {
    patterns = { type = "list", of = { type = "string" }, desc = "Globs of what is left out",
      default = { "**/*~", "**/.*.sw?", "**/#*#", "**/4913" } },
  },
  setup = function(params)
    local glob = require("ggen").std.glob

    local function is_left_out(path)
      for _, pattern in ipairs(params.patterns) do
        if glob.match(pattern, path) then return true end
      end
      return false
    end

    return {
      batch = function(_, events)
        local changes = {}
        for _, event in ipairs(events) do
          if not is_left_out(event.path) then changes[#changes + 1] = event end
        end
        return changes
      end,
    }
  end,
}
