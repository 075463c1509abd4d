-- Writes zip archives that depend on nothing but what is in them: sorted, without times, users and
-- modes of this machine, not compressed (rocks are small, and every tool reads it).
-- SPDX-License-Identifier: MIT
local M = {}

local DATE, TIME = 0x0021, 0 -- 1980-01-01 00:00, the first that a zip archive knows
local VERSION, UNIX = 10, 3
local MODE = 0x81A4 -- a file that all may read and its owner may write

local band, bxor, rshift = bit.band, bit.bxor, bit.rshift

local crc_of_byte = {}
for byte = 0, 255 do
  local crc = byte
  for _ = 1, 8 do
    crc = band(crc, 1) == 1 and bxor(rshift(crc, 1), 0xEDB88320) or rshift(crc, 1)
  end
  crc_of_byte[byte] = crc
end

local function crc32(bytes)
  local crc = 0xFFFFFFFF
  for i = 1, #bytes do
    crc = bxor(rshift(crc, 8), crc_of_byte[band(bxor(crc, bytes:byte(i)), 0xFF)])
  end
  return bxor(crc, 0xFFFFFFFF) % 2 ^ 32
end

-- A whole number in `count` bytes, the lowest first.
local function number(value, count)
  local bytes = {}
  for i = 1, count do
    bytes[i] = string.char(value % 256)
    value = math.floor(value / 256)
  end
  return table.concat(bytes)
end

---@param files table<string, string> bytes by path
---@return string archive
function M.encode(files)
  local parts, directory, at, count = {}, {}, 0, 0
  for path, bytes in require("ggen.sorted").pairs(files) do
    local common = number(0x0800, 2) .. number(0, 2) .. number(TIME, 2) .. number(DATE, 2)
      .. number(crc32(bytes), 4) .. number(#bytes, 4) .. number(#bytes, 4) .. number(#path, 2)
      .. number(0, 2)
    local head = "PK\3\4" .. number(VERSION, 2) .. common .. path
    parts[#parts + 1], parts[#parts + 2] = head, bytes
    directory[#directory + 1] = "PK\1\2" .. number(VERSION + UNIX * 256, 2) .. number(VERSION, 2)
      .. common .. number(0, 2) .. number(0, 2) .. number(0, 2) .. number(MODE * 65536, 4)
      .. number(at, 4) .. path
    at, count = at + #head + #bytes, count + 1
  end
  local listing = table.concat(directory)
  parts[#parts + 1] = listing
  parts[#parts + 1] = "PK\5\6" .. number(0, 4) .. number(count, 2) .. number(count, 2)
    .. number(#listing, 4) .. number(at, 4) .. number(0, 2)
  return table.concat(parts)
end

return M
