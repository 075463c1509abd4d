-- The page of plugins: the kinds with their methods (lua/ggen/types/plugin.lua), and the built-in
-- plugins with their params. Checks the one against lua/ggen/kinds.lua.
-- SPDX-License-Identifier: MIT
local api = require("api")
local lua_page = require("lua")
local markdown = require("markdown")
local page = require("ggen.plugin.page")
local sorted = require("ggen.sorted")

local M = {}

-- Kinds and methods that the registry knows and nothing calls yet.
local LATER = {
  frontend = "make.toml and other files in the place of pipeline.lua",
  watch = "when to run again",
}

-- Where the defaults come from, in the order of the page.
local ORDER = { "observer", "scheduler", "executor", "containers", "hooks", "workspaces", "cache",
  "fingerprint", "store", "command" }

-- What observers and others see of a run, described after the kinds.
local SEEN = { "ggen.HealthReport", "ggen.Host", "ggen.RunOptions", "ggen.Style", "ggen.Screen",
  "ggen.Task",
  "ggen.TaskResult", "ggen.Totals", "ggen.Run", "ggen.Log", "ggen.Context", "ggen.Step",
  "ggen.Lease", "ggen.LeaseRequest", "ggen.LeaseWant",
  "ggen.View", "ggen.Machine", "ggen.Hook", "ggen.WorkspaceFound", "ggen.CacheEntries",
  "ggen.CacheEntry", "ggen.NewResult", "ggen.KeyBuilder", "ggen.CacheOptions", "ggen.CacheTotals" }

local function class_name(kind)
  return ("ggen.%s%sPlugin"):format(kind:sub(1, 1):upper(), kind:sub(2))
end

local function check_kinds(kinds, classes, functions, problem)
  for kind, row in pairs(kinds) do
    local name = class_name(kind)
    local described = {}
    for _, item in ipairs(functions[name] or {}) do described[item.name] = true end
    if classes[name] then
      for method in pairs(row.methods) do
        if not described[method] and not LATER[kind .. "." .. method] then
          problem(("lua/ggen/types/plugin.lua: %s has no method %s"):format(name, method))
        end
        described[method] = nil
      end
      for method in pairs(described) do
        problem(("lua/ggen/kinds.lua: kind %s has no method %s"):format(kind, method))
      end
    elseif not LATER[kind] then
      problem(("lua/ggen/types/plugin.lua: nothing about the kind %s"):format(kind))
    end
  end
end

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

local function plugin_entry(plugin, problem)
  local parts = { ("#### %s.%s\n"):format(plugin.kind, plugin.name), plugin.desc .. ".\n" }
  local rows = param_rows(plugin, problem)
  if #rows > 0 then
    parts[#parts + 1] = markdown.table({ "param", "type", "default", "" }, rows)
  end
  if #(plugin.permissions or {}) > 0 then
    parts[#parts + 1] = "Permissions: " .. table.concat(plugin.permissions, ", ") .. ".\n"
  end
  return table.concat(parts, "\n")
end

local function kind_section(kind, row, classes, functions, plugins, problem)
  local name = class_name(kind)
  local parts = { "## " .. kind .. "\n" }
  parts[#parts + 1] = api.text(classes[name].text)
  parts[#parts + 1] = (row.many and "A run may have several."
    or "A run has one: the last that is named.") .. (" API level %d.\n"):format(row.api)
  for _, item in ipairs(functions[name] or {}) do
    parts[#parts + 1] = api.entry(item, markdown.code(item.name
      .. item.signature:gsub("%(", "(self, "):gsub("%(self, %)", "(self)")), 3, "may wait")
  end
  local built = {}
  for _, plugin in ipairs(plugins) do
    if plugin.kind == kind then built[#built + 1] = plugin_entry(plugin, problem) end
  end
  if #built > 0 then
    parts[#parts + 1] = "### Built in\n"
    parts[#parts + 1] = table.concat(built, "\n")
  end
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

---@param kinds table of ggen.registry
---@param plugins ggen.Plugin[] the built-in ones, sorted
---@param files table<string, luacats.File> of lua/ggen/types/
---@param problem fun(text: string)
---@return string page
function M.page(kinds, plugins, files, problem)
  local classes, functions = lua_page.index(files)
  check_kinds(kinds, classes, functions, problem)
  local out = { markdown.made_by("plugins/, lua/ggen/registry.lua and lua/ggen/types/"), [[
# Plugins

A plugin is a Lua file that returns one table. `p:use "scheduler.fifo"` names one by kind and name,
`p:use "./policies/mine.lua" { option = 1 }` by a path relative to the file that says it. The guide
is [write a plugin](../guides/write-a-plugin.md).

## The table
]] }
  out[#out + 1] = api.fields(classes["ggen.Plugin"])
  out[#out + 1] = one_of(files, "ggen.PluginKind")
  out[#out + 1] = "### Params\n"
  out[#out + 1] = api.text(classes["ggen.Param"].text)
  out[#out + 1] = api.fields(classes["ggen.Param"])
  out[#out + 1] = one_of(files, "ggen.ParamType")
  out[#out + 1] = "### Methods of every kind\n"
  for _, item in ipairs(functions["ggen.AnyPlugin"]) do
    out[#out + 1] = api.entry(item, markdown.code(item.name
      .. item.signature:gsub("%(", "(self, "):gsub("%(self, %)", "(self)")), 4, "may wait")
  end
  for _, kind in ipairs(ORDER) do
    out[#out + 1] = kind_section(kind, kinds[kind], classes, functions, plugins, problem)
  end
  out[#out + 1] = [[
## Not called yet

These kinds and methods are known, so that a plugin that has them loads; nothing calls them in this
version.
]]
  local rows = {}
  for i, name in ipairs(sorted.keys(LATER)) do rows[i] = { markdown.code(name),
    LATER[name] } end
  out[#out + 1] = markdown.table({ "kind or method", "decides" }, rows)
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
