-- Projects and views as the host hands them to plugins, made of random choices: tasks with what
-- their specs may have, needs that lead backwards, a view that knows some of the times.
-- SPDX-License-Identifier: MIT
local graph = require("ggen.core.graph")
local view = require("ggen.view")
local workers = require("ggen.workers")

local M = {}

local Project = { __name = "ggen.Project" }
Project.__index = Project

function Project:task(index) return self._tasks[index] end
function Project:count() return #self._tasks end
function Project:id(index) return self._tasks[index].id end
function Project:find(id) return self._by_id[id] end

function Project:names()
  local names = {}
  for _, task in ipairs(self._tasks) do names[task.id] = true end
  return names
end

function Project.name() return "contract" end
function Project.plugins() return {} end
function Project:phase_tasks() return { { name = "all", tasks = { self:id(1) } } } end

---Which tasks a name means, as ggen.targets asks.
function Project:exact(id) return self._by_id[id] and { self._by_id[id] } or nil end
Project.matching = Project.exact

function Project:survey()
  local survey = { finals = {}, services = {}, alone = {}, io = {}, leasing = {}, contained = {},
    everything = { 1, #self._tasks }, cached = true }
  for i, task in ipairs(self._tasks) do
    if workers.is_io(task) then survey.io[#survey.io + 1] = i end
    if workers.is_alone(task) then survey.alone[#survey.alone + 1] = i end
  end
  return survey
end

function Project.tagged() return {} end

local Task = { __name = "ggen.Task" }

local COMMANDS = { "true", "make all", "cc -c main.c -o main.o", "echo done" }

local function spec_of(draw)
  local spec = { run = draw:pick(COMMANDS) }
  if draw:once_in(3) then spec.tags = { draw:word(), draw:word() } end
  if draw:once_in(4) then spec.run = { "tool", "--level", tostring(draw:int(1, 9)) } end
  if draw:once_in(4) then spec.env = { LEVEL = draw:word(), DEPTH = draw:int(0, 9) } end
  if draw:once_in(4) then spec.inputs = { "src/" .. draw:word() .. "/*.c" } end
  if draw:once_in(4) then spec.outputs = { "out/" .. draw:word() } end
  if draw:once_in(8) then spec.timeout = draw:int(1, 600) end
  if draw:once_in(8) then spec.retries = draw:int(0, 3) end
  local dice = draw:int(1, 12)
  if dice == 1 then spec.weight = { memory = draw:int(0, 2 ^ 31), cpu = draw:int(0, 3) } end
  if dice == 2 then spec.weight = { io = true } end
  if dice == 3 then spec.exclusive = true end
  if dice == 4 then spec.container = "localhost/" .. draw:word() .. ":1" end
  return spec
end

---@param draw ggen.contract.Draw
---@param index integer
---@param dir string
---@return ggen.Task
function M.task(draw, index, dir)
  local name, workspace = draw:word() .. index, draw:once_in(3) and draw:word() or nil
  local matrix = draw:once_in(6) and { arch = draw:pick({ "x64", "arm64" }) } or nil
  local id = (workspace and workspace .. "#" or "") .. name
    .. (matrix and ":arch=" .. matrix.arch or "")
  return setmetatable({ index = index, id = id, name = name, workspace = workspace, dir = dir,
    spec = spec_of(draw), matrix = matrix, needs = {},
    declaration = { file = dir .. "/pipeline.lua", line = 2 + index, name = name } }, Task)
end

---@class ggen.contract.Graph
---@field project table
---@field seconds number[] what each task really takes
---@field bytes number[]
---@field fails table<integer, true>
---@field jobs integer
---@field pools table<string, integer>

---@param draw ggen.contract.Draw
---@param dir string
---@param count integer how many tasks
---@return ggen.contract.Graph
function M.draw(draw, dir, count)
  local core, tasks, by_id = graph.new(), {}, {}
  local made = { seconds = {}, bytes = {}, fails = {}, jobs = draw:int(1, 5),
    pools = { link = draw:int(1, 3) } }
  core:pool("link", made.pools.link)
  for i = 1, count do
    local task = M.task(draw, i, dir)
    tasks[i], by_id[task.id] = task, i
    if draw:once_in(6) then task.spec.pool = "link" end
    core:add(task.id, task.spec.pool or nil)
    made.seconds[i] = draw:once_in(5) and 0 or draw:int(1, 9000) / 1000
    made.bytes[i] = draw:int(0, 2 ^ 28)
    if draw:once_in(40) then made.fails[i] = true end
  end
  for i, task in ipairs(tasks) do
    for _ = 1, i > 1 and draw:int(0, 2) or 0 do
      local need = draw:int(1, i - 1)
      core:edge(need, i)
      task.needs[#task.needs + 1] = need
    end
  end
  assert(core:freeze())
  made.project = setmetatable({ dir = dir, graph = core, frozen = true, phases = {}, groups = {},
    hooks = {}, ranges = {}, loaded = { root = { uses = {} }, workspaces = {} },
    _tasks = tasks, _by_id = by_id }, Project)
  return made
end

---A history that knows some of the times of a graph, and guesses the others.
---@param made ggen.contract.Graph
---@return table timings
function M.timings(made)
  local guesses, known = {}, 0
  for i, seconds in ipairs(made.seconds) do
    if i % 3 == 0 then guesses[i] = 1 else guesses[i], known = seconds, known + 1 end
  end
  local history = {
    durations = function() return guesses, known, #guesses - known, made.bytes end,
    expected = function(_, id) return guesses[made.project:find(id) or 0] end,
  }
  return { history = function() return history end }
end

---What a scheduler sees of a run that has begun.
---@param made ggen.contract.Graph
---@param draw ggen.contract.Draw
---@param now fun(): number
---@return ggen.View
function M.view(made, draw, now)
  local memory = 2 ^ 31
  local result = view.new({ jobs = made.jobs, now = now, project = made.project,
    timings = M.timings(made),
    machine = setmetatable({ cpus = made.jobs, memory = memory,
      memory_pressure = function() return 0 end, free_memory = function() return memory / 2 end },
      { __name = "ggen.Machine" }) })
  result:enter(made.project.graph:plan())
  for _ = 1, draw:int(0, math.min(made.jobs, 3)) do
    local task = made.project:task(draw:int(1, made.project:count()))
    result:started(task)
  end
  return result
end

---The same object of the host, of which every method fails.
---@param class string
---@param fields table what of it still works
---@param methods string[]
---@param world ggen.contract.World
---@return table
function M.broken(class, fields, methods, world)
  for _, name in ipairs(methods) do
    fields[name] = function() error(world:refuse(class:gsub("^ggen%.", "") .. ":" .. name), 0) end
  end
  return setmetatable(fields, { __name = class, __index = {} })
end

return M
