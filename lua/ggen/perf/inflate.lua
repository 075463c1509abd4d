-- Unpacks DEFLATE (RFC 1951). For what the build has packed into the binary: damage is a bug, not
-- something to be told to users. 100 KB take a few milliseconds.
-- SPDX-License-Identifier: MIT
local bit = require("bit")
local band, lshift, rshift = bit.band, bit.lshift, bit.rshift

local M = {}

-- Lengths and distances: how many bits follow a symbol, and from where they count.
local LENGTH_BITS, LENGTH_FROM, DISTANCE_BITS, DISTANCE_FROM = {}, {}, {}, {}
do
  local from = 3
  for symbol = 0, 27 do
    LENGTH_BITS[symbol] = symbol < 8 and 0 or rshift(symbol, 2) - 1
    LENGTH_FROM[symbol] = from
    from = from + lshift(1, LENGTH_BITS[symbol])
  end
  LENGTH_BITS[28], LENGTH_FROM[28] = 0, 258
  from = 1
  for symbol = 0, 29 do
    DISTANCE_BITS[symbol] = symbol < 4 and 0 or rshift(symbol, 1) - 1
    DISTANCE_FROM[symbol] = from
    from = from + lshift(1, DISTANCE_BITS[symbol])
  end
end
local ORDER = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 }

local Bits = {}
Bits.__index = Bits

function Bits:take(count)
  while self.held < count do
    self.value = self.value + lshift(self.bytes:byte(self.at), self.held)
    self.at, self.held = self.at + 1, self.held + 8
  end
  local taken = band(self.value, lshift(1, count) - 1)
  self.value, self.held = rshift(self.value, count), self.held - count
  return taken
end

-- A Huffman code: how many symbols have each length, and the symbols in the order of their codes.
local function code_of(lengths, from, to)
  local counts, starts, symbols = {}, { [1] = 0 }, {}
  for length = 0, 15 do counts[length] = 0 end
  for i = from, to do counts[lengths[i]] = counts[lengths[i]] + 1 end
  for length = 1, 14 do starts[length + 1] = starts[length] + counts[length] end
  for i = from, to do
    local length = lengths[i]
    if length > 0 then
      symbols[starts[length]] = i - from
      starts[length] = starts[length] + 1
    end
  end
  return { counts = counts, symbols = symbols }
end

function Bits:symbol(code)
  local value, first, index, counts = 0, 0, 0, code.counts
  for length = 1, 15 do
    value = value + self:take(1)
    local count = counts[length]
    if value - first < count then return code.symbols[index + value - first] end
    index, first, value = index + count, (first + count) * 2, value * 2
  end
  error("bug: packed data is damaged")
end

local function fixed_codes()
  local lengths = {}
  for i = 0, 287 do lengths[i] = i < 144 and 8 or i < 256 and 9 or i < 280 and 7 or 8 end
  for i = 288, 317 do lengths[i] = 5 end
  return code_of(lengths, 0, 287), code_of(lengths, 288, 317)
end

local function dynamic_codes(bits)
  local literals, distances, count = bits:take(5) + 257, bits:take(5) + 1, bits:take(4) + 4
  local lengths = {}
  for i = 1, 19 do lengths[ORDER[i]] = i <= count and bits:take(3) or 0 end
  local code, i = code_of(lengths, 0, 18), 0
  lengths = {}
  while i < literals + distances do
    local symbol, length, times = bits:symbol(code), 0, 1
    if symbol < 16 then length = symbol
    elseif symbol == 16 then length, times = lengths[i - 1], 3 + bits:take(2)
    elseif symbol == 17 then times = 3 + bits:take(3)
    else times = 11 + bits:take(7) end
    for _ = 1, times do
      lengths[i], i = length, i + 1
    end
  end
  return code_of(lengths, 0, literals - 1), code_of(lengths, literals, i - 1)
end

local function block(bits, out, size, literals, distances)
  while true do
    local symbol = bits:symbol(literals)
    if symbol == 256 then return size end
    if symbol < 256 then
      size = size + 1
      out[size] = symbol
    else
      symbol = symbol - 257
      local length = LENGTH_FROM[symbol] + bits:take(LENGTH_BITS[symbol])
      symbol = bits:symbol(distances)
      local back = DISTANCE_FROM[symbol] + bits:take(DISTANCE_BITS[symbol])
      for _ = 1, length do
        size = size + 1
        out[size] = out[size - back]
      end
    end
  end
end

local function stored(bits, out, size)
  bits.value, bits.held = 0, 0 -- to the next byte
  local length = bits.bytes:byte(bits.at) + 256 * bits.bytes:byte(bits.at + 1)
  bits.at = bits.at + 4
  for i = 1, length do out[size + i] = bits.bytes:byte(bits.at + i - 1) end
  bits.at = bits.at + length
  return size + length
end

local function text_of(out, size)
  local parts, step = {}, 4000 -- fewer than the stack holds
  for from = 1, size, step do
    parts[#parts + 1] = string.char(unpack(out, from, math.min(from + step - 1, size)))
  end
  return table.concat(parts)
end

---@param bytes string raw DEFLATE
---@return string
function M.inflate(bytes)
  local bits = setmetatable({ bytes = bytes, at = 1, value = 0, held = 0 }, Bits)
  local out, size = {}, 0
  repeat
    local last, kind = bits:take(1), bits:take(2)
    if kind == 0 then size = stored(bits, out, size)
    elseif kind == 1 then size = block(bits, out, size, fixed_codes())
    else size = block(bits, out, size, dynamic_codes(bits)) end
  until last == 1
  return text_of(out, size)
end

return M
