-- ggen-lua plugin audit: every file of the installed plugins against the lock, and what each one
-- may do.
-- SPDX-License-Identifier: MIT
local grants = require("ggen.plugin.grants")
local here = require("ggen.plugin.here")
local harmless = require("ggen.harmless").text

local M = {
  summary = "Check the files of the installed plugins, and show what each may do",
  description = "Compares every file in .ggen/plugins with ggen-lock.json, and shows what each"
    .. " plugin may do. Exit code 3 when something is not as it should be. Nothing is run, changed,"
    .. " or asked of the network.",
}

function M.configure(parser)
  parser:flag("--json", "Print the result as JSON.")
end

local function print_json(findings, locked)
  local json = require("ggen.core.json")
  local plugins = json.array({})
  for _, entry in ipairs(locked and locked.plugins or {}) do
    plugins[#plugins + 1] = { name = entry.name, rock = entry.rock, version = entry.version,
      source = entry.source, trust = entry.trust, permissions = entry.permissions
      and json.array(entry.permissions) }
  end
  here.print_json({ schema = "ggen-plugin-audit", version = 1, findings = json.array(findings),
    plugins = plugins })
end

---@param args table
---@return integer
function M.run(args)
  local dir = here.project(args)
  local audit = require("ggen.plugin.audit")
  local findings, locked = audit.of(dir)
  if args.json then
    print_json(findings, locked)
    return #findings > 0 and 3 or 0
  end
  for _, entry in ipairs(locked and locked.plugins or {}) do
    io.write(harmless(("%s %s from %s\n"):format(entry.name or entry.rock, entry.version,
      entry.source)))
    for _, line in ipairs(entry.name and grants.lines(entry) or { "needed by "
      .. table.concat(entry.needed_by or {}, ", ") }) do
      io.write("  ", harmless(line), "\n")
    end
  end
  for _, finding in ipairs(findings) do
    io.write(harmless(("problem: %s\n  fix: %s\n"):format(audit.text(finding), finding.fix)))
  end
  io.write(#findings == 0 and "no problem\n" or ("%d problem%s\n"):format(#findings,
    #findings == 1 and "" or "s"))
  return #findings > 0 and 3 or 0
end

return M
