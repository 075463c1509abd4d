-- When a phase of a make.toml runs, as the `when` of a task of a pipeline.lua.
-- SPDX-License-Identifier: MIT
local lua_text = require("ggen.make_toml.lua_text")
local sorted = require("ggen.sorted")

local M = {}

local quote = lua_text.quote

local OS = { linux = "linux", mac = "macos", macos = "macos" }

-- `when` as a table, which looks for files beside the pipeline.lua; it takes one variable, or
-- variables with values.
local function when_table(condition)
  local items, env_set = {}, condition.env_set or {}
  if condition.env then
    local values = {}
    for i, name in ipairs(sorted.keys(condition.env)) do
      values[i] = lua_text.key(name) .. " = " .. quote(condition.env[name])
    end
    items[1] = "env = { " .. table.concat(values, ", ") .. " }"
  elseif env_set[1] then
    items[1] = "env = " .. quote(env_set[1])
  end
  if condition.files_exist then
    items[#items + 1] = "file = " .. lua_text.texts(condition.files_exist, "  ", 20)
  end
  local systems = condition.platforms or condition.os
  if systems then
    local names = {}
    for i, name in ipairs(systems) do names[i] = OS[name] or name end
    items[#items + 1] = "os = " .. lua_text.texts(names, "  ", 20)
  end
  return items[1] and lua_text.list(items, "  ", 10)
end

local function when_function(condition)
  local parts = {}
  local function getenv(name) return ("os.getenv(%s)"):format(quote(name)) end
  for _, name in ipairs(condition.env_set or {}) do
    parts[#parts + 1] = getenv(name) .. " ~= nil"
  end
  for _, name in ipairs(condition.env_not_set or {}) do
    parts[#parts + 1] = getenv(name) .. " == nil"
  end
  for _, name in ipairs(sorted.keys(condition.env or {})) do
    parts[#parts + 1] = getenv(name) .. " == " .. quote(condition.env[name])
  end
  return "function() return " .. table.concat(parts, " and ") .. " end"
end

---@param condition ggen.make_toml.Condition? of a phase
---@param comments string[] what has no equivalent is added
---@return string? expression
function M.expression(condition, comments)
  if not condition then return nil end
  if condition.disabled then return "function() return false end" end
  local env_set = condition.env_set or {}
  local variables = condition.env_not_set or #env_set > 1 or env_set[1] and condition.env
  for _, key in ipairs({ "env_true", "env_false", "files_not_exist", "profiles", "script",
    "files_exist", "platforms", "os" }) do
    local in_table = key == "files_exist" or key == "platforms"
      or key == "os" and not condition.platforms
    if condition[key] and not (in_table and not variables) then
      comments[#comments + 1] = ("condition.%s has no equivalent (see `when`)"):format(key)
    end
  end
  if variables then return when_function(condition) end
  return when_table(condition)
end

return M
