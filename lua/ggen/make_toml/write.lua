-- A model of make.toml as the text of a pipeline.lua that does the same. What has no equivalent is
-- said in a comment in its place.
-- SPDX-License-Identifier: MIT
local lua_text = require("ggen.make_toml.lua_text")
local key_names = require("ggen.make_toml.variables")
local workspaces = require("ggen.make_toml.write_workspaces")
local write_env = require("ggen.make_toml.write_env")
local write_run = require("ggen.make_toml.write_run")
local write_when = require("ggen.make_toml.write_when")

local M = {}

local quote = lua_text.quote

---@class ggen.make_toml.Writer
---@field package _model ggen.make_toml.Model
---@field package _parts string[]
---@field package _names table<string, string> names here by those in make.toml
local Writer = {}
Writer.__index = Writer

function Writer:_add(...) self._parts[#self._parts + 1] = table.concat({ ... }) end

-- A text as a part of a comment: one line.
local function plain(text) return (text:gsub("%c+", " ")) end

function Writer:_place(line) return plain(("%s:%d"):format(self._model.file, line)) end

-- ---- names ----

-- A name that a pipeline takes and that is still free.
function Writer:_free(name)
  local base = name:gsub("[%s%c#:^*?%%%[%]{}!,\"'\\$]", "-"):gsub("^%-+", "")
  if base == "" then base = "task" end
  local free, count = base, 1
  while self._taken[free] do
    count = count + 1
    free = base .. "-" .. count
  end
  self._taken[free] = true
  return free
end

-- Names of this file that stand for something, as they are called here. The others are left out.
function Writer:_known(names, missing)
  local list = {}
  for _, name in ipairs(names or {}) do
    if self._names[name] then
      list[#list + 1] = self._names[name]
    elseif name:find("[#^]") then
      list[#list + 1] = name
    else
      missing[#missing + 1] = name
    end
  end
  return list
end

-- A list of names of this file, without those that are for other workspaces.
function Writer:_list(names, indent, used)
  local list = lua_text.texts(names, indent, used)
  for _, name in ipairs(names) do
    for filtered in pairs(self._only) do
      if self._names[filtered] == name then return "here(w, " .. list .. ")" end
    end
  end
  return list
end

-- What belongs to a phase that is for some workspaces only.
function Writer:_where_it_is(name, source)
  if not name or not self._only[name] then return source end
  local key = lua_text.key(self._names[name])
  return ("if only%s[w.name] then\n%send\n"):format(key:sub(1, 1) == "[" and key or "." .. key,
    lua_text.indented(source, "  "))
end

-- ---- one task ----

local function without_equivalent(phase, comments)
  local function say(key, text)
    if phase[key] then comments[#comments + 1] = text end
  end
  say("first_run_only", "first_run_only has no equivalent: it runs each time")
  say("requires_approval", "requires_approval has no equivalent: nobody is asked")
  if phase.port then comments[#comments + 1] = ("port = %d"):format(phase.port) end
  if phase.watch == true then comments[#comments + 1] = "watch = true" end
  if phase.watch and phase.watch ~= true and not phase.cache then
    comments[#comments + 1] = "watch: " .. table.concat(phase.watch, ", ")
  end
  if phase.cache_key and not phase.cache then
    comments[#comments + 1] = "cache_key: only with cache = true"
  end
  if phase.outputs and not phase.cache then
    comments[#comments + 1] = "outputs: " .. table.concat(phase.outputs, ", ")
      .. " (declare them when the task is cached)"
  end
end

local function joined(list, more)
  local result = {}
  for _, value in ipairs(list or {}) do result[#result + 1] = value end
  for _, value in ipairs(more or {}) do result[#result + 1] = value end
  return result
end

-- Names that a task has others do: the needs of it.
function Writer:_needs(phase, comments)
  local missing = {}
  local needs = self:_known(joined(phase.depends_on, { phase.alias }), missing)
  local choices = phase.run_task or {}
  if choices[1] then
    for _, name in ipairs(self:_known(choices[1].names, missing)) do needs[#needs + 1] = name end
    if #choices > 1 or choices[1].condition then
      comments[#comments + 1] = "run_task: conditions have no equivalent (see `when`)"
    elseif #choices[1].names > 1 and not choices[1].parallel then
      comments[#comments + 1] = "run_task: in this order only if one needs the other"
    end
    if choices[1].cleanup_task then
      comments[#comments + 1] = "cleanup_task: " .. choices[1].cleanup_task
        .. " (declare it with finally = true)"
    end
  end
  for _, name in ipairs(missing) do
    comments[#comments + 1] = ("needs %s, which %s does not have"):format(name, self._model.file)
  end
  return needs
end

-- The variables in the key of a cached phase, in all environments. What the file sets to a plain
-- text does not come from outside.
local function key_variables(model, phase)
  local commands, fixed = { phase.commands }, {}
  for _, entry in pairs(phase.environments or {}) do
    commands[#commands + 1] = entry.commands or {}
  end
  for _, env in ipairs({ model.env or {}, phase.env or {} }) do
    for name, value in pairs(env) do
      fixed[name] = not tostring(value):find("${", 1, true) and value or nil
    end
  end
  return key_names.of(phase, commands, fixed, (phase.cache_key or {}).env)
end

function Writer:_task(name, phase)
  local model = self._model
  local comments, fields = {}, {}
  if phase.name and phase.name ~= name then
    comments[#comments + 1] = ("%s in %s"):format(quote(phase.name), model.file)
  end
  local function set(key, expression)
    if expression ~= nil then fields[#fields + 1] = ("  %s = %s,\n"):format(key, expression) end
  end
  local function set_list(key, list)
    if list and #list > 0 then set(key, lua_text.texts(list, "  ", #key + 6)) end
  end
  set("desc", phase.desc and quote((phase.desc:gsub("%s+", " "))))
  local needs = self:_needs(phase, comments)
  if #needs > 0 then set("needs", self:_list(needs, "  ", 11)) end
  set("when", write_when.expression(phase.condition, comments))
  local shell = phase.shell or model.shell
  set("shell", shell and shell ~= "sh" and quote(shell) or nil)
  set("cwd", phase.cwd and quote(phase.cwd))
  set("inherit_env", "true")
  set("env", write_env.of(phase, model, self._shared))
  local run = write_run.expression(phase)
  set("run", run)
  if run == nil and #fields <= 1 then comments[#comments + 1] = "there is nothing to run" end
  local timeout = phase.timeout or model.execution.timeout
  set("timeout", timeout and ("%.14g"):format(timeout))
  local retries = phase.retry or phase.dialect and model.execution.retries or 0
  if retries > 0 then
    set("retries", ("{ count = %d, delay = %.14g }"):format(retries,
      model.execution.retry_delay or 1))
  end
  set("optional", (phase.error_handling == "warn" or phase.error_handling == "continue")
    and "true" or nil)
  set("finally", phase.finally and "true")
  local exclusive = phase.exclusive
  set("exclusive", exclusive and (exclusive == true and "true" or quote(exclusive)))
  if phase.cache then
    local key = phase.cache_key or {}
    local inputs = joined(type(phase.watch) == "table" and phase.watch or nil, key.files)
    if phase.script_file and #inputs > 0 then inputs[#inputs + 1] = phase.script_file end
    set_list("inputs", inputs)
    set_list("key_env", key_variables(self._model, phase))
    set("version", key.text and quote(key.text))
    set_list("outputs", phase.outputs)
    if phase.outputs and #phase.outputs > 0 then set("missing_outputs", '"warn"') end
  else
    set("cache", "false")
  end
  without_equivalent(phase, comments)
  if self._to == "p" and phase.workspaces then
    comments[#comments + 1] = "workspaces: the file names none"
  end
  for i, comment in ipairs(comments) do
    comments[i] = "  -- " .. comment:gsub("%s+", " ") .. "\n"
  end
  local source = ("%s:task %s { -- %s\n%s%s}\n"):format(self._to, quote(name),
    self:_place(phase.line), table.concat(comments), table.concat(fields))
  self:_add("\n", self:_where_it_is(phase.name, source))
end

-- ---- hooks ----

-- Phases that a list of phases has run, and themselves.
local function closure(model, names)
  local by_name, seen = {}, {}
  for _, phase in ipairs(model.phases) do by_name[phase.name] = phase end
  local function visit(name)
    if seen[name] or not by_name[name] then return end
    seen[name] = true
    local phase = by_name[name]
    for _, other in ipairs(phase.depends_on or {}) do visit(other) end
    for _, choice in ipairs(phase.run_task or {}) do
      for _, other in ipairs(choice.names) do visit(other) end
    end
    if phase.alias then visit(phase.alias) end
    for _, hook in ipairs(model.hooks) do
      if hook.target == name then
        for _, other in ipairs(hook.phases or {}) do visit(other) end
      end
    end
  end
  for _, name in ipairs(names) do visit(name) end
  return seen
end

-- The tasks of a hook, by the names that they have here; shell lines become a task.
function Writer:_hook_tasks(hook, name)
  local missing = {}
  local names = self:_known(hook.phases, missing)
  for _, other in ipairs(missing) do
    self:_add("\n-- ", self:_place(hook.line), ": ", plain(name), " names ", plain(other),
      ", which there is not\n")
  end
  if hook.commands then
    local task = self:_free(name)
    self:_task(task, { line = hook.line, commands = hook.commands, shell = hook.shell })
    names[#names + 1] = task
  end
  return names
end

function Writer:_hook(hook)
  local key = hook.moment .. "_" .. hook.target
  if hook.orphan then
    self:_add("\n-- ", self:_place(hook.line), ": ", plain(key), ": there is no such phase\n")
    return
  end
  local names = self:_hook_tasks(hook, key)
  if #names == 0 then return end
  local list = self:_list(names, "", 30)
  if hook.target ~= "all" then
    local apart = self._parts[#self._parts]:find("^\n?[pw]:[ba]") and "" or "\n"
    self:_add(apart, self:_where_it_is(hook.target, ("%s:%s(%s, %s) -- %s\n"):format(self._to,
      hook.moment, quote(self._names[hook.target]), list, self:_place(hook.line))))
  elseif hook.moment == "before" then
    local first, others = closure(self._model, hook.phases or {}), {}
    for _, phase in ipairs(self._model.phases) do
      if not first[phase.name] then others[#others + 1] = self._names[phase.name] end
    end
    self:_add("\n-- before_all: a hook runs once in a run, before the first task that has it (",
      self:_place(hook.line), ")\nfor _, name in ipairs(", self:_list(others, "", 30),
      ") do\n  ", self._to, ":before(name, ", list, ")\nend\n")
  else
    self:_add("\n-- after_all (", self:_place(hook.line), ") has no equivalent; run these last: ",
      table.concat(names, ", "), "\n")
  end
end

-- ---- the whole ----

function Writer:_head(name)
  local model = self._model
  local file = plain(model.file)
  self:_add("-- Made of ", file, " by ggen-lua init --from ", file, ".\n",
    'local ggen = require "ggen"\n\nlocal p = ggen.pipeline ', quote(name),
    model.project.desc and (" { desc = %s }"):format(quote((model.project.desc:gsub("%s+", " "))))
    or "", "\n")
  local top, shared = write_env.top(model)
  self._shared = shared
  if top ~= "" then self:_add("\n", top) end
  local parallel = model.hooks_parallel
  if parallel then
    local limit = parallel.limit and (" { jobs = %d }"):format(parallel.limit) or ""
    self:_add('\np:use "hooks.parallel"', limit, " -- ", self:_place(parallel.line), "\n")
  end
  if model.execution.max_parallel then
    self:_add(("\n-- [execution] max_parallel is said with -j: ggen-lua run -j%d\n"):format(
      model.execution.max_parallel))
  end
  if model.compat == "strict" then
    self:_add('\n-- compat = "strict" has no equivalent: a pipeline has the order of its graph.\n')
  end
end

function Writer:_script(entry)
  self:_task(self._names[entry.name], { name = entry.name, line = entry.line,
    commands = { entry.command } })
end

function Writer:_groups()
  local model = self._model
  local function group(name, phases, line)
    local missing = {}
    local names = self:_known(phases, missing)
    local list = self:_list(names, "", 20)
    local call = list:find("^{") and "%s:phase %s %s -- %s\n" or "%s:phase(%s, %s) -- %s\n"
    self:_add("\n", call:format(self._to, quote(self._names[name]), list, self:_place(line)))
    for _, other in ipairs(missing) do self:_add("-- ", plain(other), " is no phase here\n") end
  end
  for _, entry in ipairs(model.pipelines) do group(entry.name, entry.phases, entry.line) end
  for _, entry in ipairs(model.scripts) do
    if entry.phases then
      group(entry.name, entry.phases, entry.line)
    elseif self._to == "p" then
      self:_script(entry)
    end
  end
end

function Writer:_rest()
  local model = self._model
  for _, key in ipairs({ "on_error", "on_success" }) do
    local outcome = model[key]
    if outcome then
      self:_add("\n-- ", key, " (", self:_place(outcome.line), ") has no equivalent (a task with",
        " finally = true runs in both cases):\n")
      for _, text in ipairs(joined(outcome.phases, outcome.commands)) do
        self:_add("--   ", (text:gsub("[\r\n]+", "\n--   ")), "\n")
      end
    end
  end
  local left = {}
  for _, note in ipairs(model.notes) do
    if note.kind == "unknown" or note.kind == "ignored" then left[#left + 1] = note end
  end
  if #left == 0 then return end
  self:_add("\n-- Not taken over:\n")
  for _, line in ipairs(require("ggen.make_toml.notes").lines({ file = model.file, notes = left }))
  do
    self:_add("-- ", plain(line), "\n")
  end
end

local function pipeline_name(model, name)
  local own = (model.project.name or name):gsub("[^%w_.-]", "-"):gsub("^%-+", "")
  return own ~= "" and own or "project"
end

-- The phases of a file, and what belongs to them.
function Writer:_phases()
  local model = self._model
  for _, phase in ipairs(model.phases) do self:_task(self._names[phase.name], phase) end
  for _, hook in ipairs(model.hooks) do self:_hook(hook) end
  self:_groups()
end

-- The same for each workspace.
function Writer:_in_workspaces(found)
  for _, script in ipairs(self._model.scripts) do
    if not script.phases then self:_script(script) end
  end
  self:_add(workspaces.head(self._model, found, self._names))
  local parts = self._parts
  self._parts, self._to, self._only = {}, "w", workspaces.filtered(self._model)
  self:_phases()
  local source = table.concat(self._parts):gsub("^\n", "")
  self._parts, self._to = parts, "p"
  self:_add(lua_text.indented(source, "  "), "end)\n")
end

---@param model ggen.make_toml.Model read with `raw`
---@param name string of the pipeline, when the file has none
---@param found ggen.make_toml.FoundWorkspace[]? those that the file names
---@return string source
function M.write(model, name, found)
  local self = setmetatable({ _model = model, _parts = {}, _names = {}, _taken = {}, _to = "p",
    _only = {} }, Writer)
  for _, list in ipairs({ model.phases, model.pipelines, model.scripts }) do
    for _, entry in ipairs(list) do self._names[entry.name] = self:_free(entry.name) end
  end
  self:_head(pipeline_name(model, name))
  if workspaces.has(model) then
    self:_in_workspaces(found or {})
  else
    self:_phases()
  end
  self:_rest()
  self:_add("\nreturn p\n")
  return table.concat(self._parts)
end

return M
