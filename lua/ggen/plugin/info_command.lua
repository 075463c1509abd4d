-- ggen-lua plugin info NAME: what a plugin is, what it may do and what can be set.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")

local M = {
  summary = "Show what a plugin is, what it may do, and its params",
  description = "Shows what the table of a plugin says: kind, version, permissions, and the params"
    .. " that p:use may set. The plugin is named as in a pipeline.",
}

function M.configure(parser)
  parser:argument("name", "The plugin: kind.name, or a file that begins with ./ or /.")
    :argname("NAME")
  parser:flag("--json", "Print the result as JSON.")
end

---@param args table
---@return integer
function M.run(args)
  local plugin = require("ggen.registry").load(args.name, { dir = cli.directory(args) })
  local page = require("ggen.plugin.page")
  if not args.json then
    io.write(page.text(args.name, plugin), "\n")
    return 0
  end
  local json = require("ggen.core.json")
  io.write(json.encode({ name = args.name, kind = plugin.kind, version = plugin.version,
    api = plugin.api, desc = plugin.desc, permissions = json.array(plugin.permissions),
    params = json.array(page.params(plugin)) }, { indent = 2, invalid_utf8 = "replace" }), "\n")
  return 0
end

return M
