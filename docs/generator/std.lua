-- The page of the standard library, from the comments in stdlib/ggen/std/.
-- SPDX-License-Identifier: MIT
local api = require("api")
local markdown = require("markdown")
local sorted = require("ggen.sorted")

local M = {}

-- Lines of a head comment that are an example: indented by two or more.
local function head_text(lines)
  local out, in_code, indent = {}, false, 0
  for _, line in ipairs(lines) do
    local is_code = line:find("^%s%s") ~= nil
    if is_code and not in_code then
      indent = #line:match("^%s*")
      if out[#out] ~= "" then out[#out + 1] = "" end
      out[#out + 1] = "```lua"
    end
    if in_code and not is_code and line ~= "" then
      out[#out + 1] = "```"
      out[#out + 1] = ""
    end
    in_code = is_code or (in_code and line == "")
    out[#out + 1] = is_code and line:sub(math.min(indent, #line:match("^%s*")) + 1) or line
  end
  while out[#out] == "" do out[#out] = nil end
  if in_code then out[#out + 1] = "```" end
  return table.concat(out, "\n") .. "\n"
end

-- What the parts of a module describe under the name of a class: functions of a class that stands
-- for a part (its table is M), and objects with their methods and fields. The order is that of the
-- names; a class may be described in several parts. One that is not of ggen's is nobody's business.
local function classes_of(file)
  local order, classes = {}, {}
  local function entry(name)
    if not classes[name] then
      classes[name] = { fields = {}, functions = {}, text = {} }
      order[#order + 1] = name
    end
    return classes[name]
  end
  for _, part in ipairs(sorted.keys(file.parts)) do
    for _, item in ipairs(file.parts[part].items) do
      local public = (item.class or item.name):find("^ggen%.")
      if public and item.kind == "class" then
        local class = entry(item.name)
        for _, field in ipairs(item.fields) do table.insert(class.fields, field) end
        for _, line in ipairs(item.text) do table.insert(class.text, line) end
        if item.parent then
          table.insert(class.text, ("All of `%s`, and:"):format(item.parent))
        end
      elseif public and item.kind == "alias" then
        local class = entry(item.name)
        class.values, class.text = item.values, item.text
      elseif public and item.kind == "function" and item.class and item.name:sub(1, 1) ~= "_" then
        table.insert(entry(item.class).functions, item)
      end
    end
  end
  return order, classes
end

-- Adds them to the page: each class, with its values, fields and functions.
local function add_parts(out, module, file)
  local order, classes = classes_of(file)
  table.sort(order)
  for _, name in ipairs(order) do
    local class = classes[name]
    out[#out + 1] = "### " .. name .. "\n"
    if #class.text > 0 then out[#out + 1] = api.text(class.text) end
    if class.values then
      local lines = {}
      for i, value in ipairs(class.values) do
        local word, text = value:match("^(%b\"\")%s*(.*)$")
        lines[i] = ("- %s%s"):format(markdown.code(word or value),
          text and text ~= "" and ": " .. text or "")
      end
      out[#out + 1] = table.concat(lines, "\n") .. "\n"
    end
    if #class.fields > 0 then out[#out + 1] = api.fields(class) end
    local object = name:match("([%w_]+)$")
    local prefix = object:find("^%l") and module .. "." .. object .. "." or object:lower() .. ":"
    for _, item in ipairs(class.functions) do
      out[#out + 1] = api.entry(item, markdown.code(api.call(item, prefix)), 4)
    end
  end
end

---@param files table<string, luacats.File> by name: "sh", "path"; without init
---@param problem fun(text: string)
---@return string page
function M.page(files, problem)
  local out = { markdown.made_by("stdlib/ggen/std/"), [[
# The standard library

`local std = require "ggen.std"`, then `std.path`, `std.list` and so on; or
`require "ggen.std.path"`. What the world refuses comes back as `nil, message`.
]] }
  for _, name in ipairs(sorted.keys(files)) do
    local file = files[name]
    out[#out + 1] = "## " .. name .. "\n"
    if #file.head == 0 then problem(("stdlib/ggen/std/%s.lua: no head comment"):format(name)) end
    out[#out + 1] = head_text(file.head)
    for _, item in ipairs(file.items) do
      if item.kind == "value" then
        out[#out + 1] = api.entry(item, markdown.code(name .. "." .. item.name), 3)
      end
      if item.kind == "function" and item.owner == "M" and item.name:sub(1, 1) ~= "_" then
        if #item.text == 0 and #item.returns == 0 then
          problem(("stdlib/ggen/std/%s.lua:%d: nothing is said about %s"):format(name, item.line,
            item.name))
        end
        out[#out + 1] = api.entry(item, markdown.code(api.call(item, name .. ".")), 3)
      end
    end
    for _, item in ipairs(file.items) do
      if item.kind == "class" then
        out[#out + 1] = "### " .. item.name .. "\n"
        out[#out + 1] = api.fields(item)
      end
    end
    add_parts(out, name, file)
    for _, item in ipairs(file.bare) do
      if item.owner == "M" then
        problem(("stdlib/ggen/std/%s.lua:%d: %s has no comment"):format(name, item.line, item.name))
      end
    end
  end
  return table.concat(out, "\n")
end

return M
