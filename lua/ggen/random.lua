-- Random names, from the system: two runs that start at once must not make the same ones.
-- SPDX-License-Identifier: MIT
local M = {}

local MANY = 512 -- bytes that are fetched at once
local pool, used = "", 0

local HEX = {}
for byte = 0, 255 do HEX[string.char(byte)] = ("%02x"):format(byte) end

local function draw(bytes)
  if used + bytes > #pool then
    local file = assert(io.open("/dev/urandom", "rb"))
    -- A buffered read would take 4 KiB from the system.
    file:setvbuf("no")
    pool, used = assert(file:read(math.max(bytes, MANY))), 0
    file:close()
  end
  used = used + bytes
  return pool:sub(used - bytes + 1, used)
end

---@param bytes integer
---@return string hex two digits for each byte; never all zeros
function M.hex(bytes)
  local hex = draw(bytes):gsub(".", HEX)
  return hex:find("[^0]") and hex or M.hex(bytes)
end

return M
