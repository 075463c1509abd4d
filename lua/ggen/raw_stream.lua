-- A connection that a program reads and writes as it likes: what ggen.http.upgrade gives. Knows
-- nothing of HTTP.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")

local M = {}

local CLOSED = "the stream was closed"

local Stream = { __name = "ggen.Stream" }
Stream.__index = Stream

---@param connection userdata of ggen.core.net
---@param rest string what was read from it already and is to be read again
---@return ggen.Stream
function M.new(connection, rest)
  local self = setmetatable({ _connection = connection, _rest = rest, _waiting = {} }, Stream)
  -- Who gives up waiting has read nothing.
  self._give_up = { close = function() connection:stop_reading() end }
  return self
end

-- Waits for what begin(resume) begins, or for close().
local function wait(self, begin, handle)
  local mine
  local value, message = async.await(function(resume)
    mine = resume
    self._waiting[resume] = true
    begin(resume)
    return {
      close = function()
        self._waiting[resume] = nil
        if handle then handle.close() end
      end,
    }
  end)
  self._waiting[mine] = nil
  return value, message
end

---@async
function Stream:read()
  local rest = self._rest
  if rest ~= "" then
    self._rest = ""
    return rest
  end
  if self._closed then return nil, CLOSED end
  return wait(self, function(resume)
    local asked, message = self._connection:read(resume)
    if not asked then resume(nil, message) end
  end, self._give_up)
end

---@async
function Stream:write(bytes)
  if self._closed or self._ended then return nil, CLOSED end
  local message, closed = wait(self, function(resume)
    local sent, message = self._connection:write(bytes, resume)
    if sent ~= false then resume(message) end
  end)
  if message or closed then return nil, message or closed end
  return true
end

---@async
function Stream:close_write()
  if self._closed then return nil, CLOSED end
  if self._ended then return true end
  self._ended = true
  local message, closed = wait(self, function(resume)
    local begun, message = self._connection:close_write(resume)
    if not begun then resume(message) end
  end)
  if message or closed then return nil, message or closed end
  return true
end

function Stream:close()
  if self._closed then return end
  self._closed = true
  self._rest = ""
  self._connection:close()
  local waiting = self._waiting
  self._waiting = {}
  for resume in pairs(waiting) do resume(nil, CLOSED) end
end

return M
