-- Functions of a pipeline cannot be remembered. In a remembered project a stand-in has the place of
-- each: it gets the real one, by evaluating the pipeline, when it is called.
-- SPDX-License-Identifier: MIT
local M = {}

local places = setmetatable({}, { __mode = "k" })

---@param file string
---@param line integer
---@param get fun(): function the real one; called at most once
---@return function
function M.new(file, line, get)
  local real
  local function stand_in(...)
    real = real or get()
    return real(...)
  end
  places[stand_in] = { file = file, line = line }
  return stand_in
end

---Where a function is written, whether it is the real one or stands for it.
---@param fn function
---@return string file, integer line
function M.place(fn)
  local place = places[fn]
  if place then return place.file, place.line end
  local info = debug.getinfo(fn, "S")
  return (info.source:gsub("^@", "")), info.linedefined
end

return M
