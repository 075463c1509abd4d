-- The project that commands and runs work on, through methods that are the same whether its files
-- The project that commands and runs work on, by methods that are the same whether its files
-- task() makes an object of one. A run where nothing is to be done must not ask for every task: a
-- pipeline may have 100,000 of them. Does not know what a task does.
-- SPDX-License-Identifier: MIT

---@class ggen.Task what a run works on
---@field index integer position in the order of declaration; its id in the graph
---@field id string "build", "api#build", "test:suite=unit", "phase ci"
---@field name string without workspace and matrix
---@field workspace string? name of its workspace
---@field dir string absolute directory of the file that declares it
---@field spec ggen.TaskSpec as written, with ${matrix.x} replaced
---@field matrix table<string, string|number|boolean>?
---@field declaration ggen.Declaration
---@field phase table? the phase that this node stands for: { role = "begin"|"end", ... }

---@class ggen.Phase two nodes of the graph: its begin (hooks before) and its end (hooks after)
---@field id string
---@field begin integer
---@field finish integer
---@field members integer[] in the order in which it names them
---@field phase { name: string, file: string, line: integer, members: string[] } as declared

---@class ggen.Group the instances of a matrix task: `count` tasks from `first` on
---@field first integer
---@field count integer
---@field desc string? as written

---@class ggen.Survey what would need a look at every task
---@field finals integer[] those that run at the end
---@field services integer[]
---@field alone integer[] those that nothing runs beside
---@field io integer[] those that wait more than they compute (workers.lua)
---@field everything integer[] what "all tasks" means, as pairs: from, to, from, to, ...
---@field cached boolean false when all tasks are of a make.toml that says nothing of results
---@field leasing integer[] those that lease containers
---@field contained integer[] those that run in one

---@class ggen.Project
---@field dir string absolute
---@field loaded ggen.Loaded
---@field graph userdata of the engine
---@field frozen boolean? its graph is frozen
---@field phases table<string|integer, ggen.Phase> by id, and in the order of declaration
---@field groups table<string, ggen.Group> by the id without the matrix
---@field ranges table<string, integer[]> the first and the last task of a workspace, by its name
---@field hooks table<integer, ggen.HookLists> by the index of a task
---@field each_hooks ggen.HookLists
---@field task fun(self: ggen.Project, index: integer): ggen.Task the same object each time
---@field count fun(self: ggen.Project): integer how many tasks and nodes of phases there are
---@field find fun(self: ggen.Project, id: string): integer? index of the task with this id
---@field id fun(self: ggen.Project, index: integer): string id without making the task
---@field survey fun(self: ggen.Project): ggen.Survey
---@field tagged fun(self: ggen.Project): table<string, integer[]> tasks by tag
---@field section fun(self: ggen.Project, name: string): string? bytes that were kept with it
---@field sections table<string, string> those that are new in this run
local Project = {}
Project.__index = Project

---What follows the id of a task that is in its quicker form.
Project.FAST = " (fast)"

---Of tables some of whose fields are made when they are first asked for.
---@param makers table<string, fun(object: table): any> one that is to be called once sets the field
---@param name string of the class
---@return table metatable
function Project.lazily(makers, name)
  return {
    __name = name,
    __index = function(object, key)
      local make = makers[key]
      return make and make(object)
    end,
  }
end

---@param pipeline ggen.Pipeline
---@return string prefix of the ids of its tasks
function Project.prefix_of(pipeline)
  return pipeline.kind == "workspace" and pipeline.name .. "#" or ""
end

---@return string name of the pipeline
function Project:name() return self.loaded.root.name end

