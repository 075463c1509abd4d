-- The programs of a task, which are part of its key: those that its commands begin with and those
-- that it names. They are looked for when the key is made.
-- SPDX-License-Identifier: MIT
local paths = require("ggen.paths")

local M = {}

local ASSIGNMENT = "^%s*[%a_][%w_]*=[^%s;|&<>()$`\"'\\]*%s+"

---The program that a command begins with.
---@param text string for a shell
---@return string? name nil when it is not a plain word
function M.first(text)
  local rest
  repeat -- A=1 B=2 program
    rest, text = text, text:gsub(ASSIGNMENT, "")
  until rest == text
  return text:match("^%s*([%w_./+-]+)%f[%s%z;|&<>()]")
end

---@param tools { name: string, later: boolean }[]
---@param name string of a program
---@param number integer of the command that begins with it
function M.add(tools, name, number)
  tools[#tools + 1] = { name = name, later = number > 1 }
end

-- Whether a program is one of the task's own outputs.
local function makes(task, cwd, name)
  local path = paths.joined(cwd, name)
  local made = false
  for _, pattern in ipairs(path and (task.spec.outputs or task.spec.full_outputs) or {}) do
    local left_out, named = pattern:match("^(!?)(.*)$")
    local output = paths.joined(task.base, named)
    if output and (path == output or path:sub(1, #output + 1) == output .. "/"
      or require("ggen.core.fs").match(output, path)) then
      made = left_out == ""
    end
  end
  return made
end

-- Whether a program is one of this machine: in a container only what the project has is, the rest
-- comes with the image.
local function in_sight(builder, spec, name)
  if not spec.container then return true end
  if name:sub(1, 1) == "/" then return name:sub(1, #builder.root + 1) == builder.root .. "/" end
  return name:find("/", 1, true) ~= nil
end

---@param builder table of define.lua
---@param task table { spec, base, task }
---@param tools { name: string, later: boolean }[] of its commands
---@return string[] references name, directory, "later", PATH; name, ...
function M.references(builder, task, tools)
  local list, spec = {}, task.spec
  if spec.tools == false then return list end
  if type(spec.tools) == "table" then
    for _, name in ipairs(spec.tools) do M.add(tools, name, 1) end
  end
  local cwd = task.base
  if spec.cwd and spec.cwd:sub(1, 1) == "/" then
    cwd = spec.cwd
  elseif spec.cwd then
    cwd = paths.joined(task.base, spec.cwd) or builder.root .. "/" .. task.base .. "/" .. spec.cwd
  end
  local path = spec.env and spec.env.PATH and tostring(spec.env.PATH) or ""
  for _, tool in ipairs(tools) do
    local inside = tool.name:find("/", 1, true)
    if not (inside and makes(task, cwd, tool.name)) and in_sight(builder, spec, tool.name) then
      list[#list + 1] = tool.name
      list[#list + 1] = inside and cwd or ""
      list[#list + 1] = tool.later and "later" or ""
      list[#list + 1] = inside and "" or path
    end
  end
  return list
end

return M
