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
  if plugin.trust == "process" then
    help_page.add_row(out, "trust", "process (it runs in a process of its own, in a sandbox)")
  end
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

local BEGIN = "<!-- Made by: ggen-lua plugin doc. Do not edit. -->"
local END = "<!-- The end of what ggen-lua plugin doc makes. -->"

-- "|" and line ends would end a cell of a table.
local function cell(text) return (text:gsub("\n", " "):gsub("|", "\\|")) end

local function code(text) return text == "" and "" or "`" .. text .. "`" end

---The params as a table of Markdown.
---@param plugin ggen.Plugin
---@return string? nil without any
function M.params_table(plugin)
  local lines = { "| param | type | default | |", "| --- | --- | --- | --- |" }
  for _, row in ipairs(M.params(plugin)) do
    local desc = row.desc
    if row.required then desc = desc:gsub("([^.])$", "%1.") .. " Must be given." end
    lines[#lines + 1] = ("| %s | %s | %s | %s |"):format(code(row.name), cell(row.type),
      cell(code(row.default or "")), cell(desc))
  end
  return #lines > 2 and table.concat(lines, "\n") .. "\n" or nil
end

-- What the file says of itself: the comment at its head, and those with three dashes above methods.
local function annotations(source, kind)
  local methods, head, block = {}, {}, {}
  local known = require("ggen.kinds").kinds[kind].methods
  local in_head = true
  for line in (source:gsub("^#[^\n]*\n", "") .. "\n"):gmatch("([^\n]*)\n") do
    local text = line:match("^%s*%-%-%-%s?(.*)$")
    local comment = line:match("^%-%-%s?([^%-].*)$") or line:match("^%-%-()$") and ""
    if in_head and comment then
      if not comment:find("^SPDX") then head[#head + 1] = comment end
    else
      in_head = false
    end
    if text and not text:find("^@") then
      block[#block + 1] = text
    elseif not text then
      local name = line:match("^%s*([%w_]+)%s*=%s*function") or line:match("function%s+[%w_.]+[.:]"
        .. "([%w_]+)%s*%(")
      if name and known[name] and #block > 0 then
        methods[#methods + 1] = { name = name, text = table.concat(block, " ") }
      end
      block = {}
    end
  end
  return table.concat(head, "\n"), methods
end

---The page as Markdown, without a title: what a README has of it, and between what marks.
---@param name string as a pipeline names it
---@param plugin ggen.Plugin
---@param options { source: string?, use: string? } the text of its file; a line that uses it
---@return string
function M.section(name, plugin, options)
  local head, methods = "", {}
  if options.source then head, methods = annotations(options.source, plugin.kind) end
  local out = { BEGIN, "", plugin.desc:gsub("([^.])$", "%1.") .. "\n" }
  if head ~= "" then out[#out + 1] = head .. "\n" end
  out[#out + 1] = "```lua\n" .. (options.use or ("p:use %q"):format(name)) .. "\n```\n"
  local rows = M.params_table(plugin)
  if rows then out[#out + 1] = rows end
  local permissions = {}
  for i, text in ipairs(plugin.permissions or {}) do permissions[i] = code(text) end
  out[#out + 1] = ("Kind %s, level %s of its contract. Permissions: %s.\n"):format(
    code(plugin.kind), code(tostring(plugin.api)), #permissions > 0 and table.concat(permissions,
    ", ") or "none")
  if #methods > 0 then
    out[#out + 1] = "What it decides:\n"
    for _, method in ipairs(methods) do
      out[#out + 1] = ("- `%s`: %s"):format(method.name, method.text)
    end
    out[#out + 1] = ""
  end
  out[#out + 1] = END
  return table.concat(out, "\n") .. "\n"
end

---Puts a new section in the place of the one that a text has.
---@param text string
---@param section string
---@return string? text nil when there is none in it
function M.replace_section(text, section)
  local first = text:find(BEGIN, 1, true)
  local _, last = text:find(END .. "\n", first or 1, true)
  if not first or not last then return nil end
  return text:sub(1, first - 1) .. section .. text:sub(last + 1)
end

return M
