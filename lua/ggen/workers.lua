-- How many tasks a run has at once: what -j says, else what the pipeline says, else as many as
-- there are processors, and beside these some that do not compute.
-- SPDX-License-Identifier: MIT
local M = {}

-- A task that waits costs little but memory and connections.
local MOST_IO = 16

---@param task ggen.Task
---@return boolean nothing else may run beside it
function M.is_alone(task)
  return task.spec.interactive or task.spec.exclusive == true
end

---@param task ggen.Task
---@return boolean it says that it waits for a disk or a network, and of no processor
function M.is_io(task)
  local weight = task.spec.weight
  local io = weight and weight.io
  return io ~= nil and io ~= false and io ~= 0 and weight.cpu == nil
end

---@class ggen.Workers
---@field jobs integer how many tasks run at once
---@field io integer? so many that wait run beside these; nil: they count as all others

---@param args { jobs: integer?, no_parallel: boolean? }
---@param project ggen.Project
---@param cpus integer? for specs
---@return ggen.Workers
function M.of(args, project, cpus)
  -- A pipeline has the field only when it was declared: to set it by hand is an error.
  local said = args.no_parallel and 1 or args.jobs or rawget(project.loaded.root, "jobs")
  if said then return { jobs = said } end
  cpus = cpus or require("ggen.core.env").cpus()
  local file = project.loaded.root.lifecycle
  if file and file.max_parallel and not file.imported then
    return { jobs = math.min(cpus, file.max_parallel) }
  end
  return { jobs = cpus, io = math.min(2 * cpus, MOST_IO) }
end

---Tells a plan, before anything of it starts, which of its tasks wait.
---@param project ggen.Project
---@param plan userdata of the project's graph
---@param workers ggen.Workers
---@return integer most how many tasks of the plan run at once, of both kinds
---@return table<integer, true>? io those that wait; nil when they count as all others
function M.divide(project, plan, workers)
  local list, set = {}, {}
  for _, index in ipairs(workers.io and project:survey().io or {}) do
    if plan:state(index) then
      list[#list + 1], set[index] = index, true
    end
  end
  if #list == 0 then return workers.jobs, nil end
  plan:set_io(list, workers.io, workers.jobs)
  return workers.jobs + workers.io, set
end

return M
