-- Of which kind the plugin is that a p:use names. Most names say it; the file of one that is named
-- by a path has to be loaded for it, once: the snapshot keeps the answer.
-- SPDX-License-Identifier: MIT
local kinds = require("ggen.kinds")

local M = {}

---@class ggen.Use a p:use, as it was written
---@field name string
---@field params table?
---@field dir string absolute: what its path is relative to
---@field file string as messages name it
---@field line integer
---@field kind string? once it is known

---@param use ggen.Use
---@return string kind raises a fault when the plugin is not found, or broken
function M.kind(use)
  local kind = rawget(use, "kind")
  if kind then return kind end
  kind = use.name:match("^(%a+)[./]")
  if not kind or not kinds.kinds[kind] then
    kind = require("ggen.registry").load(use.name, use).kind
    rawset(use, "kind", kind)
  end
  return kind
end

---Whether it is of a kind. What is wrong with a name is said when its plugin is set up; a file that
---is not there, or broken, might be of any kind, and raises a fault.
---@param use ggen.Use
---@param kind string
---@return boolean
function M.is(use, kind)
  if use.name:find("^%.*/") then return M.kind(use) == kind end
  return use.name:match("^(%a+)[./]") == kind
end

-- These have had their say when the project is there, and are not called while its snapshot is
-- valid.
local OF_LOADING = { workspaces = true, frontend = true }

---Whether the plugin is called while the pipeline is loaded, and at no other time.
---@param use ggen.Use
---@return boolean yes raises a fault when the plugin is not found, or broken
function M.is_of_loading(use) return OF_LOADING[M.kind(use)] or false end

return M
