-- `io` as the file of a plugin beside the pipeline sees it: what it reads while a pipeline is
-- loaded is an input of the configuration, though it did not ask ggen.loading(); what a program
-- says cannot be compared later.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local loading = require("ggen.loading")

local M = {}

local function note(path)
  -- What stands for a load in tests is asked by the plugin only.
  if type(loading.inputs) ~= "userdata" or type(path) ~= "string" then return end
  loading.read(path:sub(1, 1) == "/" and path or fs.cwd() .. "/" .. path)
end

---@param plugin string its path
---@return table
function M.new(plugin)
  return setmetatable({
    open = function(path, mode)
      if mode == nil or type(mode) == "string" and mode:match("^r[^+]*$") then note(path) end
      return io.open(path, mode)
    end,
    lines = function(path, ...)
      note(path)
      return io.lines(path, ...)
    end,
    popen = function(...)
      loading.refuse(("the plugin %s starts a program"):format(plugin))
      return io.popen(...)
    end,
  }, { __index = io })
end

return M
