-- The page of plugins: the table of one, the built-in ones with their params, and what plugins see
-- (lua/ggen/types/). Their methods are on the pages of contract.lua.
-- SPDX-License-Identifier: MIT
local api = require("api")
local fs = require("ggen.core.fs")
local contract = require("contract")
local lua_page = require("lua")
local markdown = require("markdown")
local page = require("ggen.plugin.page")

local M = {}

-- What observers and others see of a run, described after the kinds.
local SEEN = { "ggen.HealthReport", "ggen.Host", "ggen.RunOptions", "ggen.Style", "ggen.Screen",
  "ggen.Task",
  "ggen.TaskResult", "ggen.Totals", "ggen.Run", "ggen.Log", "ggen.Context", "ggen.Step",
  "ggen.Lease", "ggen.LeaseRequest", "ggen.LeaseWant",
  "ggen.View", "ggen.Machine", "ggen.Hook", "ggen.WorkspaceFound", "ggen.CacheEntries",
  "ggen.CacheEntry", "ggen.NewResult", "ggen.KeyBuilder", "ggen.CacheOptions", "ggen.CacheTotals",
  "ggen.FileEvent", "ggen.Project", "ggen.Events", "ggen.Parser", "ggen.ParserArgument",
  "ggen.ParserOption" }

local function param_rows(plugin, problem)
  local rows = {}
  for i, row in ipairs(page.params(plugin)) do
    if row.desc == "" then
      problem(("plugin %s.%s: param %s has no desc"):format(plugin.kind, plugin.name, row.name))
    end
    rows[i] = { markdown.code(row.name), row.type, markdown.code(row.default or ""), row.desc }
  end
  return rows
end

-- The example of a plugin in docs/plugins/, which tests/spec/plugin_examples_spec.lua runs: its
-- pipeline, and how it is run. Its first lines say what is there ("+"), and what comes of it (">").
local function example_of(plugin, problem)
  local file = ("docs/plugins/%s.%s.lua"):format(plugin.kind, plugin.name)
  local text = fs.read(file)
  if not text then
    problem(file .. ": there is no example of this plugin")
    return ""
  end
  local head, pipeline = text:match("^(.-)%-%- SPDX[^\n]*\n(.*)$")
  local command, files = head:match("%-%- %$ ([^\n]*)\n"), {}
  for name in head:gmatch("%-%- %+ (%S+):") do files[#files + 1] = markdown.code(name) end
  local beside = files[1] and ", beside " .. table.concat(files, ", ") or ""
  return ("A `pipeline.lua` for `%s`%s:\n\n```lua\n%s```\n"):format(command, beside, pipeline)
end

local function plugin_entry(plugin, problem)
  local parts = { ("### %s.%s\n"):format(plugin.kind, plugin.name), plugin.desc .. ".\n" }
  local rows = param_rows(plugin, problem)
  if #rows > 0 then
    parts[#parts + 1] = markdown.table({ "param", "type", "default", "" }, rows)
  end
  if #(plugin.permissions or {}) > 0 then
    local codes = {}
    for i, permission in ipairs(plugin.permissions) do codes[i] = markdown.code(permission) end
    parts[#parts + 1] = "Permissions: " .. table.concat(codes, ", ") .. ".\n"
  end
  parts[#parts + 1] = example_of(plugin, problem)
  return table.concat(parts, "\n")
end

local function kind_section(row, plugins, problem)
  local kind, decides = row[1], row[2]
  local parts = { "## " .. kind .. "\n",
    ("Decides %s. Its methods are in [the contract](../contract/%s.md).\n"):format(decides, kind) }
  for _, plugin in ipairs(plugins) do
    if plugin.kind == kind then parts[#parts + 1] = plugin_entry(plugin, problem) end
  end
  if #parts == 2 then parts[#parts + 1] = "None is built in.\n" end
  return table.concat(parts, "\n")
end

-- The members of an alias, in a sentence.
local function one_of(files, name)
  for _, item in ipairs(files.plugin.items) do
    if item.kind == "alias" and item.name == name then
      local values = {}
      for i, value in ipairs(item.values) do values[i] = (value:gsub('"', "`")) end
      return ("`%s` is one of %s.\n"):format(name, table.concat(values, ", "))
    end
  end
  error("lua/ggen/types/plugin.lua has no alias " .. name)
end

---@param plugins ggen.Plugin[] the built-in ones, sorted
---@param files table<string, luacats.File> of lua/ggen/types/
---@param problem fun(text: string)
---@return string page
function M.page(plugins, files, problem)
  local classes, functions = lua_page.index(files)
  local out = { markdown.made_by("plugins/ and lua/ggen/types/"), [[
# Plugins

A plugin is a Lua file that returns one table. `p:use "scheduler.fifo"` names one by kind and name,
`p:use "./policies/mine.lua" { option = 1 }` by a path relative to the file that says it. The guide
is [write a plugin](../guides/write-a-plugin.md), the methods of each kind are in
[the contract](../contract/index.md).

## The table
]] }
  out[#out + 1] = api.fields(classes["ggen.Plugin"])
  out[#out + 1] = one_of(files, "ggen.PluginKind")
  out[#out + 1] = "### Params\n"
  out[#out + 1] = api.text(classes["ggen.Param"].text)
  out[#out + 1] = api.fields(classes["ggen.Param"])
  out[#out + 1] = one_of(files, "ggen.ParamType")
  for _, row in ipairs(contract.ORDER) do
    out[#out + 1] = kind_section(row, plugins, problem)
  end
  out[#out + 1] = "## What plugins see\n"
  for _, name in ipairs(SEEN) do
    local class = classes[name]
    out[#out + 1] = "### " .. name .. "\n"
    if #class.text > 0 then out[#out + 1] = api.text(class.text) end
    if #class.fields > 0 then out[#out + 1] = api.fields(class) end
    for _, item in ipairs(functions[name] or {}) do
      out[#out + 1] = api.entry(item, markdown.code((item.method and ":" or ".")
        .. item.name .. item.signature), 4)
    end
  end
  return table.concat(out, "\n")
end

return M
