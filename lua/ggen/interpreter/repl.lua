-- Lines that are read and run one by one. A line that is an expression prints its values; a chunk
-- that has not ended goes on in the next line.
-- SPDX-License-Identifier: MIT
local M = {}

function M.print_version()
  io.stdout:write(("ggen-lua %s, %s\n"):format(require("ggen.version"), jit.version))
end

local function prompt(name, default)
  local value = _G[name]
  return value == nil and default or tostring(value)
end

local function is_unfinished(message) return message and message:find("'?<eof>'?$") ~= nil end

-- Reads until there is a whole chunk. nil at the end of the input.
local function read_chunk()
  io.stdout:write(prompt("_PROMPT", "> "))
  io.stdout:flush()
  local text = io.read("*l")
  if not text then return nil end
  text = text:gsub("^%s*=", "return ")
  local chunk = loadstring("return " .. text, "=stdin")
  if chunk and text:find("%S") then return chunk end
  while true do
    local message
    chunk, message = loadstring(text, "=stdin")
    if chunk or not is_unfinished(message) then return chunk or false, message end
    io.stdout:write(prompt("_PROMPT2", ">> "))
    io.stdout:flush()
    local more = io.read("*l")
    if not more then return false, message end
    text = text .. "\n" .. more
  end
end

local function show(ok, ...)
  if ok and select("#", ...) > 0 then
    require("ggen.interpreter.run").call(_G.print, "'print' is no function any more", ...)
  end
end

---@async
function M.run()
  local call = require("ggen.interpreter.run").call
  while true do
    local chunk, message = read_chunk()
    if chunk == nil then break end
    show(call(chunk or nil, message))
  end
  io.stdout:write("\n")
end

return M
