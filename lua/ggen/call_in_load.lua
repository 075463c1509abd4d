-- Calls of plugins while a pipeline is loaded: what does not come back is stopped by the limit of
-- loading, with its name and its line. Knows no kind of plugin.
-- SPDX-License-Identifier: MIT
local dsl = require("ggen.dsl")
local progress = require("ggen.loading")

local M = {}

-- What would be said twice is left out: the watchdog names what runs, and so do its callers.
local function problem_of(value, who)
  if type(value) ~= "string" then return value end
  local from, to = value:find(" in " .. who, 1, true)
  return from and value:sub(1, from - 1) .. value:sub(to + 1) or value
end

-- Of what is built in tests have looked whether it ends.
local function is_builtin(name)
  return require("ggen.core.embedded").has("ggen.plugins." .. name:gsub("/", ".", 1))
end

---Calls something of a plugin. Its code is only interpreted meanwhile: the debug hook of the limit
---does not fire in machine code.
---@param use ggen.Use
---@param who string 'plugin "x", method load'
---@param dir string absolute: the base of relative paths that are read
---@param fn fun(): ...
---@return table<string, true> read the files that it has read
---@return boolean ok
---@return ... at most four results, or the error
function M.guarded(use, who, dir, fn)
  local dir_before, read_before, place_before = dsl.current_dir, progress.files_read,
    dsl.default_place
  local read, compiles = {}, jit.status() and not is_builtin(use.name)
  dsl.current_dir, progress.files_read = dir, read
  progress.watch(who)
  if compiles then jit.off() end
  local results = { pcall(fn) }
  if compiles then jit.on() end
  -- After an error the time that is over goes on being over.
  if results[1] then progress.watch() else results[2] = problem_of(results[2], who) end
  dsl.current_dir, progress.files_read, dsl.default_place = dir_before, read_before, place_before
  return read, unpack(results, 1, 5)
end

return M
