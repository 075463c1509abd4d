-- What is kept of the output of a process: so many bytes of each stream. Knows no engine.
-- SPDX-License-Identifier: MIT
local M = {}

---@param limit integer bytes of each stream
---@return fun(name: "out"|"err", bytes: string): boolean keep false: not all of it had room
---@return fun(): { stdout: string, stderr: string, truncated: true? } result
function M.new(limit)
  local parts, sizes = { out = {}, err = {} }, { out = 0, err = 0 }
  local truncated
  local function keep(name, bytes)
    local room = limit - sizes[name]
    local fits = #bytes <= room
    if not fits then
      truncated = true
      bytes = bytes:sub(1, room)
    end
    sizes[name] = sizes[name] + #bytes
    if #bytes > 0 then table.insert(parts[name], bytes) end
    return fits
  end
  return keep, function()
    return { stdout = table.concat(parts.out), stderr = table.concat(parts.err),
      truncated = truncated }
  end
end

return M
