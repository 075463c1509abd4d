-- The front ends that a pipeline.lua chooses by p:use: asks them about directories and about files
-- that are imported, and lets them declare what they read. Says for each error whose it is: that of
-- the file that was read, or the plugin's. Knows no format.
-- SPDX-License-Identifier: MIT
local call_in_load = require("ggen.call_in_load")
local dsl = require("ggen.dsl")
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local locate = require("ggen.locate")
local paths = require("ggen.paths")
local progress = require("ggen.loading")
local registry = require("ggen.registry")
local suggest = require("ggen.suggest")

local M = {}

---@class ggen.UsedFrontends
---@field uses ggen.Use[] in the order of the file
---@field package _root ggen.Pipeline
---@field package _environment string?
---@field package _plugins ggen.Registry
---@field package _instances table<ggen.Use, table<string, ggen.Instance>> by the name of the file
---@field package _busy table<ggen.Use, true> those that had something to read
---@field package _imported table<ggen.Use, true> those of which the root imports
local Frontends = {}
Frontends.__index = Frontends

local function joined(dir, name)
  if name:sub(1, 1) == "/" then return name end
  return (dir == "/" and "" or dir) .. "/" .. name
end

-- Whose error it is -------------------------------------------------------------------------------

-- The file that an error names, if the front end has read it.
local function file_of(dir, name, read)
  for _, base in ipairs({ dir, fs.cwd() }) do
    local path = joined(base, name)
    if read[path] then return locate.display(path, fs.cwd()) end
  end
end

local function text_of(problem)
  if type(problem) == "string" then return problem end
  return ("error() was called with a %s, not with a text"):format(type(problem))
end

local function raise(use, who, dir, problem, read)
  if fault.is(problem) then error(problem, 0) end
  local text = text_of(problem)
  local name, line, message = text:match("^([^\n:]+):(%d+): (.*)$")
  local file = name and file_of(dir, name, read)
  if file then fault.raise(message, file, tonumber(line)) end
  if name == use.file and tonumber(line) == use.line then text = message end
  fault.raise(who .. ": " .. text, use.file, use.line)
end

-- Calls -------------------------------------------------------------------------------------------

function Frontends:_instance(use, file)
  local instances = self._instances[use]
  local instance = instances[file or ""]
  if instance then return instance end
  local host = setmetatable({ project_dir = self._root.dir, options = {}, file = file,
    environment = self._environment, place = { file = use.file, line = use.line } },
    { __name = "ggen.Host" })
  local who = ("plugin %q"):format(use.name)
  local read, ok, made = call_in_load.guarded(use, who, self._root.dir, function()
    return self._plugins:make(use.name, use.params, use, "frontend", host)
  end)
  if not ok then raise(use, who, self._root.dir, made, read) end
  for _, method in ipairs({ "detect", "load" }) do
    if not made.impl[method] then
      fault.raise(("plugin %q is broken: a frontend has the methods detect and load, and this one"
        .. " has no %s"):format(use.name, method), use.file, use.line)
    end
  end
  instances[file or ""] = made
  return made
end

function Frontends:_call(use, file, method, dir, pipeline)
  local instance = self:_instance(use, file)
  local relative = dir ~= self._root.dir and paths.relative_dir(dir, self._root.dir)
  local who = ("plugin %q, method %s%s"):format(use.name, method,
    relative and " in " .. relative or "")
  local read, ok, value, message, wrong, line = call_in_load.guarded(use, who, dir, function()
    dsl.default_place = { file = use.file, line = use.line }
    return registry.call_through(instance, method, dir, pipeline)
  end)
  if not ok then raise(use, who, dir, value, read) end
  if value == nil and type(message) == "string" and method == "load" then
    if type(wrong) ~= "string" then raise(use, who, dir, message, read) end
    fault.raise(message, locate.display(joined(dir, wrong), fs.cwd()), tonumber(line))
  end
  local expected = method == "detect" and "boolean" or "nil"
  if type(value) ~= expected then
    raise(use, who, dir, ("it returned a %s; %s"):format(type(value), method == "detect"
      and "true or false expected" or "nothing expected, tasks are declared on the pipeline"), read)
  end
  return value
end

function Frontends:_detects(use, file, dir)
  return self:_call(use, file, "detect", dir)
end

function Frontends:_load(use, file, dir, pipeline)
  self._busy[use] = true
  self:_call(use, file, "load", dir, pipeline)
