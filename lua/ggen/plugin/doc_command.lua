-- ggen-lua plugin doc [NAME]: the reference page of a plugin, from its schema and its annotations.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")

local M = {
  summary = "Print the reference page of a plugin, or update it in a README",
  description = "Prints a page in Markdown: what the plugin is for (the comment at the head of its"
    .. " file), its params, its permissions, and what its methods decide (their comments with three"
    .. " dashes). Without NAME it is the plugin of the rock in this directory.",
}

function M.configure(parser)
  parser:argument("name", "The plugin: kind.name, or a file that begins with ./ or /.")
    :args("?"):argname("NAME")
  parser:option("-u --update", "Write it anew into this file, between the marks of the last time.")
    :argname("FILE")
end

-- The line that uses it is its author's, as long as the plugin has the params that it names.
local function used_in(text, plugin)
  local use = text:match("\n```lua\n(p:use [^\n]*)\n```\n")
  for name in (use or ""):gmatch("[{,]%s*([%a_][%w_]*)%s*=") do
    if not plugin.rest and not (plugin.params or {})[name] then return nil end
  end
  return use
end

---@param args table
---@return integer
function M.run(args)
  local dir = cli.directory(args)
  local target = require("ggen.plugin.target").find(args.name, dir, args.load_timeout)
  local page = require("ggen.plugin.page")
  if not args.update then
    io.write("# ", target.name, "\n\n", require("ggen.harmless").text(page.section(target.name,
      target.plugin, { source = target.source })))
    return 0
  end
  local path = args.update:sub(1, 1) == "/" and args.update or dir .. "/" .. args.update
  local text, message = fs.read(path)
  if not text then fault.raise(message) end
  local section = page.section(target.name, target.plugin, { source = target.source,
    use = used_in(text, target.plugin) })
  local changed = page.replace_section(text, section)
  if not changed then
    fault.raise(("plugin doc: %s has no part that plugin doc made; put the output of"
      .. " ggen-lua plugin doc into it once"):format(args.update))
  end
  if changed == text then
    io.write(args.update, " is up to date\n")
  else
    fault.check(fs.write(path, changed))
    io.write("Wrote ", args.update, "\n")
  end
  return 0
end

return M
