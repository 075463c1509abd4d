-- ggen-lua plugin list: the plugins that are installed here, or those that a run sets up, in order.
-- SPDX-License-Identifier: MIT
local here = require("ggen.plugin.here")
local harmless = require("ggen.harmless").text

local M = {
  summary = "List the installed plugins, or those of a run in order",
  description = "Lists the plugins of ggen-lock.json. --order lists those that a run of this"
    .. " pipeline sets up instead, in that order, with where each comes from: the build, the lock,"
    .. " a path, or LUA_PATH.",
}

function M.configure(parser)
  parser:flag("--order", "The plugins of a run, in the order in which they are set up.")
  parser:flag("--json", "Print the result as JSON.")
end

local function installed(dir, args)
  local json = require("ggen.core.json")
  local locked = require("ggen.plugin.lock").open(dir)
  local rows, list = { { "plugin", "version", "api", "may", "from" } }, json.array({})
  for _, entry in ipairs(locked and locked.plugins or {}) do
    list[#list + 1] = { name = entry.name, rock = entry.rock, version = entry.version,
      api = entry.api, source = entry.source, trust = entry.trust,
      permissions = entry.permissions and json.array(entry.permissions),
      needed_by = entry.needed_by and json.array(entry.needed_by) }
    local may = table.concat(entry.permissions or {}, " ")
    rows[#rows + 1] = { harmless(entry.name or entry.rock), entry.version,
      tostring(entry.api or ""), may == "" and "-" or harmless(may), harmless(entry.source) }
  end
  if args.json then
    here.print_json({ schema = "ggen-plugins", version = 1, plugins = list })
  elseif #list == 0 then
    io.write("no plugin is installed here (ggen-lua plugin add)\n")
  else
    io.write(require("ggen.columns").render(rows, "", true))
  end
end

-- Where the code of a plugin is.
local function origin_of(name, dir)
  if name:find("^[./]") then return "path" end
  local plain = name:gsub("/", ".", 1)
  if require("ggen.core.embedded").has("ggen.plugins." .. plain) then return "built-in" end
  local found = require("ggen.plugin.installed").of(dir)
  return found and found:has(plain) and "lock" or "LUA_PATH"
end

local function in_order(args)
  local session = require("ggen.session")
  local project = session.open(args)
  local host = session.host(project, args, { output = "none", jobs = 1 })
  local plugins = session.plugins(project, host)
  require("ggen.defaults").add(plugins, { cache = {}, jobs = 1 }, project)
  local rows, list = { { "", "plugin", "kind", "from", "chosen at" } },
    require("ggen.core.json").array({})
  for i, instance in ipairs(plugins:in_order()) do
    local from = origin_of(instance.name, project.dir)
    list[i] = { name = instance.name, kind = instance.plugin.kind, from = from,
      file = instance.file, line = instance.line }
    rows[#rows + 1] = { tostring(i), harmless(instance.name), instance.plugin.kind, from,
      instance.file and ("%s:%d"):format(harmless(instance.file), instance.line or 1) or "default" }
  end
  local problems = plugins:close()
  if args.json then
    here.print_json({ schema = "ggen-plugins", version = 1, order = list })
  else
    io.write(require("ggen.columns").render(rows, "", true))
  end
  for _, message in ipairs(problems) do io.stderr:write("ggen-lua: ", harmless(message), "\n") end
end

---@async
---@param args table
---@return integer
function M.run(args)
  if args.order then in_order(args) else installed(here.project(args), args) end
  return 0
end

return M
