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

-- Where its code is from, and what the lock of the project says of it.
local function facts_of(name, dir)
  if name:find("^[./]") then return { { "from", name } }, { from = "path" } end
  local plain = name:gsub("/", ".", 1)
  if require("ggen.core.embedded").has("ggen.plugins." .. plain) then
    return { { "from", "ggen-lua itself" } }, { from = "built-in" }
  end
  local locked = require("ggen.plugin.lock").open(dir)
  for _, entry in ipairs(locked and locked.plugins or {}) do
    if entry.name == plain then
      local granted = table.concat(entry.permissions, ", ")
      local facts = {
        { "from", ("%s %s (%s)"):format(entry.rock, entry.version, entry.source) },
        { "granted", granted == "" and "nothing" or granted },
      }
      if entry.trust == "process" then
        facts[3] = { "runs", "in a process of its own, by ggen-lock.json" }
      end
      return facts, { from = "lock", rock = entry.rock, rock_version = entry.version,
        source = entry.source, granted = require("ggen.core.json").array(entry.permissions),
        trust = entry.trust }
    end
  end
  return { { "from", "LUA_PATH; it is not locked" } }, { from = "LUA_PATH" }
end

---@param args table
---@return integer
function M.run(args)
  local dir = cli.directory(args)
  local project = require("ggen.locate").find(dir) or dir
  local plugin = require("ggen.plugin.target").load(args.name, { dir = dir, project = project },
    args.load_timeout)
  local page = require("ggen.plugin.page")
  local facts, document = facts_of(args.name, project)
  if not args.json then
    io.write(require("ggen.harmless").text(page.text(args.name, plugin, facts)), "\n")
    return 0
  end
  local json = require("ggen.core.json")
  document.name, document.kind, document.version = args.name, plugin.kind, plugin.version
  document.api, document.desc, document.trust = plugin.api, plugin.desc,
    document.trust or plugin.trust
  document.permissions = json.array(plugin.permissions)
  document.params = json.array(page.all_params(plugin))
  io.write(json.encode(document, { indent = 2, invalid_utf8 = "replace" }), "\n")
  return 0
end

return M
