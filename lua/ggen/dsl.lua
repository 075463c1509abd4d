-- What pipeline.lua talks to: records declarations as they were written, checked where they are
-- made. Does not know what becomes of them (tasks.lua resolves names and expands matrices).
-- SPDX-License-Identifier: MIT
local check_task = require("ggen.check_task")
local fault = require("ggen.fault")
local fields = require("ggen.fields")
local fs = require("ggen.core.fs")
local locate = require("ggen.locate")
local records = require("ggen.records")
local schema = require("ggen.schema")
local suggest = require("ggen.suggest")

local M = {}

-- The user's line that asks; where there is none, in a process of its own, where it is used.
local function here()
  local file, line = fault.where(2)
  local place = not file and M.default_place
  if place then return place.file, place.line end
  return file, line
end

local place_schema = { type = "record", fields = { file = { type = "string", required = true },
  line = { type = "integer", min = 1, default = 1 } } }

---@class ggen.Declaration a task as the user wrote it
---@field name string
---@field spec table? nil until the table has come
---@field line integer
---@field file string
---@field owner ggen.Pipeline
---@field lines table<string, integer>? of its fields, from a frontend that knows them (origins.lua)
---@field package _source { file: string, owner: ggen.Pipeline } one for all of a file
local Declaration = {}
Declaration.__index = function(self, key)
  if key == "file" or key == "owner" then return rawget(self, "_source")[key] end
  if key == "spec" and M.functions then M.functions.missed = true end
end

---@class ggen.Pipeline
---@field name string
---@field kind "pipeline"|"workspace"
---@field dir string absolute directory of the file that declares it
---@field declarations ggen.Declaration[]
---@field lifecycle ggen.Lifecycle|false what a make.toml says beyond its phases
---@field package _by_name table<string, ggen.Declaration>
local Pipeline = {}
setmetatable(Pipeline, { __index = function(_, key)
  if type(key) ~= "string" then return nil end
  local file, line = here()
  local hint = suggest.hint(key, M.methods())
  fault.raise(("a pipeline has no method %q%s"):format(key, hint), file, line)
end })

---@return string[] the methods of a pipeline
function M.methods()
  local names = {}
  for name in pairs(Pipeline) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- Of a pipeline that was evaluated before, what is wanted are the functions of its tasks: there is
-- nothing to check, and nothing else to keep. The path of a function counts only where there are
-- several, and the instances of a matrix have to be made.
local function keep_function(kept, declaration, spec)
  local count, fn = records.count_functions(spec)
  if count > 1 or spec.matrix then
    rawset(declaration, "spec", check_task.check(declaration, spec))
  else
    kept[declaration] = fn or false
  end
end

-- The second call of p:task "name" { ... }.
function Declaration:__call(spec)
  local kept = M.functions and M.functions.kept
  if rawget(self, "spec") or kept and kept[self] ~= nil then
    local file, line = here()
    fault.raise(("task %q has its table already"):format(self.name), file, line)
  end
  if kept and type(spec) == "table" then
    keep_function(kept, self, spec)
  else
    self.spec = check_task.check(self, spec)
  end
  return self
end

---@param declaration ggen.Declaration
---@return boolean its table has come
function M.is_complete(declaration)
  return rawget(declaration, "spec") ~= nil
    or M.functions ~= nil and M.functions.kept[declaration] ~= nil
end

local function check_name(what, name, file, line)
  -- Nearly all names are plain words; what else is allowed, and what to say, is in fields.lua.
  if type(name) == "string" and name:find("^%w[%w_.-]*$") then return end
  local checked, message = schema.check(fields.name, name)
  if type(name) == "table" then
    local form = what:find("%.") and what or "p:" .. what
    fault.raise(("%s: the name comes first: %s \"name\" { ... }"):format(what, form), file, line)
  end
  if checked == nil then
    local shown = type(name) == "string" and (" %q"):format(name):gsub("\\\n", "\\n") or ""
    fault.raise(("%s%s: %s"):format(what, shown, message), file, line)
  end
end

-- Whether the file of a workspace has declared this itself, and the root declares for it now.
local function is_own(self, declared) return self._own and self._own[declared] end

