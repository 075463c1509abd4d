-- What is wrong with the plugins of a project: the tree against the lock, file by file, and the
-- lock against the program. Asks nobody outside, runs nothing.
-- SPDX-License-Identifier: MIT
local lock = require("ggen.plugin.lock")
local tree = require("ggen.plugin.tree")

local M = {}

---@class ggen.AuditFinding
---@field plugin string? or rock
---@field file string? below .ggen/plugins/share/lua/5.1
---@field text string
---@field fix string

local SYNC = "ggen-lua plugin sync"

local function owners_of(locked)
  local owners = {}
  for _, entry in ipairs(locked.plugins) do
    for path in pairs(entry.files) do owners[path] = entry.name or entry.rock end
  end
  return owners
end

---@param dir string absolute directory of the project
---@return ggen.AuditFinding[] findings
---@return ggen.Lock? lock nil when there is none, or one that cannot be used
function M.of(dir)
  local findings = {}
  local function add(plugin, file, text, fix)
    findings[#findings + 1] = { plugin = plugin, file = file, text = text, fix = fix }
  end
  local locked, message = lock.read(dir)
  if message then
    add(nil, nil, lock.FILE .. ": " .. message, lock.fix(message))
    return findings
  end
  local state = tree.state(dir, locked or { plugins = {} })
  local owners = owners_of(locked or { plugins = {} })
  for _, path in ipairs(state.changed) do
    add(owners[path], path, "is not what was added", SYNC)
  end
  for _, path in ipairs(state.missing) do add(owners[path], path, "is not there", SYNC) end
  for _, path in ipairs(state.extra) do
    add(nil, path, "is in .ggen/plugins, and the lock does not name it", SYNC .. " removes it")
  end
  local has = require("ggen.core.embedded").has
  local level = require("ggen.api_level")
  for _, entry in ipairs(locked and locked.plugins or {}) do
    if entry.name and has("ggen.plugins." .. entry.name) then
      add(entry.name, nil, "this ggen-lua has a built-in plugin of that name, which is used"
        .. " instead", "ggen-lua plugin remove " .. entry.name)
    end
    local kind = entry.name and entry.name:match("^%l+")
    local registry = require("ggen.registry")
    if kind and not registry.kinds[kind] then
      add(entry.name, nil, "there is no such kind of plugins", "ggen-lua plugin remove "
        .. entry.name)
    elseif kind and entry.api ~= nil and not level.problem(entry.api) then
      local refusal = level.refusal(entry.api, kind, registry.level(kind))
      if refusal then add(entry.name, nil, refusal, "ggen-lua plugin update " .. entry.name) end
    end
  end
  return findings, locked
end

---@param finding ggen.AuditFinding
---@return string
function M.text(finding)
  if finding.file then
    return ("%s%s %s"):format(finding.plugin and finding.plugin .. ": " or "", finding.file,
      finding.text)
  end
  return (finding.plugin and finding.plugin .. ": " or "") .. finding.text
end

return M
