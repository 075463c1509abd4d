-- What a fingerprint plugin adds to a key with: values, variables, files.
-- SPDX-License-Identifier: MIT
local M = {}

---@class ggen.KeyBuilder what a fingerprint plugin's parts() gets
---@field package _parts string[]
---@field package _variables table<string, true>
---@field package _files string[]
local KeyBuilder = { __name = "ggen.KeyBuilder" }
KeyBuilder.__index = KeyBuilder

---Adds a value to the key.
---@param name string shown by `why`
---@param value string|number|boolean
function KeyBuilder:add(name, value)
  local list = self._parts
  list[#list + 1], list[#list + 2], list[#list + 3] = "plugin", tostring(name), tostring(value)
end

---Adds a variable of the caller's environment to the key, with the value that it has in each run.
---@param name string
function KeyBuilder:env(name) self._variables[#self._variables + 1] = name end

---Adds the content of a file to the key.
---@param path string relative to the directory of the file that declares the task
function KeyBuilder:file(path) self._files[#self._files + 1] = path end

---@param parts string[] kind, name, value, kind, ...; values are added to it
---@param variables string[] names are added to it
---@return ggen.KeyBuilder
function M.new(parts, variables)
  return setmetatable({ _parts = parts, _variables = variables, _files = {} }, KeyBuilder)
end

return M
