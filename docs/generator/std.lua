-- The page of the standard library, from the comments in stdlib/ggen/std/.
-- SPDX-License-Identifier: MIT
local api = require("api")
local markdown = require("markdown")
local sorted = require("ggen.sorted")

local M = {}

-- Lines of a head comment that are an example: indented by two or more.
local function head_text(lines)
  local out, in_code = {}, false
  for _, line in ipairs(lines) do
    local is_code = line:find("^%s%s") ~= nil
    if is_code and not in_code then
      if out[#out] ~= "" then out[#out + 1] = "" end
      out[#out + 1] = "```lua"
    end
    if in_code and not is_code and line ~= "" then
      out[#out + 1] = "```"
      out[#out + 1] = ""
    end
    in_code = is_code or (in_code and line == "")
    out[#out + 1] = is_code and line:gsub("^%s%s%s?%s?", "") or line
  end
  while out[#out] == "" do out[#out] = nil end
  if in_code then out[#out + 1] = "```" end
  return table.concat(out, "\n") .. "\n"
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
    for _, item in ipairs(file.bare) do
      if item.owner == "M" then
        problem(("stdlib/ggen/std/%s.lua:%d: %s has no comment"):format(name, item.line, item.name))
      end
    end
  end
  return table.concat(out, "\n")
end

return M