---The names of the plugins of a kind that the pipeline uses, as it writes them, in its order.
---@param kind string
---@return string[]
function Project:plugins(kind)
  local names = {}
  for _, use in ipairs(self.loaded.root.uses) do
    if use.name:match("^(%a+)[./]") == kind then names[#names + 1] = use.name end
  end
  return names
end

---@return { name: string, tasks: string[] }[] phases with the ids of the tasks in them
function Project:phase_tasks()
  local list = {}
  for i, phase in ipairs(self.phases) do
    local ids = {}
    for n, index in ipairs(phase.members) do ids[n] = self:id(index) end
    list[i] = { name = phase.id, tasks = ids }
  end
  return list
end

---@return boolean strict its phases run as compat = "strict" says (lifecycle/strict.lua)
function Project:is_strict()
  local lifecycle = self.loaded.root.lifecycle
  return lifecycle and lifecycle.compat == "strict" or false
end

---The nodes where phases begin, which nobody calls by name.
---@return table<integer, true>
function Project:begins()
  local set = self._begins
  if not set then
    set = {}
    for _, phase in ipairs(self.phases) do set[phase.begin] = true end
    self._begins = set
  end
  return set
end

---@return table<string, true> names those that someone may have meant
function Project:names()
  local names, is_begin = {}, self:begins()
  for i = 1, self:count() do
    if not is_begin[i] then names[(self:id(i):gsub(" %(fast%)$", ""))] = true end
  end
  for base in pairs(self.groups) do names[base] = true end
  return names
end

local function is_pattern(name) return name:find("[*?%[{]") ~= nil end

local function append(list, more)
  for _, value in ipairs(more or {}) do list[#list + 1] = value end
  return list
end

---The tasks that a name means when it is written in the file of `pipeline`.
---@param name string "build", "lib#build", "#root-task", "^build", "test:*"
---@param pipeline ggen.Pipeline
---@return integer[]? indices nil when nothing has that name
function Project:lookup(name, pipeline)
  if name:byte(1) == 94 then -- "^"
    local found, base, known = {}, name:sub(2), false
    for _, workspace in ipairs(self:dependencies(pipeline)) do
      append(found, self:exact(workspace .. "#" .. base))
    end
    -- A workspace may lack the task; a task that no workspace has is a misspelling.
    for _, workspace in ipairs(self.loaded.workspaces) do
      known = known or self:exact(workspace.name .. "#" .. base) ~= nil
    end
    return (known or #self.loaded.workspaces == 0) and found or nil
  end
  local id
  if name:byte(1) == 35 then id = name:sub(2) -- "#": a task of the root
  elseif name:find("#", 1, true) then id = name
  else id = self.prefix_of(pipeline) .. name end
  local found = self:exact(id)
  if found or not is_pattern(id) then return found end
  return self:matching(id)
end

---@param id string
---@return integer[]? indices the task with this id, or the instances of the matrix task
function Project:exact(id)
  local index = self:find(id)
  if index then return { index } end
  local group = self.groups[id]
  if not group then return nil end
  local instances = {}
  for i = 1, group.count do instances[i] = group.first + i - 1 end
  return instances
end

-- "#" separates like "/" does, so that "*#build" is every workspace's build and "*" none of them.
-- The "/" in the name of a workspace does not: it is a byte that nobody types.
local function as_path(id)
  local workspace, task = id:match("^(.*)#(.*)$")
  if not workspace then return id end
  return workspace:gsub("/", "\1") .. "/" .. task
end

---@param pattern string a glob over ids; "*" does not cross "#" or ":"
---@return fun(id: string): boolean
function Project.matcher(pattern)
  local match = require("ggen.core.fs").match
  local glob = as_path(pattern)
  return function(id)
    id = as_path(id):gsub(" %(fast%)$", "")
    return match(glob, id) or match(glob, (id:match("^[^:]*")))
  end
end

---@param pattern string a glob over ids
---@return integer[]? indices nil when none matches
function Project:matching(pattern)
  local matches, found, is_begin = Project.matcher(pattern), {}, self:begins()
  for i = 1, self:count() do
    if not is_begin[i] and matches(self:id(i)) then found[#found + 1] = i end
  end
  return #found > 0 and found or nil
end

---Calls a function with each hook of tasks and phases, and with those of all tasks.
---@param fn fun(hook: ggen.ProjectHook)
function Project:each_hook(fn)
  local function visit(lists)
    for _, moment in ipairs({ "before", "after" }) do
      for _, hook in ipairs(lists[moment]) do fn(hook) end
    end
  end
  for _, lists in pairs(self.hooks) do visit(lists) end
  visit(self.each_hooks)
end

---@return table<integer, true> tasks that are hooks of others
function Project:hook_tasks()
  local found = {}
  self:each_hook(function(hook)
    if hook.index then found[hook.index] = true end
  end)
  return found
end

---Keeps bytes with the project: section() of a later run gives them back, for as long as loading
---would give the same project and the plugins are the same (session.save writes them).
---@param name string 1 to 22 bytes
---@param bytes string
function Project:set_section(name, bytes) self.sections[name] = bytes end

---The workspaces that ^ means: for the root file all of them.
---@param pipeline ggen.Pipeline
---@return string[]
function Project:dependencies(pipeline)
  if pipeline.kind == "workspace" then return pipeline.depends_on end
  local all = {}
  for i, workspace in ipairs(self.loaded.workspaces) do all[i] = workspace.name end
  return all
end

return Project