end

-- Directories -------------------------------------------------------------------------------------

---Which of them read something in a directory.
---@param dir string absolute
---@return ggen.Use[]
function Frontends:readers(dir)
  local list = {}
  for _, use in ipairs(self.uses) do
    if self:_detects(use, nil, dir) then list[#list + 1] = use end
  end
  return list
end

---Lets them declare on the pipeline of a directory.
---@param readers ggen.Use[]
---@param pipeline ggen.Pipeline
function Frontends:load(readers, pipeline)
  for _, use in ipairs(readers) do self:_load(use, nil, pipeline.dir, pipeline) end
end

---Lets them declare on the root. One that the root imports from has read there what it is to read.
function Frontends:load_root()
  local root = self._root
  M.import(self, root)
  for _, use in ipairs(self.uses) do
    if not self._imported[use] and self:_detects(use, nil, root.dir) then
      self:_load(use, nil, root.dir, root)
    end
  end
  M.import(self, root)
end

---Refuses one that has read nothing, here or in a workspace: it is not what was meant.
function Frontends:check_busy()
  for _, use in ipairs(self.uses) do
    if not self._busy[use] then
      fault.raise(("plugin %q: there is nothing here that it reads, nor in a workspace without a"
        .. ' file of its own (for a file elsewhere: p:import "DIR/FILE")'):format(use.name),
        use.file, use.line)
    end
  end
end

-- Files that are imported -------------------------------------------------------------------------

function Frontends:_reader_of(pipeline, entry, dir, file)
  local function complain(...) fault.raise(("import %q: "):format(entry.path) .. (...):format(
    select(2, ...)), entry.file, entry.line) end
  local found, names
  names = {}
  for _, use in ipairs(self.uses) do
    names[use.name] = true
    if (not entry.frontend or entry.frontend == use.name) and self:_detects(use, file, dir) then
      if found then
        complain("%q and %q both read it; to name the one that is meant: p:import(%q, %q)",
          found.name, use.name, entry.path, found.name)
      end
      found = use
    end
  end
  if entry.frontend and not names[entry.frontend] then
    complain("no p:use names the frontend %q%s", entry.frontend,
      suggest.hint(entry.frontend, names))
  end
  if not found then complain("%q reads no such file", entry.frontend or self.uses[1].name) end
  if pipeline == self._root then self._imported[found] = true end
  return found
end

function Frontends:_import(pipeline, entry)
  local dir, file = joined(pipeline.dir, (entry.path:gsub("^%./", ""))):match("^(.*)/([^/]*)$")
  if dir == "" then dir = "/" end
  self:_load(self:_reader_of(pipeline, entry, dir, file), file, dir, pipeline)
end

---Declares what the files say that a pipeline imports and that are none of Lua.
---@param frontends ggen.UsedFrontends? nil when none is used
---@param pipeline ggen.Pipeline
function M.import(frontends, pipeline)
  local list = pipeline.imports
  if not list then return end
  rawset(pipeline, "imports", false)
  for _, entry in ipairs(list) do
    if not progress.exists(joined(pipeline.dir, entry.path)) then
      fault.raise(("import %q: there is no such file"):format(entry.path), entry.file, entry.line)
    end
    if not frontends then
      fault.raise(("import %q: no frontend reads such a file (.lua files and make.toml can always"
        .. ' be imported, others when the root says p:use "frontend.NAME")'):format(entry.path),
        entry.file, entry.line)
    end
    frontends:_import(pipeline, entry)
  end
end

-- The whole ---------------------------------------------------------------------------------------

---The front ends that a root uses. Whoever gets them closes them.
---@param root ggen.Pipeline
---@param uses ggen.Use[] those of frontends, at least one
---@param environment string? what -e names
---@return ggen.UsedFrontends
function M.new(root, uses, environment)
  local self = { uses = uses, _root = root, _environment = environment, _instances = {},
    _busy = {}, _imported = {},
    _plugins = registry.new({ project_dir = root.dir, options = {} }) }
  for _, use in ipairs(uses) do self._instances[use] = {} end
  return setmetatable(self, Frontends)
end

---Calls close() of each that was set up.
function Frontends:close()
  for _, message in ipairs(self._plugins:close()) do
    io.stderr:write("ggen-lua: warning: ", require("ggen.harmless").text(message), "\n")
  end
end

return M
