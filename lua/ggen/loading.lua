-- The load that is going on, for those that behave differently meanwhile: what is asked of the
-- world is recorded, because the result of loading is remembered as long as the answers are the
-- same (snapshot.lua). Public as ggen.loading().
-- SPDX-License-Identifier: MIT
local dsl = require("ggen.dsl")
local fs = require("ggen.core.fs")

local M = {}

---@class ggen.Loading
---@field dir string absolute directory of the file that is being read: the base of relative paths
---@field package _inputs userdata
local Loading = {}
Loading.__index = Loading

---Lists files as std.glob does; the listing becomes an input of the configuration.
---@param root string absolute
---@param patterns string|string[]
---@return string[]? paths relative to the root, sorted
---@return string? message
function Loading:files(root, patterns) return self._inputs:files(root, patterns) end

---@type boolean? somebody wants to know what the files say that has no effect
M.notes = nil

---@type userdata? what was asked so far, while a load is going on
M.inputs = nil

---@return ggen.Loading? loading nil unless a pipeline is being loaded
function M.current()
  if not M.inputs then return nil end
  return setmetatable({ dir = dsl.current_dir or fs.cwd(), _inputs = M.inputs }, Loading)
end

---Whether there is something of that name.
---@param path string absolute
---@return boolean
function M.exists(path)
  if M.inputs then return M.inputs:exists(path) end
  return fs.stat(path) ~= nil
end

---The bytes of a file.
---@param path string absolute
---@return string? bytes, string? message, string? kind
function M.read(path)
  if M.inputs then return M.inputs:read(path) end
  return fs.read(path)
end

---Says that something was asked whose answer cannot be compared later.
---@param reason string "it uses ..."
function M.refuse(reason)
  if M.inputs then M.inputs:refuse(reason) end
end

return M
