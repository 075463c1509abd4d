-- The doctor: the installed plugins against the lock, what each may do, and those that no lock
-- names.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local locate = require("ggen.locate")

local M = { topic = "plugins" }

local function may(entry)
  return table.concat(require("ggen.plugin.grants").lines(entry), ", ")
end

-- Rocks that are found by LUA_PATH: nothing says that they are what they were.
local function unlocked(report, project)
  local registry = require("ggen.registry")
  local ok, installed = pcall(require("ggen.plugin.installed").of, project.dir)
  if not ok then return end -- the lock is no good, which has been said
  for _, use in ipairs(project.loaded.root.uses) do
    local name = use.name:gsub("/", ".", 1)
    local rock = not use.name:find("^[./]")
      and not require("ggen.core.embedded").has("ggen.plugins." .. name)
      and not (installed and installed:has(name))
    local plugin
    ok = false
    if rock then ok, plugin = pcall(registry.load, use.name, use) end
    if ok then
      report:note(("%s is found by LUA_PATH and not locked; it %s"):format(name, may({
        permissions = plugin.permissions })), ("ggen-lua plugin add %s locks it"):format(name))
    end
  end
end

---@async
---@param report ggen.doctor.Report
---@param shared { project: ggen.async.Future } the project, when it could be loaded
---@param args table
function M.run(report, shared, args)
  if locate.find(cli.directory(args)) then
    local audit = require("ggen.plugin.audit")
    local dir = require("ggen.plugin.here").project(args)
    local findings, locked = audit.of(dir)
    for _, finding in ipairs(findings) do report:problem(audit.text(finding), finding.fix) end
    for _, entry in ipairs(locked and locked.plugins or {}) do
      if entry.name then
        report:ok(("%s %s %s"):format(entry.name, entry.version, may(entry)))
      end
    end
  end
  local project = shared.project:wait()
  if project then unlocked(report, project) end
end

return M
