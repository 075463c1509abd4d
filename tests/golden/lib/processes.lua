-- Finds the processes that a case left behind: those whose environment or current directory has the
-- case's folder in it (its HOME and TMPDIR lie there, and tasks inherit both).
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")

local M = {}

local function read(path)
  local file = io.open(path, "rb")
  if not file then return "" end
  local text = file:read("*a") or ""
  file:close()
  return text
end

---@param marker string a text that occurs in the environment of no other process
---@return { pid: integer, command: string }[]
function M.find(marker)
  local found = {}
  for _, entry in ipairs(fs.list("/proc") or {}) do
    local pid = tonumber(entry.name)
    if pid then
      local cwd = fs.realpath("/proc/" .. pid .. "/cwd") or ""
      local in_folder = cwd:sub(1, #marker) == marker
      if in_folder or read("/proc/" .. pid .. "/environ"):find(marker, 1, true) then
        local command = read("/proc/" .. pid .. "/cmdline"):gsub("%z", " ")
        found[#found + 1] = { pid = pid, command = command }
      end
    end
  end
  return found
end

return M
