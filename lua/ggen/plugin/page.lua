-- The page of a plugin, from its manifest: as text for `plugin info`, and its params as rows for
-- every reference page (docs/generator/plugins.lua, `plugin doc`). Knows no terminal.
-- SPDX-License-Identifier: MIT
local schema = require("ggen.schema")
local sorted = require("ggen.sorted")

local M = {}

---@class ggen.ParamRow
---@field name string
---@field type string as a reader would name it
---@field default string? as a reader would write it; nil without one, and for an empty table
---@field required boolean
---@field desc string

-- Empty lists and maps go without saying.
local function default_text(value)
  if value == nil or type(value) == "table" and next(value) == nil then return nil end
  if type(value) ~= "table" then return tostring(value) end
  local texts = {}
  for i, each in ipairs(value) do texts[i] = tostring(each) end
  return table.concat(texts, ", ")
end

---@param plugin ggen.Plugin
---@return ggen.ParamRow[] rows by name
function M.params(plugin)
  local rows = {}
  for i, name in ipairs(sorted.keys(plugin.params or {})) do
    local spec = plugin.params[name]
    rows[i] = { name = name, type = schema.type_name(spec), default = default_text(spec.default),
      required = spec.required == true, desc = spec.desc or "" }
  end
  return rows
end

---The page as text, as the help of a command looks.
---@param name string as a pipeline names it
---@param plugin ggen.Plugin
---@return string
function M.text(name, plugin)
  local help_page = require("ggen.help_page")
  local out = { ("%s %s"):format(name, plugin.version) }
  for _, line in ipairs(help_page.wrap(plugin.desc .. ".")) do out[#out + 1] = line end
  out[#out + 1] = ""
  help_page.add_row(out, "kind", plugin.kind)
  help_page.add_row(out, "api", tostring(plugin.api))
  help_page.add_row(out, "permissions", #(plugin.permissions or {}) > 0
    and table.concat(plugin.permissions, ", ") or "none")
  local rows = M.params(plugin)
  if #rows > 0 then out[#out + 1] = "\nParams:" end
  for _, row in ipairs(rows) do
    local desc = row.desc:gsub("([^.])$", "%1.")
    if row.required then desc = desc .. " Must be given." end
    if row.default then desc = desc .. " Default: " .. row.default .. "." end
    help_page.add_row(out, row.name .. " (" .. row.type .. ")", desc)
  end
  return table.concat(out, "\n")
end

return M
