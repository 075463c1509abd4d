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

local function row_of(name, spec)
  return { name = name, type = schema.type_name(spec), default = default_text(spec.default),
    required = spec.required == true, desc = spec.desc or "", min = spec.min, max = spec.max }
end

---@param plugin ggen.Plugin
---@return ggen.ParamRow[] rows by name
function M.params(plugin)
  local rows = {}
  for i, name in ipairs(sorted.keys(plugin.params or {})) do
    rows[i] = row_of(name, plugin.params[name])
  end
  return rows
end

-- The fields of the records in a param, with what leads to them: "layers[].dir".
local function add_fields(rows, prefix, spec)
  if spec.type == "list" then return add_fields(rows, prefix .. "[]", spec.of) end
  if spec.type == "map" then return add_fields(rows, prefix .. ".*", spec.of) end
  for _, option in ipairs(spec.type == "union" and spec.any_of or {}) do
    add_fields(rows, prefix, option)
  end
  for _, name in ipairs(spec.type == "record" and sorted.keys(spec.fields) or {}) do
    local path = prefix .. "." .. name
    rows[#rows + 1] = row_of(path, spec.fields[name])
    add_fields(rows, path, spec.fields[name])
  end
end

---All that can be set, with the fields of records.
---@param plugin ggen.Plugin
---@return ggen.ParamRow[] rows by name
function M.all_params(plugin)
  local rows = {}
  for _, row in ipairs(M.params(plugin)) do
    rows[#rows + 1] = row
    add_fields(rows, row.name, plugin.params[row.name])
  end
  return rows
end

local function sentence(text) return (text:gsub("([^.])$", "%1.")) end

-- What is said of a param: what it is for, what a number may be, whether it has to be there.
local function desc_of(row)
  local parts = { row.desc ~= "" and sentence(row.desc) or nil }
  if row.min and row.max then
    parts[#parts + 1] = ("From %s to %s."):format(row.min, row.max)
  elseif row.min or row.max then
    parts[#parts + 1] = row.min and ("%s or more."):format(row.min)
      or ("%s or less."):format(row.max)
  end
  if row.required then parts[#parts + 1] = "Must be given." end
  return table.concat(parts, " ")
end

-- What may stand for a value, by its type.
local function example_of(spec)
  if spec.type == "enum" then return ("%q"):format(spec.values[1]) end
  if spec.type == "boolean" then return "true" end
  if spec.type == "number" or spec.type == "integer" then return tostring(spec.min or 1) end
  if spec.type == "duration" then return '"10s"' end
  if spec.type == "size" then return '"1GiB"' end
  return (spec.type == "string" or spec.type == "union") and '"..."' or "{ ... }"
end

---A line that uses it, with what must be given.
---@param name string
---@param plugin ggen.Plugin
---@return string
function M.use(name, plugin)
  local words = {}
  for _, row in ipairs(M.params(plugin)) do
    if row.required and row.name ~= plugin.rest and row.name ~= plugin.positional then
      words[#words + 1] = ("%s = %s"):format(row.name, example_of(plugin.params[row.name]))
    end
  end
  if plugin.positional or plugin.rest then words[#words + 1] = "..." end
  local params = #words > 0 and (" { %s }"):format(table.concat(words, ", ")) or ""
  return ("p:use %q"):format(name) .. params
end

---The page as text, as the help of a command looks.
---@param name string as a pipeline names it
---@param plugin ggen.Plugin
---@param facts { [1]: string, [2]: string }[]? more of it, each with a title
---@return string
function M.text(name, plugin, facts)
  local help_page = require("ggen.help_page")
  local out = { ("%s %s"):format(name, plugin.version) }
  for _, line in ipairs(help_page.wrap(sentence(plugin.desc))) do out[#out + 1] = line end
  out[#out + 1] = ""
  help_page.add_row(out, "kind", plugin.kind)
  help_page.add_row(out, "api", ("%s (this ggen-lua has level %d)"):format(plugin.api,
    require("ggen.registry").level(plugin.kind)))
  help_page.add_row(out, "permissions", #(plugin.permissions or {}) > 0
    and table.concat(plugin.permissions, ", ") or "none")
  if plugin.trust == "process" then
    help_page.add_row(out, "trust", "process (it runs in a process of its own, in a sandbox)")
  end
  for _, fact in ipairs(facts or {}) do help_page.add_row(out, fact[1], fact[2]) end
  local rows = M.all_params(plugin)
  if #rows > 0 then out[#out + 1] = "\nParams:" end
  for _, row in ipairs(rows) do
    local desc = desc_of(row)
    if row.default then desc = desc .. " Default: " .. row.default .. "." end
    help_page.add_row(out, row.name .. " (" .. row.type .. ")", desc)
  end
  out[#out + 1] = "\nIn a pipeline:\n  " .. M.use(name, plugin)
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
  for _, row in ipairs(M.all_params(plugin)) do
    lines[#lines + 1] = ("| %s | %s | %s | %s |"):format(code(row.name), cell(row.type),
      cell(code(row.default or "")), cell(desc_of(row)))
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
  local out = { BEGIN, "", sentence(plugin.desc) .. "\n" }
  if head ~= "" then out[#out + 1] = head .. "\n" end
  out[#out + 1] = "```lua\n" .. (options.use or M.use(name, plugin)) .. "\n```\n"
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
