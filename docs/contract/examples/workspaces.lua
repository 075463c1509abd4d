-- Finds workspaces in modules.txt: one a line, "directory" or "directory: what it builds upon".
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "modules",
  kind = "workspaces",
  version = "1.0.0",
  api = 1,
  desc = "Find workspaces in modules.txt",
  setup = function()
    local ggen = require "ggen"
    local text = ggen.std.text

    local function entry(line)
      local dir, others = line:match("^([^:]+):?%s*(.*)$")
      return { name = dir:match("[^/]+$"), dir = dir, depends_on = text.words(others) }
    end

    return {
      find = function(_, root)
        local loading = ggen.loading()
        local path = root .. "/modules.txt"
        if not loading or not loading:exists(path) then return {} end
        local bytes, message = loading:read(path)
        if not bytes then return nil, message, "modules.txt" end
        local list = {}
        for _, line in ipairs(text.lines(bytes)) do
          if text.trim(line) ~= "" then list[#list + 1] = entry(text.trim(line)) end
        end
        return list
      end,
    }
  end,
}
