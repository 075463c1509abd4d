-- Takes apart the one stream in which an engine sends two: each piece has a head of eight bytes,
-- the stream's number, three zeros, and the length (big-endian). Pieces are handed over as they
-- come, in part where only a part is there: whatever length a head claims, nothing is kept for it.
-- Pure.
-- SPDX-License-Identifier: MIT
local M = {}

-- 0 is what was written to the standard input, shown on the terminal; 3 is of the engine itself.
local STREAMS = { [0] = "out", [1] = "out", [2] = "err", [3] = "err" }

---@class docker.Frames
---@field package _head string the part of a head that has come
---@field package _left number bytes of the current piece that have not
---@field package _stream "out"|"err"
local Frames = {}
Frames.__index = Frames

---@return docker.Frames
function M.new() return setmetatable({ _head = "", _left = 0, _stream = "out" }, Frames) end

---Takes bytes from anywhere in the stream.
---@param bytes string
---@param hand_over fun(stream: "out"|"err", bytes: string)
---@return true?
---@return string? message when it is no such stream
function Frames:feed(bytes, hand_over)
  local at, size = 1, #bytes
  while at <= size do
    if self._left > 0 then
      local last = math.min(size, at + self._left - 1)
      self._left = self._left - (last - at + 1)
      hand_over(self._stream, at == 1 and last == size and bytes or bytes:sub(at, last))
      at = last + 1
    else
      local wanted = 8 - #self._head
      self._head = self._head .. bytes:sub(at, at + wanted - 1)
      at = at + wanted
      if #self._head == 8 then
        local number, z1, z2, z3, a, b, c, d = self._head:byte(1, 8)
        local stream = STREAMS[number]
        if not stream or z1 + z2 + z3 > 0 then
          return nil, ("a piece of the stream begins with %s, and that is no head of one"):format(
            (self._head:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)))
        end
        self._head, self._stream = "", stream
        self._left = ((a * 256 + b) * 256 + c) * 256 + d
      end
    end
  end
  return true
end

---@return boolean at the end of a piece, where a stream may end
function Frames:complete() return self._left == 0 and self._head == "" end

return M
