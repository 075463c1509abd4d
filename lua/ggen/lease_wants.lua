-- What of a plan will want leases, and when: for a containers plugin that has them ready by then.
-- The plan is played with the times of earlier runs (graph/forecast.h).
-- SPDX-License-Identifier: MIT
local core = require("ggen.core.forecast")
local leasable = require("ggen.leasable")

local M = {}

---@class ggen.LeaseWant
---@field task ggen.Task
---@field services string[] names, sorted
---@field shared table<string, boolean> those that it shares with others
---@field start number seconds from now, as far as it can be foreseen
---@field duration number seconds
---@field known boolean it has run before

-- When the nodes that a task is a hook of start: the first of them calls it.
local function hook_starts(run, plan, starts, wanted)
  local found = {}
  for node, lists in pairs(run.project.hooks) do
    local state = plan:state(node)
    for _, moment in ipairs(state and state ~= "done" and { "before", "after" } or {}) do
      for _, hook in ipairs(lists[moment]) do
        local index = hook.index
        if index and wanted[index] then
          found[index] = math.min(found[index] or math.huge, starts[node])
        end
      end
    end
  end
  return found
end

-- Those of the tasks that take part: the plan's own with their state, the finals, hooks.
local function candidates(run, plan)
  local own, others, finals = {}, {}, {}
  for _, index in ipairs(run.finals) do finals[index] = true end
  for _, index in ipairs(run.project:survey().leasing) do
    local state = plan:state(index)
    if run.left_out and run.left_out[index] then
      state = "done"
    end
    if finals[index] then
      others[index] = "final"
    elseif not state then
      if run.hooks:is_hook(run.project:task(index)) then others[index] = "hook" end
    elseif state ~= "done" and state ~= "skipped" and state ~= "failed" then
      own[#own + 1] = index
    end
  end
  return own, others
end

-- A task whose turn has come, and whose result is stored: it will be restored.
local function is_stored(run, plan, index)
  local cache = run.cache
  if plan:state(index) ~= "ready" or not cache or not cache.options.read then return false end
  if not cache.files:info(index).cached or cache:refusal(index) then return false end
  local found = cache:wait("assess", index)
  if not found or not found.key then return false end
  if found.standing == "fresh" then return true end
  return cache.stores.directory and cache:wait("get", found.key) and true or false
end

---@async
---@param run ggen.Run
---@param plan userdata that has begun
---@return ggen.LeaseWant[] wants by their start
function M.of(run, plan)
  local own, others = candidates(run, plan)
  if #own == 0 and next(others) == nil then return {} end
  local project = run.project
  local view = run.scheduling.view
  if not view then
    view = run:view()
    view:enter(plan)
  end
  local durations, history = view:durations(), run.timings:history()
  local forecast = core.new(durations, plan:size(), project:survey().alone)
  local most = run.slots:most()
  local starts = forecast:starts(plan, most)
  local wants = {}
  local function add(index, start)
    local task, names, shared = project:task(index), {}, {}
    for i, lease in ipairs(leasable.leases(task.spec)) do
      names[i], shared[lease.name] = lease.name, lease.shared or nil
    end
    local expected = history:expected(project:id(index))
    wants[#wants + 1] = { task = task, services = names, shared = shared, start = start,
      duration = expected or durations[index] or 0, known = expected ~= nil, _index = index }
  end
  for _, index in ipairs(own) do
    if not is_stored(run, plan, index) then add(index, starts[index]) end
  end
  if next(others) then
    local hooked, at_end = hook_starts(run, plan, starts, others), nil
    for index, how in pairs(others) do
      if hooked[index] then
        add(index, hooked[index])
      elseif how == "final" then
        at_end = at_end or forecast:left(plan, most, 0)
        add(index, at_end)
      end
    end
  end
  table.sort(wants, function(a, b)
    if a.start ~= b.start then return a.start < b.start end
    return a._index < b._index
  end)
  for _, want in ipairs(wants) do want._index = nil end
  return wants
end

return M
