-- Where each part of a task's key comes from: the line of the field that says it. Only `why` pays
-- for it. The lines of fields are not known to Lua, so they are looked for in the text: in the
-- table of the declaration, else in the tables of the calls that led to it, else the line of
-- the declaration stands for them. A frontend that knows better says so in `declaration.lines`:
--
--   lines = { run = 12, ["inputs.1"] = 14, ["env.CC"] = 17 }      -- in declaration.file
-- SPDX-License-Identifier: MIT
local dsl = require("ggen.dsl")
local leasable = require("ggen.leasable")
local lua_source = require("ggen.lua_source")
local steps = require("ggen.steps")

local M = {}

---@class ggen.Origin
---@field file string? as messages name it
---@field line integer?
---@field note string? what the place alone does not say: "your environment"

---@class ggen.Origins
---@field package _project ggen.Project
---@field package _tokens table<string, ggen.LuaTokens>
local Origins = {}
Origins.__index = Origins

-- The user's frames that led to a declaration, innermost first.
local places = setmetatable({}, { __mode = "k" })

local function remember(declaration)
  local list, level = {}, 3
  while true do
    local frame = debug.getinfo(level, "Sl")
    if not frame then break end
    local file = frame.source:match("^@(.*)$")
    if file and not file:find("^ggen:") and frame.currentline > 0 then
      list[#list + 1] = { file = file, line = frame.currentline }
    end
    level = level + 1
  end
  places[declaration] = list
end

---From here on loading notes from where tasks are declared.
function M.watch() dsl.on_task = remember end

---@param project ggen.Project an evaluated one
---@return ggen.Origins
function M.new(project)
  return setmetatable({ _project = project, _tokens = {} }, Origins)
end

function Origins:_tokens_of(file)
  local tokens = self._tokens[file]
  if tokens == nil then
    local text = self._project.loaded.sources[file]
    tokens = text and lua_source.tokens(text) or false
    self._tokens[file] = tokens
  end
  return tokens
end

-- What ends a call's arguments if its table did not come before.
local STATEMENT = { ["end"] = true, ["local"] = true, ["function"] = true, ["return"] = true,
  ["for"] = true, ["while"] = true, ["repeat"] = true, ["then"] = true, ["do"] = true,
  ["if"] = true, ["="] = true }

-- The token after p:task( on a line, of the task with that name if there are several.
local function argument_of(tokens, line, name)
  local at, found = lua_source.first_of(tokens, line), nil
  while at and tokens.line[at] == line do
    if tokens.text[at] == "task" and tokens.kind[at - 1] == ":" then
      local place = tokens.kind[at + 1] == "(" and at + 2 or at + 1
      if tokens.kind[place] == "string" and lua_source.unquoted(tokens.text[place]) == name then
        return place
      end
      found = found or place
    end
    at = at + 1
  end
  return found
end

-- The table that a declaration was given, if it stands there or in a variable.
local function table_at(tokens, line, name)
  local at = argument_of(tokens, line, name)
  local kind = tokens.kind
  while at and kind[at] and not STATEMENT[kind[at]] do
    if kind[at] == "{" then return (lua_source.read_table(tokens, at)) end
    if kind[at] == ")" and kind[at + 1] ~= "{" then
      return kind[at - 1] == "name" and kind[at - 2] == ","
        and lua_source.assigned(tokens, tokens.text[at - 1], at) or nil
    end
    at = at + 1
  end
end

-- How far a path leads into a table, and the line where it ends.
local function descend(tokens, node, path)
  local line, depth = nil, 0
  for i, key in ipairs(path) do
    if node.name then node = lua_source.assigned(tokens, node.name, #tokens.kind) or node end
    local inner
    if type(key) == "string" then
      inner = node.fields and node.fields[key]
    elseif node.list then
      inner = node.list[key]
    elseif key == 1 and node.text then
      inner = node -- "x" is the same as { "x" }
    end
    if not inner then break end
    node, line, depth = inner, inner.line, i
  end
  return depth, line
end

-- Every table that begins on a line.
local function each_table(tokens, line, visit)
  local at = lua_source.first_of(tokens, line)
  while at and tokens.line[at] == line do
    if tokens.kind[at] == "{" then
      local node, after = lua_source.read_table(tokens, at)
      visit(node)
      at = math.max(after, at + 1)
    else
      at = at + 1
    end
  end
end

---The place of a field of a declaration.
---@param declaration ggen.Declaration
---@param ... string|integer the way to it: "env", "CC"
---@return ggen.Origin
function Origins:field(declaration, ...)
  local path = { ... }
  local found = { file = declaration.file, line = declaration.line }
  if declaration.lines then
    for depth = #path, 1, -1 do
      local line = declaration.lines[table.concat(path, ".", 1, depth)]
      if line then
        found.line = line
        break
      end
    end
    return found
  end
  local deepest = 0
  for i, place in ipairs(places[declaration] or { declaration }) do
    local tokens = self:_tokens_of(place.file)
    local function take(node)
      local depth, line = descend(tokens, node, path)
      if depth > deepest then
        deepest, found = depth, { file = place.file, line = line }
      end
    end
    if tokens and i == 1 then
      local node = table_at(tokens, place.line, declaration.name)
      if node then take(node) end
    elseif tokens then
      each_table(tokens, place.line, take)
    end
    if deepest == #path then break end
  end
  return found
end

-- Parts ------------------------------------------------------------------------------------------

local function relative(dir, root) return dir == root and "" or dir:sub(#root + 2) end

-- A pattern of a task as one of the paths that parts name.
local function whole_pattern(self, task, pattern)
  pattern = pattern:gsub("^!", ""):gsub("^%./", ""):gsub("/$", "")
  if pattern:sub(1, 1) == "/" then
    local root = self._project.dir .. "/"
    return pattern:sub(1, #root) == root and pattern:sub(#root + 1) or pattern
  end
  local base = relative(task.dir, self._project.dir)
  local names = {}
  for name in ((base == "" and "" or base .. "/") .. pattern):gmatch("[^/]+") do
    if name == ".." and #names > 0 then
      names[#names] = nil
    elseif name ~= "." then
      names[#names + 1] = name
    end
  end
  return table.concat(names, "/")
end

local function finds(self, task, pattern, path)
  if pattern:sub(1, 1) == "!" then return false end
  local whole = whole_pattern(self, task, pattern)
  return whole == path or path:sub(1, #whole + 1) == whole .. "/"
    or require("ggen.core.fs").match(whole, path)
end

-- The index of the element of a list that a test holds for.
local function position(list, holds)
  for i, value in ipairs(list or {}) do
    if holds(value) then return i end
  end
end

local function equals(name) return function(value) return value == name end end

-- The place of an element of a list, or of the list.
local function element(self, task, field, index)
  if index then return self:field(task.declaration, field, index) end
  return self:field(task.declaration, field)
end

local function declared_at(task)
  return { file = task.declaration.file, line = task.declaration.line }
end

local by_kind = {}

function by_kind.platform() return { note = "this machine" } end

function by_kind.directory(_, task)
  local owner = task.declaration.owner
  return { file = owner.file, line = owner.line }
end

function by_kind.command(self, task, part)
  local run = task.spec.run
  if type(run) ~= "table" or run.sh or steps.form(run) == "argv" then
    return self:field(task.declaration, "run")
  end
  return self:field(task.declaration, "run", tonumber(part.name))
end

function by_kind.shell(self, task, part)
  if task.spec.shell == part.value then return self:field(task.declaration, "shell") end
  return by_kind.command(self, task, part)
end

for _, kind in ipairs({ "env", "matrix" }) do
  by_kind[kind] = function(self, task, part)
    return self:field(task.declaration, kind, part.name)
  end
end

for _, kind in ipairs({ "version", "cwd", "stdin", "container", "cleanroom" }) do
  by_kind[kind] = function(self, task) return self:field(task.declaration, kind) end
end

function by_kind.outputs(self, task, part)
  return element(self, task, "outputs", position(task.spec.outputs, equals(part.name)))
end

-- The plugins of a kind say where the pipeline uses them.
local function plugin_of(self, kind, name)
  for _, use in ipairs(self._project.loaded.root.uses) do
    local ok, plugin = pcall(require("ggen.registry").load, use.name, use)
    if ok and (use.name == name or (kind and plugin.kind == kind)) then
      return { file = use.file, line = use.line, note = "plugin " .. use.name }
    end
  end
end

function by_kind.key_env(self, task, part)
  local index = position(task.spec.key_env, equals(part.name))
  local found = index and element(self, task, "key_env", index)
    or plugin_of(self, "fingerprint") or declared_at(task)
  found.note = (found.note and found.note .. ", " or "") .. "your environment"
  return found
end

function by_kind.plugin(self, task, part)
  return plugin_of(self, nil, part.name) or plugin_of(self, "fingerprint") or declared_at(task)
end

function by_kind.service(self, task)
  return plugin_of(self, "containers") or declared_at(task)
end

function by_kind.lease(self, task, part)
  return element(self, task, "services", position(task.spec.services, function(entry)
    return leasable.name(entry) == part.name
  end))
end

function by_kind.hook(_, _, part)
  local file, line = part.name:match("^(.*):(%d+)$")
  return { file = file, line = tonumber(line) }
end

function by_kind.tool(self, task, part)
  local tools = task.spec.tools
  local index = type(tools) == "table" and position(tools, equals(part.name))
  if index then return element(self, task, "tools", index) end
  for i, step in ipairs(steps.of(task.spec)) do
    local program = step.argv and step.argv[1] or step.shell and step.shell:match("^%s*(%S+)")
    if program == part.name then return by_kind.command(self, task, { name = i }) end
  end
  return self:field(task.declaration, task.spec.shell and "shell" or "run")
end

function by_kind.input(self, task, part)
  local spec = task.spec
  local index = position(spec.inputs, function(pattern)
    return finds(self, task, pattern, part.name)
  end)
  if index then return element(self, task, "inputs", index) end
  local project = self._project
  for _, lists in ipairs({ project.hooks[task.index] or project.each_hooks, project.each_hooks }) do
    for _, hook in ipairs(lists.before) do
      local other = hook.index and project:task(hook.index)
      local output = other and position(other.spec.outputs, function(pattern)
        return finds(self, other, pattern, part.name)
      end)
      if output then
        local found = element(self, other, "outputs", output)
        found.note = "its hook " .. other.id
        return found
      end
    end
  end
  if not spec.inputs then
    local found = declared_at(task)
    found.note = "default inputs"
    return found
  end
  return plugin_of(self, "fingerprint") or declared_at(task)
end

function by_kind.need(self, task, part)
  local project = self._project
  for _, field in ipairs({ "needs", "services" }) do
    local index = position(task.spec[field], function(entry)
      local name = leasable.name(entry)
      local found = project:lookup(name, task.declaration.owner)
      return position(found, function(other) return project:id(other) == part.name end) ~= nil
    end)
    if index then return element(self, task, field, index) end
  end
  return declared_at(task)
end

by_kind.below = by_kind.need

---Where a part of a task's key comes from.
---@param task ggen.Task of the evaluated project
---@param part { kind: string, name: string, value: string? }
---@return ggen.Origin
function Origins:part(task, part)
  local find = by_kind[part.kind]
  return find and find(self, task, part) or declared_at(task)
end

return M
