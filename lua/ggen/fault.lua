-- Errors that a user can mend: a message, where it came from, and the line itself. They are raised
-- as objects, so that main.lua can tell them from bugs and print them without a traceback.
-- SPDX-License-Identifier: MIT
local CANCELLED = require("ggen.async").CANCELLED
local frames = require("ggen.core.frames")

local M = {}

---@class ggen.Fault
---@field message string what was wrong and what to do next, without the place
---@field file string? as the user would write it
---@field line integer?
---@field exit integer exit code of the program (2 unless said otherwise)
---@field traceback string? frames of the user's own files
---@field too_deep boolean? the stack has overflowed
local Fault = {}
Fault.__index = Fault

function Fault:__tostring()
  if not self.file then return self.message end
  if not self.line then return self.file .. ": " .. self.message end
  return ("%s:%d: %s"):format(self.file, self.line, self.message)
end

---@param fields { message: string, file: string?, line: integer?, exit: integer?, traceback:
---string? }
---@return ggen.Fault
function M.new(fields)
  fields.exit = fields.exit or 2
  return setmetatable(fields, Fault)
end

---Hands on what a function returned; where that is nil and a message, raises it.
---@generic T
---@param value T?
---@param message string?
---@return T
function M.check(value, message)
  if value == nil then error(M.new({ message = tostring(message) }), 0) end
  return value
end

---Raises a fault.
---@param message string
---@param file string?
---@param line integer?
function M.raise(message, file, line)
  error(M.new({ message = message, file = file, line = line }), 0)
end

---@param value any
---@return boolean
function M.is(value)
  return getmetatable(value) == Fault
end

---The innermost place in the user's own files on the current stack: what called into the host.
---@param level integer? where to begin to look; 2 is the caller of the caller
---@return string? file, integer? line
function M.where(level)
  -- No tail call: this frame is one of those that are counted.
  local file, line = frames.where((level or 2) + 1)
  return file, line
end

local function as_text(value)
  if type(value) == "string" then return value end
  local meta = type(value) == "table" and getmetatable(value)
  if meta and meta.__tostring then return tostring(value) end
  return ("error() was called with a %s, not with a text"):format(type(value))
end

---The fault that stands for an overflow of the stack. There is hardly any stack left when it is
---made, so nothing is looked up.
---@param text string what LuaJIT says
---@return ggen.Fault? fault nil when the text says something else
function M.overflow(text)
  if type(text) ~= "string" or not text:find("stack overflow", 1, true) then return nil end
  local place, line = text:match("^([^\n:]+):(%d+): ")
  return M.new({
    message = "stack overflow: does a function call itself without end?",
    file = place, line = tonumber(line), too_deep = true,
  })
end

---A message handler for xpcall: turns any error value into a fault with the frames of the user's
---own files. Frames of the host are left out unless `verbose`.
---@param verbose boolean?
---@return fun(value: any): ggen.Fault|any a cancelled wait stays what it is, a bug of ours a text
function M.handler(verbose)
  return function(value)
    if value == CANCELLED then return value end
    if M.is(value) then
      if verbose and not value.traceback then value.traceback = debug.traceback("", 2) end
      return value
    end
    local too_deep = M.overflow(value)
    if too_deep then return too_deep end
    local text = as_text(value)
    local file, line, message = text:match("^([^\n:]+):(%d+): (.*)$")
    if not file or text:sub(1, 5) == "ggen:" then
      -- Raised by the host or by a C function: the user's line that called it is to blame. Without
      -- one this is a bug of ours, and stays a text with all its frames.
      message = message or text
      file, line = M.where(2)
      if not file then return debug.traceback(text, 2) end
    end
    return M.new({
      message = message, file = file, line = tonumber(line),
      traceback = verbose and debug.traceback("", 2)
        or M.user_frames(debug.traceback("", 2), ("%s:%s:"):format(file, line)),
    })
  end
end

---Keeps the frames of a traceback that lie in the user's files.
---@param traceback string
---@param place string? "file:line:" of the error, which is not said again
---@return string? frames nil when there are none
function M.user_frames(traceback)
  local kept = {}
  for frame in traceback:gmatch("\n\t([^\n]+)") do
    if not frame:match("^ggen:") and not frame:match("^%[C%]") and not frame:match("^%[builtin")
      and not frame:match("^%(%.%.%.") then
      kept[#kept + 1] = "  " .. frame
    end
  end
  if #kept < 2 then return nil end
  return table.concat(kept, "\n")
end

---The text of one line of a file, for showing below a message.
---@param file string
---@param line integer
---@return string?
function M.source_line(file, line)
  local handle = io.open(file, "rb")
  if not handle then return nil end
  local number = 0
  for text in handle:lines() do
    number = number + 1
    if number == line then
      handle:close()
      text = text:gsub("%c", " ")
      return #text > 160 and text:sub(1, 157) .. "..." or text
    end
  end
  handle:close()
  return nil
end

---Writes an error to standard error: a fault with its line, anything else as a bug.
---@param value any
---@param color boolean
function M.print(value, color)
  local harmless = require("ggen.harmless")
  local text = harmless.text(tostring(value))
  if not M.is(value) then
    text = "bug: " .. text .. "\nPlease report this with what you ran."
  end
  local bold, red, reset = "", "", ""
  if color then bold, red, reset = "\27[1m", "\27[31m", "\27[0m" end
  io.stderr:write(red, "ggen-lua: ", reset, bold, text, reset, "\n")
  if not M.is(value) then return end
  local line = value.file and value.line and M.source_line(value.file, value.line)
  if line then io.stderr:write(("%6d | %s\n"):format(value.line, line)) end
  if value.traceback then
    io.stderr:write("called from:\n", harmless.text(value.traceback), "\n")
  end
end

return M
