-- Hooks of make.toml: [hooks] in all its forms, and the `hooks` of a phase. A text in a list is the
-- name of a phase, or a shell line when it cannot be one.
-- SPDX-License-Identifier: MIT
local source = require("ggen.make_toml.source")

local read = source.read
local join = source.join

local M = {}

local MOMENTS = { "before", "after" }

-- A text that is no phase's name is a command when it looks like one: several words, a path, or
-- shell syntax.
local function looks_like_command(text)
  return text:find("[%s/|&;<>()$`'\"\\{}*?=~#!]") ~= nil
end

local table_fields = {
  commands = { "commands", read.texts("shell lines") },
  command = { "commands", read.texts("shell lines") },
  phases = { "phases", read.texts("names of phases") },
  shell = { "shell", function(...) return require("ggen.make_toml.phase").shell(...) end },
}

-- Splits a list into runs of phases and of commands, each with the line of its first element.
local function split(self, container, key, path, names)
  local list = read.texts("names of phases or shell lines")(self, container, key, path)
  local is_list = type(container[key]) == "table"
  local parts, last = {}, nil
  for i, text in ipairs(list) do
    local line = is_list and self:line(container[key], i) or self:line(container, key)
    local kind = "phases"
    if not names[text] and (looks_like_command(text) or text == "") then kind = "commands" end
    if kind == "phases" then
      self.references[#self.references + 1] = { name = text, line = line, key = join(path, key),
        hook = true }
    end
    if not last or not last[kind] then
      last = { line = self:line(container, key), [kind] = {} }
      parts[#parts + 1] = last
    end
    local own = last[kind]
    own[#own + 1] = text
  end
  return parts
end

---What one key of a hook says.
---@return { phases: string[]?, commands: string[]?, shell: string?, line: integer }[] parts
function M.parts(self, container, key, path, names)
  local value = container[key]
  if type(value) == "string" or type(value) == "table" and (#value > 0 or next(value) == nil) then
    return split(self, container, key, path, names)
  end
  if type(value) ~= "table" then
    self:mismatch(container, key, path, "a list of phases, of shell lines, or { commands = [...] }")
  end
  local line, own = self:line(container, key), join(path, key)
  local out = self:record(value, own, table_fields, {})
  local parts = {}
  if out.phases then
    for i, name in ipairs(out.phases) do
      local place = type(value.phases) == "table" and self:line(value.phases, i) or line
      self.references[#self.references + 1] = { name = name, line = place, key = own, hook = true }
    end
    parts[1] = { phases = out.phases, line = line }
  end
  if out.commands then
    parts[#parts + 1] = { commands = out.commands, shell = out.shell, line = line }
  end
  return parts
end

local function add(self, hooks, moment, target, container, key, path, names)
  local orphan = target ~= "all" and not names[target] or nil
  local before = #hooks
  for _, part in ipairs(M.parts(self, container, key, path, names)) do
    part.moment, part.target, part.orphan = moment, target, orphan
    part.key = join(path, key)
    if #(part.phases or part.commands) > 0 then hooks[#hooks + 1] = part end
  end
  if orphan and #hooks > before then
    self:note(container, key, path, "hook", ("is for the phase %q, which is not here"):format(
      target), require("ggen.suggest").hint(target, names))
  end
end

-- What belongs to one phase: { before = [...], after = [...] }.
local function both(self, hooks, target, value, path, names)
  for _, key in ipairs(self:keys(value)) do
    if key == "before" or key == "after" then
      add(self, hooks, key, target, value, key, path, names)
    else
      self:unknown(value, key, path, MOMENTS)
    end
  end
end

local function suggestions(names)
  local known = { "before_all", "after_all", "on_error", "on_success", "parallel" }
  for name in pairs(names) do
    known[#known + 1] = "before_" .. name
    known[#known + 1] = "after_" .. name
  end
  return known
end

-- A result of the whole run: phases first, then commands.
local function outcome(self, container, key, path, names)
  local result = { line = self:line(container, key) }
  for _, part in ipairs(M.parts(self, container, key, path, names)) do
    for _, kind in ipairs({ "phases", "commands" }) do
      for _, text in ipairs(part[kind] or {}) do
        result[kind] = result[kind] or {}
        table.insert(result[kind], text)
      end
    end
    result.shell = result.shell or part.shell
  end
  return (result.phases or result.commands) and result or nil
end

-- Whether the hooks of a moment run at the same time, and at most how many.
local function parallel(self, model, value, key)
  local limit = value[key]
  if limit == false then return end
  if limit ~= true and (type(limit) ~= "number" or limit < 1 or limit % 1 ~= 0) then
    self:mismatch(value, key, "hooks", "true, false or how many run at once")
  end
  model.hooks_parallel = { limit = limit ~= true and limit or nil, line = self:line(value, key) }
end

local function one(self, model, value, key, names)
  if key == "on_error" or key == "on_success" then
    model[key] = outcome(self, value, key, "hooks", names)
    return
  end
  if key == "parallel" and not source.is_table(value[key]) then
    return parallel(self, model, value, key)
  end
  local moment, target = key:match("^(%l+)_(.+)$")
  if moment == "before" or moment == "after" then
    return add(self, model.hooks, moment, target, value, key, "hooks", names)
  end
  local inner = value[key]
  if source.is_table(inner) and (inner.before ~= nil or inner.after ~= nil) then
    return both(self, model.hooks, key, inner, join("hooks", key), names)
  end
  local phase = key:match("^on_(.+)$")
  if phase and names[phase] then
    return self:note(value, key, "hooks", "unknown", "has no meaning here",
      (' (did you mean "after_%s" or "before_%s"?)'):format(phase, phase))
  end
  self:unknown(value, key, "hooks", suggestions(names))
end

---@param self ggen.make_toml.Source
---@param model table its phases are read already; takes hooks, on_error and on_success
---@param names table<string, any> phases, pipelines and scripts
function M.read(self, model, names)
  model.hooks = {}
  for _, phase in ipairs(model.phases) do
    if phase.hooks then
      both(self, model.hooks, phase.name, phase.hooks,
        join(join(phase.dialect, phase.name), "hooks"), names)
      phase.hooks = nil
    end
  end
  local hooks = self.root.hooks
  if hooks == nil then return end
  local value = read.table(self, self.root, "hooks", "")
  for _, key in ipairs(self:keys(value)) do one(self, model, value, key, names) end
  for i, hook in ipairs(model.hooks) do hook.order = i end
  table.sort(model.hooks, function(a, b)
    if a.line ~= b.line then return a.line < b.line end
    return a.order < b.order
  end)
  for _, hook in ipairs(model.hooks) do hook.order = nil end
end

return M