-- Takes a new declaration into a pipeline; its spec comes later.
local function add_declaration(self, name, file, line)
  local before = self._by_name[name]
  if before and not is_own(self, before) then
    local again = M.default_place and file == before.file and line == before.line
    fault.raise(("task %q is declared twice (first at %s:%d%s)"):format(name, before.file,
      before.line, again and ": is this file read twice?" or ""), file, line)
  end
  local source = self._sources[file]
  if not source then
    source = { file = file, owner = self }
    self._sources[file] = source
  end
  local declaration = setmetatable({ name = name, line = line, _source = source }, Declaration)
  if before then return declaration end -- checked as the others are, and dropped
  self._by_name[name] = declaration
  self.declarations[#self.declarations + 1] = declaration
  if M.on_task then M.on_task(declaration) end
  return declaration
end

-- The place that a front end gives.
local function place_of(self, place, file, line)
  local checked, message, path_in = schema.check(place_schema, place)
  if checked == nil then
    fault.raise("the place of a declaration: " .. schema.message(message, path_in), file, line)
  end
  local shown = self._shown[checked.file]
  if not shown then
    local path = checked.file
    if path:sub(1, 1) ~= "/" then path = (M.current_dir or self.dir) .. "/" .. path end
    shown = locate.display(path, fs.cwd())
    self._shown[checked.file] = shown
  end
  return shown, checked.line
end

---Declares a task: p:task "name" { ... } or p:task("name", { ... }).
---@param name string
---@param spec ggen.TaskSpec?
---@param place { file: string, line: integer? }? of a front end: where the file says so
---@return ggen.Declaration
function Pipeline:task(name, spec, place)
  local file, line = here()
  if place then file, line = place_of(self, place, file, line) end
  check_name("task", name, file, line)
  local declaration = add_declaration(self, name, file, line)
  if spec ~= nil then declaration(spec) end
  return declaration
end

---Declares a task for a frontend, which has checked the name and the table itself.
---@param pipeline ggen.Pipeline
---@param name string may have ":" in it
---@param spec ggen.TaskSpec
---@param file string as messages name it
---@param line integer
---@return ggen.Declaration
function M.declare(pipeline, name, spec, file, line)
  local declaration = add_declaration(pipeline, name, file, line)
  declaration.spec = spec
  return declaration
end

---Declares a task that was found elsewhere, unless the pipeline has one with that name.
---@param pipeline ggen.Pipeline
---@param name string
---@param spec ggen.TaskSpec
---@param file string as messages name it
---@param line integer
function M.offer(pipeline, name, spec, file, line)
  if pipeline._by_name[name] then return end
  check_name("task", name, file, line)
  add_declaration(pipeline, name, file, line)(spec)
end

-- A declaration with an optional table: what p:use "x" and p:phase "x" return.
local function with_table(entry, take)
  return setmetatable(entry, { __call = function(self, value)
    take(self, value)
    return self
  end })
end

---Chooses a plugin: p:use "scheduler.fifo" or p:use "./mine.lua" { option = value }.
---@param name string "kind.name" or the path of a file
---@param params table?
function Pipeline:use(name, params)
  local file, line = here()
  if type(name) ~= "string" or name == "" then
    fault.raise('use: expected a plugin\'s name ("scheduler.fifo") or file ("./mine.lua")', file,
      line)
  end
  local entry = with_table({ name = name, file = file, line = line, dir = self.dir },
    function(self_, value)
    if type(value) ~= "table" then
      fault.raise(("use %q: expected a table of options"):format(name), file, line)
    end
    self_.params = value
  end)
  self.uses[#self.uses + 1] = entry
  if params ~= nil then entry(params) end
  return entry
end

local function check_names(what, value, file, line)
  if type(value) == "string" then value = { value } end
  local checked, message, where = schema.check({ type = "list", of = { type = "string" } }, value)
  if checked == nil then fault.raise(what .. ": " .. schema.message(message, where), file, line) end
  return checked
end

---Declares a phase, a named group of tasks: p:phase "ci" { "lint", "test" }.
---@param name string
---@param members string[]?
---@param place { file: string, line: integer? }? of a front end: where the file says so
function Pipeline:phase(name, members, place)
  local file, line = here()
  if place then file, line = place_of(self, place, file, line) end
  check_name("phase", name, file, line)
  local before = self.phases[name]
  if before and not is_own(self, before) then
    fault.raise(("phase %q is declared twice (first at %s:%d)"):format(name, before.file,
      before.line), file, line)
  end
  local entry = { name = name, file = file, line = line, owner = self }
  with_table(entry, function(_, value)
    entry.members = check_names(("phase %q"):format(name), value, file, line)
  end)
  if not before then
    self.phases[name] = entry
    self.phases[#self.phases + 1] = entry
  end
  if members ~= nil then entry(members) end
  return entry
end

local function check_hooks(what, value, file, line)
  if type(value) == "function" or type(value) == "string" then value = { value } end
  local checked, message, where = schema.check({ type = "list", of = { type = "union",
    any_of = { { type = "string" },
      { type = "function" } }, expects = "a task's name or a function" } }, value)
  if checked == nil then fault.raise(what .. ": " .. schema.message(message, where), file, line) end
  return checked
end

-- What has one argument for all hooks says so of a second one.
local function check_one(what, file, line, count)
  if count > 0 then
    fault.raise(what .. ': one argument has all of the hooks: { "a", "b" }', file, line)
  end
end

for _, moment in ipairs({ "before", "after" }) do
  Pipeline[moment] = function(self, name, hooks, ...)
    local file, line = here()
    if type(name) ~= "string" then
      fault.raise(("%s: expected the name of a task or phase"):format(moment), file, line)
    end
    local what = ("%s %q"):format(moment, name)
    check_one(what, file, line, select("#", ...))
    local entry = with_table({ moment = moment, target = name, file = file, line = line },
      function(entry, value) entry.hooks = check_hooks(what, value, file, line) end)
    self.hooks[#self.hooks + 1] = entry
    if hooks ~= nil then entry(hooks) end
    return entry
  end

  Pipeline[moment .. "_each"] = function(self, hooks, ...)
    local file, line = here()
    check_one(moment .. "_each", file, line, select("#", ...))
    self.hooks[#self.hooks + 1] = {
      moment = moment, each = true, file = file, line = line,
      hooks = check_hooks(moment .. "_each", hooks, file, line),
    }
  end
end

---Sizes a pool: p:pool("link", 2).
---@param name string
---@param size integer how many tasks of the pool may run at once
function Pipeline:pool(name, size)
  local file, line = here()
  check_name("pool", name, file, line)
  local checked, message = schema.check({ type = "integer", min = 1 }, size)
  if checked == nil then fault.raise(("pool %q: %s"):format(name, message), file, line) end
  self.pools[name] = { size = size, file = file, line = line }
end

---Names the tasks that run when the command line names none.
---@param names string[]|string
function Pipeline:default(names)
  local file, line = here()
  if is_own(self, self.defaults) then return end
  self.defaults = { names = check_names("default", names, file, line), file = file, line = line }
end

---Says where the workspaces are: p:workspaces "packages/*". Each has a pipeline.lua of its own.
---@param patterns string[]|string globs of directories, relative to this file
function Pipeline:workspaces(patterns)
  local file, line = here()
  for _, pattern in ipairs(check_names("workspaces", patterns, file, line)) do
    self.workspace_patterns[#self.workspace_patterns + 1] = { pattern = pattern, file = file,
      line = line }
  end
end

---Declares for every workspace: p:each_workspace(function(w) w:task "build" { ... } end). What a
---workspace declares itself, in a pipeline.lua of its own, takes the place of a task or phase with
---that name.
---@param declare fun(workspace: ggen.Pipeline) called with each, in the order of their directories
function Pipeline:each_workspace(declare)
  local file, line = here()
  if type(declare) ~= "function" then
    fault.raise("each_workspace: expected function(w) ... end", file, line)
  end
  if self.kind == "workspace" then
    fault.raise("each_workspace: this is for the root, not for a workspace", file, line)
  end
  self.workspace_rules[#self.workspace_rules + 1] = { declare = declare, file = file, line = line }
end

---From here on the root declares for a workspace: what the workspace has declared so far stays.
---@param workspace ggen.Pipeline
function M.keep_own(workspace)
  local own = { [workspace.defaults] = true }
  for _, declaration in ipairs(workspace.declarations) do own[declaration] = true end
  for _, phase in ipairs(workspace.phases) do own[phase] = true end
  own[false] = nil
  rawset(workspace, "_own", own)
end

-- A file that a front end reads, when all that are used are known (used_frontends.lua).
local function import_later(self, path, frontend, file, line)
  if frontend ~= nil and type(frontend) ~= "string" then
    fault.raise(("import %q: the name of a frontend expected, as p:use has it"):format(path), file,
      line)
  end
  local imports = self.imports or {}
  rawset(self, "imports", imports)
  imports[#imports + 1] = { path = path, frontend = frontend, file = file, line = line }
end

---Takes the declarations of another file into this pipeline.
---@param path string relative to this file: a make.toml, a file that returns function(pipeline), or
---one that a used frontend reads
---@param frontend string? the frontend that reads it, as p:use has it
function Pipeline:import(path, frontend)
  local file, line = here()
  if type(path) ~= "string" then fault.raise("import: expected the path of a file", file, line) end
  if frontend == nil and path:match("%f[^%z/]make%.toml$") then
    return M.load_frontend(self, self.dir .. "/" .. path:gsub("^%./", ""), file, line)
  end
  if frontend ~= nil or not path:match("%.lua$") then
    return import_later(self, path, frontend, file, line)
  end
  local declare = M.load_file(self.dir .. "/" .. path, file, line)
  if type(declare) ~= "function" then
    fault.raise(("import %q: the file must return function(pipeline) ... end"):format(path), file,
      line)
  end
  declare(self)
end

---Set by load.lua while only the functions of tasks are wanted: of each declaration its function,
---or false. `missed`: somebody has asked for a spec, and there is none.
---@type { kept: table<ggen.Declaration, function|false>, missed: boolean? }?
M.functions = nil
-- Set by load.lua: loads a user's file in the environment of pipelines.
M.load_file = nil
-- Set by load.lua: lets a frontend declare what its file says.
M.load_frontend = nil
-- Set by those who want to know from where tasks are declared (origins.lua).
M.on_task = nil
-- Set by load.lua: the directory of the file that is being loaded.
M.current_dir = nil
M.current_file = nil -- as messages name it
-- Set while a used front end declares: the place of what it declares without saying one, if nothing
-- of it is on the stack.
---@type { file: string, line: integer }?
M.default_place = nil

-- p.task "x" instead of p:task "x" passes the name as the pipeline.
for name, method in pairs(Pipeline) do
  if type(method) == "function" and not name:match("^_") then
    Pipeline[name] = function(self, ...)
      if not M.is_pipeline(self) then
        local file, line = fault.where(1)
        fault.raise(("write p:%s with a colon, not p.%s"):format(name, name), file, line)
      end
      return method(self, ...)
    end
  end
end

---Makes an empty pipeline, for those that have checked its name themselves.
---@param kind "pipeline"|"workspace"
---@param name string
---@param place { dir: string, file: string, line: integer } dir: absolute
---@param description table? schema of the table that it is called with
---@return ggen.Pipeline
function M.new(kind, name, place, description)
  local file, line = place.file, place.line
  local self = {
    name = name, kind = kind, dir = place.dir, file = file, line = line, depends_on = {},
    declarations = {}, phases = {}, uses = {}, hooks = {}, pools = {}, workspace_patterns = {},
    _shown = {},
    defaults = false, desc = false, lifecycle = false, _by_name = {}, _sources = {},
    workspace_rules = {}, make_toml = false, imports = false, _own = false,
    _has_file = false,
  }
  local function configure(_, options)
    local checked, message, where = schema.check(description, options)
    if checked == nil then
      fault.raise(("%s %q: %s"):format(kind, name, schema.message(message, where)), file, line)
    end
    for key, value in pairs(checked) do rawset(self, key, value) end
    return self
  end
  return setmetatable(self, {
    __index = Pipeline, __call = configure, __name = "ggen.Pipeline",
    __newindex = function(_, key)
      local f, l = fault.where(2)
      fault.raise(("a pipeline has no field %q to set"):format(tostring(key)), f, l)
    end,
  })
end

local function construct(kind, description, name, second)
  local file, line = fault.where(1)
  -- After `return ggen.pipeline "x"` the file's frame is gone.
  if not file then file, line = M.current_file, 1 end
  check_name("ggen." .. kind, name, file, line)
  if second ~= nil then
    fault.raise(("ggen.%s takes the name alone, its table follows: ggen.%s %q { %s }"):format(kind,
      kind, name, kind == "pipeline" and "jobs = 2" or 'depends_on = "lib"'), file, line)
  end
  return M.new(kind, name, { dir = M.current_dir, file = file, line = line }, description)
end

---Starts the pipeline of a project: local p = ggen.pipeline "shop".
---@param name string
---@return ggen.Pipeline
function M.pipeline(name, ...)
  return construct("pipeline", fields.pipeline, name, ...)
end

---Starts the part of one workspace: local w = ggen.workspace "api" { depends_on = { "lib" } }.
---@param name string
---@return ggen.Pipeline
function M.workspace(name, ...)
  return construct("workspace", fields.workspace, name, ...)
end

---@param value any
---@return boolean
function M.is_pipeline(value)
  local meta = type(value) == "table" and getmetatable(value)
  return meta and meta.__name == "ggen.Pipeline" or false
end

return M
