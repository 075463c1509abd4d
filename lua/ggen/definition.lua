-- What makes the key of each task, as an earlier run wrote it down: all of it is known when loading
-- has ended, so it is remembered with the configuration and costs nothing in a run. What makes it
-- is define.lua.
-- SPDX-License-Identifier: MIT
local definitions = require("ggen.core.definitions")
local fault = require("ggen.fault")

local M = {}

---@class ggen.Definition what makes the keys of all tasks, as an earlier run wrote it down or made
---just now
---@field situation string what stands for it in a run with nothing to do
---@field package _bytes string? unless it is in the snapshot
---@field package _project ggen.Project
local Definition = {}
Definition.__index = Definition

-- Sections of the snapshot.
local KEYS, SITUATION, UNKEYED = "keys", "situation", "unkeyed"

local function with_keys(project, plugins)
  local bytes, situation, unkeyed = require("ggen.define").of(
    project.evaluated and project:evaluated() or project, plugins)
  local lines = {}
  for index, why in pairs(unkeyed) do
    lines[#lines + 1] = ("%d\t%s\n"):format(index, (why:gsub("%c", " ")))
  end
  project:set_section(KEYS, bytes)
  project:set_section(SITUATION, situation)
  project:set_section(UNKEYED, table.concat(lines))
  return bytes, situation
end

---@param project ggen.Project
---@param plugins ggen.Registry
---@return ggen.Definition
function M.remembered(project, plugins)
  local situation = project:section(SITUATION)
  local bytes = project.sections[KEYS]
  if not situation then bytes, situation = with_keys(project, plugins) end
  return setmetatable({ situation = situation, _bytes = bytes, _project = project,
    _plugins = plugins }, Definition)
end

---Makes it anew, since something has changed that no file of the project says.
---@param project ggen.Project
---@param plugins ggen.Registry
function M.renew(project, plugins) with_keys(project, plugins) end

---Hands the definitions to the engine, out of the snapshot without a copy.
---@param files userdata of ggen.core.incremental
function Definition:tell(files)
  local project = self._project
  if not self._bytes and project.snapshot then
    if files:define(project.snapshot, "+" .. KEYS) then return end
  end
  -- A damaged section is made anew.
  local bytes = self._bytes or project:section(KEYS) or with_keys(project, self._plugins)
  local ok, message = files:define(bytes)
  if not ok then
    bytes = with_keys(project, self._plugins)
    ok, message = files:define(bytes)
  end
  if not ok then error(message, 0) end
end

---Which tasks read, run or make some files, by their declarations alone.
---@param changed string[] paths relative to the project's directory, or absolute
---@param makeable integer how many of them, from the first, count as outputs too
---@return table flat task, "reads"|"runs"|"makes", number of the path, how many paths, task, ...
function Definition:touched(changed, makeable)
  local project = self._project
  local bytes = self._bytes or project:section(KEYS) or with_keys(project, self._plugins)
  local found = definitions.touched(bytes, project.dir, changed, makeable)
  -- A damaged section is made anew.
  return found or fault.check(definitions.touched(with_keys(project, self._plugins), project.dir,
    changed, makeable))
end

---@return table<integer, string> reasons why tasks that would be cached have no key, by index
function Definition:unkeyed()
  if not self._unkeyed then
    self._unkeyed = {}
    for index, why in (self._project:section(UNKEYED) or ""):gmatch("(%d+)\t([^\n]*)\n") do
      self._unkeyed[tonumber(index)] = why
    end
  end
  return self._unkeyed
end

return M
