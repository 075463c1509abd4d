-- The connection to a process in a container: its standard input, and what it writes.
-- SPDX-License-Identifier: MIT
local frames = require("ggen.std.docker.frames")

local M = {}

---The connection to a process in a container.
---@class ggen.docker.Stream
---@field id string of the container, or of the exec
---@field package _raw table of ggen.http.upgrade
---@field package _frames docker.Frames? none for a terminal, which has one stream
---@field package _ready table[] pieces that have come and were not read
---@field package _next integer
---@field package _problem string?
---@field package _doing string
local Stream = {}
Stream.__index = Stream

---@param raw table of ggen.http.upgrade
---@param options { id: string, tty: boolean, doing: string, engine: ggen.docker.Engine }
---@return ggen.docker.Stream
function M.new(raw, options)
  return setmetatable({ id = options.id, _raw = raw, _doing = options.doing, _ready = {}, _next = 1,
    _engine = options.engine, _frames = not options.tty and frames.new() or nil }, Stream)
end

-- The next piece that was taken apart already.
function Stream:_take()
  local piece = self._ready[self._next]
  if not piece then return nil end
  self._ready[self._next] = nil
  self._next = self._next + 1
  if not self._ready[self._next] then self._ready, self._next = {}, 1 end
  return piece[1], piece[2]
end

-- Whether all that has come was whole.
function Stream:_whole() return not self._frames or self._frames:complete() end

-- Takes a chunk apart; returns the first piece in it.
function Stream:_split(chunk)
  if not self._frames then return "out", chunk end
  local ready = self._ready
  local good, message = self._frames:feed(chunk, function(name, bytes)
    ready[#ready + 1] = { name, bytes }
  end)
  if not good then
    self._problem = ("%s: %s (has the container a terminal? say tty = true)"):format(self._doing,
      message)
    self._kind = "protocol"
  end
  return self:_take()
end

---What comes next, as soon as something has come. At the end, which is the end of the process: nil,
---and a message when the end came too early; the stream is closed then.
---@async
---@return "out"|"err"|nil stream
---@return string? bytes, or the message
---@return ggen.docker.Kind? kind
function Stream:read()
  local name, bytes = self:_take()
  while not name do
    if self._problem or self._ended then
      self._raw:close()
      return nil, self._problem, self._kind
    end
    local chunk, message = self._raw:read()
    if chunk then
      name, bytes = self:_split(chunk)
    elseif message or not self:_whole() then
      self._problem = ("%s: the connection ended %s; was the engine stopped or started again?")
        :format(self._doing, message and "early: " .. message or "within a piece of the output")
      self._kind = "closed"
    else
      self._ended = true
    end
  end
  return name, bytes
end

---Writes to the standard input of the process; returns when the system has the bytes.
---@async
---@param bytes string
---@return true?
---@return string? message
---@return ggen.docker.Kind? kind
function Stream:write(bytes)
  local ok, message = self._raw:write(bytes)
  if ok then return true end
  return nil, ("%s: its standard input takes nothing: %s"):format(self._doing, message or "closed"),
    "closed"
end

---Ends the standard input of the process.
---@async
---@return true?
---@return string? message
---@return ggen.docker.Kind? kind
function Stream:close_write()
  local ok, message = self._raw:close_write()
  if ok then return true end
  return nil, ("%s: its standard input cannot be ended: %s"):format(self._doing, message), "closed"
end

---Lets go of the process, which goes on without us.
function Stream:close() self._raw:close() end

---How the process of an exec ended; ask at the end of its output.
---@async
---@return integer? code
---@return string? message
---@return ggen.docker.Kind? kind
function Stream:exit_code() return self._engine:_exec_code(self.id, self._doing) end

return M
