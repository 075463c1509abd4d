-- What tasks may lease: the names that the containers plugin of a pipeline has, and what of them
-- enters the keys of the tasks that lease them. Knows no engine, and runs nothing.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local function_digest = require("ggen.function_digest")
local hash = require("ggen.core.hash")
local json = require("ggen.core.json")
local plugin_use = require("ggen.plugin_use")
local registry = require("ggen.registry")
local secrets = require("ggen.secrets")

local M = {}

local DEEPEST = 50

---@alias ggen.ServiceEntry string|{ [1]: string, shared: boolean?, env: function? } of `services`

---@param entry ggen.ServiceEntry
---@return string
function M.name(entry) return type(entry) == "table" and entry[1] or entry end

---The services of a task that are tasks.
---@param spec ggen.TaskSpec of a resolved task
---@return string[] names
function M.tasks(spec)
  local names, leased = {}, {}
  for _, position in ipairs(spec.leases or {}) do leased[position] = true end
  for position, entry in ipairs(spec.services or {}) do
    if not leased[position] then names[#names + 1] = M.name(entry) end
  end
  return names
end

---The services of a task that it leases, sorted by name.
---@param spec ggen.TaskSpec of a resolved task
---@return { name: string, shared: boolean, env: function? }[]
function M.leases(spec)
  local list = {}
  for i, position in ipairs(spec.leases or {}) do
    local entry = spec.services[position]
    local options = type(entry) == "table" and entry or {}
    list[i] = { name = M.name(entry), shared = options.shared or false, env = options.env }
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

-- The last one wins, as it does in a run.
local function used_by(uses)
  for i = #uses, 1, -1 do
    if plugin_use.kind(uses[i]) == "containers" then
      return uses[i], registry.load(uses[i].name, uses[i])
    end
  end
end

---@class ggen.Leasable
---@field values table<string, any> by name
---@field plugin string as the pipeline names it
---@field use { file: string?, line: integer? } where

---@param uses table[] of the root's pipeline, with the real functions
---@return ggen.Leasable? leasable nil when no plugin of kind containers is used
function M.of(uses)
  local use, plugin = used_by(uses)
  if not use then return nil end
  local params = registry.params(plugin, use.name, use.params, use)
  local ok, values, refused = pcall(plugin.services, params)
  if ok and values == nil and type(refused) == "string" then
    fault.raise(("plugin %q: %s"):format(use.name, refused), use.file, use.line)
  end
  local wrong = not ok and tostring(values)
    or type(values) ~= "table" and "it must return a table, it returned " .. type(values) or nil
  for name in pairs(not wrong and values or {}) do
    if type(name) ~= "string" then wrong = "a name must be a text, it is a " .. type(name) end
  end
  if wrong then
    fault.raise(("plugin %q is broken: services: %s"):format(use.name, wrong), use.file, use.line)
  end
  return { values = values, plugin = use.name, use = use }
end

-- Plain data; functions as what stands for them in a key.
local function plain(state, value, key, depth)
  local kind = type(value)
  if kind == "string" and type(key) == "string" then
    return secrets.shown(key:upper(), value)
  elseif kind == "string" or kind == "boolean" or kind == "number" then
    return value
  elseif kind == "function" then
    local text, why = function_digest.text(value, state.sources)
    state.why = state.why or why
    return "function " .. (text and hash.bytes(text) or "?")
  elseif kind ~= "table" then
    error(("%s is a %s"):format(tostring(key), kind), 0)
  elseif depth > DEEPEST then
    error(("%s is nested too deep"):format(tostring(key)), 0)
  end
  local copy, is_list = {}, #value > 0
  for name, inner in pairs(value) do
    -- JSON has lists and objects, and nothing between.
    copy[is_list and name or tostring(name)] = plain(state, inner,
      type(name) == "string" and name or key, depth + 1)
  end
  if is_list then
    for name in pairs(value) do
      if type(name) ~= "number" then
        local object = {}
        for inner_name, inner in pairs(copy) do object[tostring(inner_name)] = inner end
        return object
      end
    end
  end
  return copy
end

---A value of a service, or options of a task, as text for a key.
---@param value any
---@param sources table<string, string> texts of the loaded files, for functions
---@return string text JSON
---@return string? why it cannot be told; the text stands for nothing then
function M.text(value, sources)
  local state = { sources = sources }
  local copy = plain(state, value, nil, 0)
  return json.encode(copy), state.why
end

return M
