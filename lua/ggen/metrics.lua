-- The figures of a recorded run by name, with their units (public as ggen.metrics): what conditions
-- of alerts are about. The table is also the one of the docs.
-- SPDX-License-Identifier: MIT
local sorted = require("ggen.sorted")
local stages = require("ggen.stages")
local suggest = require("ggen.suggest")

local M = {}

---@alias ggen.MetricUnit "seconds"|"bytes"|"ratio"|"count"

---@class ggen.Metric
---@field name string
---@field unit ggen.MetricUnit
---@field desc string
---@field value fun(record: table): number? nil when the run has no such figure

local function total(field)
  return function(record) return tonumber((record.totals or {})[field]) end
end

local function output(field)
  return function(record) return tonumber(((record.totals or {}).outputs or {})[field]) end
end

-- A run in which everything had to be made tells how long that takes; any other does not.
local function clean_build_time(record)
  local totals = record.totals or {}
  local served = (totals.fresh or 0) + (totals.restored or 0)
  if served > 0 or (totals.ran or 0) == 0 then return nil end
  if record.code ~= 0 and record.status ~= "gate" then return nil end
  return tonumber(totals.wall)
end

local function metric(unit, desc, value) return { unit = unit, desc = desc, value = value } end

---Those of the whole run, by name.
---@type table<string, ggen.Metric>
M.run = {
  wall = metric("seconds", "from the start of the run to its end", total("wall")),
  clean_build_time = metric("seconds", "`wall` of a run that was good and in which nothing was"
    .. " served from the cache", clean_build_time),
  cpu = metric("seconds", "processor time of all commands", total("cpu")),
  critical_path = metric("seconds", "the longest way through the tasks that took time",
    total("critical_path")),
  saved = metric("seconds", "what tasks that were served took when they ran", total("saved")),
  hit_rate = metric("ratio", "served tasks of those that could be; not in a run without any",
    total("hit_rate")),
  misses = metric("count", "cached tasks that had to run", total("misses")),
  tasks = metric("count", "tasks that took part", total("tasks")),
  ok = metric("count", "tasks that went well, served ones too", total("ok")),
  fresh = metric("count", "tasks that were up to date", total("fresh")),
  restored = metric("count", "tasks whose result was restored", total("restored")),
  ran = metric("count", "tasks that ran", total("ran")),
  failed = metric("count", "tasks that failed", total("failed")),
  optional = metric("count", "optional tasks that failed", total("optional")),
  skipped = metric("count", "tasks that were skipped", total("skipped")),
  not_run = metric("count", "tasks that never had a turn", total("not_run")),
  hashed = metric("bytes", "read to digest files", total("hashed")),
  read = metric("bytes", "read by the commands", total("read")),
  written = metric("bytes", "written by the commands", total("written")),
  restored_bytes = metric("bytes", "of outputs that were restored", total("restored_bytes")),
  output_size = metric("bytes", "of outputs that were stored or restored", output("bytes")),
  output_files = metric("count", "files of these outputs", output("files")),
  peak_memory = metric("bytes", "the most that one task took", total("peak_memory")),
  jobs = metric("count", "tasks that could run at once",
    function(record) return tonumber(record.jobs) end),
  exit_code = metric("count", "of the run", function(record) return tonumber(record.code) end),
}

-- Over the tasks of a stage that ran, as far as it is known of them.
local function sum(stage, value)
  local all
  for _, task in ipairs(stage.tasks) do
    local one = value(task)
    if one then all = (all or 0) + one end
  end
  return all
end

local function most(stage, value)
  local all
  for _, task in ipairs(stage.tasks) do
    local one = value(task)
    if one then all = math.max(all or 0, one) end
  end
  return all
end

local function duration(stage) return stage.duration end

---Those of a task, a phase, or all that a glob matches: `task.NAME.duration`.
---@type table<string, { unit: ggen.MetricUnit, desc: string, phase: boolean? }>
M.part = {
  duration = { unit = "seconds", desc = "from the first start to the last end", of = duration,
    phase = true },
  cpu = { unit = "seconds", desc = "processor time", of = function(stage)
    return sum(stage, function(task) return task.user and task.user + (task.sys or 0) end)
  end },
  peak_memory = { unit = "bytes", desc = "the most of one task", of = function(stage)
    return most(stage, function(task) return task.peak_memory end)
  end },
  retries = { unit = "count", desc = "attempts after the first one", of = function(stage)
    return sum(stage, function(task) return math.max((task.attempts or 1) - 1, 0) end)
  end },
  exit_code = { unit = "count", desc = "the highest", of = function(stage)
    return most(stage, function(task) return task.code end)
  end },
}

local function names_of_parts(project)
  local names = project:names()
  for _, phase in ipairs(project.phases) do names[phase.id] = true end
  return names
end

local function find_part(full, kind, rest, project)
  local name, field
  if rest:sub(1, 1) == '"' then
    name, field = rest:match('^"([^"]+)"%.([%w_]+)$')
  else
    name, field = rest:match("^(.+)%.([%w_]+)$")
  end
  if not name then
    return nil, ('%s is no metric (a part is written %s.NAME.duration, or %s."a name".duration)')
      :format(full, kind, kind)
  end
  local part = M.part[field]
  if not part or kind == "phase" and not part.phase then
    local known = kind == "phase" and { "duration" } or M.part
    return nil, ("a %s has no metric %q%s"):format(kind, field, suggest.hint(field, known))
  end
  local stage_name = kind .. "." .. name
  if project and not stages.known(project, stage_name) then
    local other = kind == "task" and "phase" or "task"
    local hint = stages.known(project, other .. "." .. name)
      and (" (there is a %s: %s.%s)"):format(other, other, name)
      or suggest.hint(name, names_of_parts(project))
    return nil, ("no %s has the name %q%s"):format(kind, name, hint)
  end
  return { name = full, unit = part.unit, desc = part.desc, value = function(record)
    local stage = stages.of(record):find(stage_name)
    return stage and part.of(stage)
  end }
end

---@param name string "wall", "task.test.duration", 'task."test:suite=unit".peak_memory'
---@param project ggen.Project? where it is known, names of tasks are checked
---@return ggen.Metric? metric
---@return string? message
function M.find(name, project)
  local found = M.run[name]
  if found then
    return { name = name, unit = found.unit, desc = found.desc, value = found.value }
  end
  local kind, rest = name:match("^(%a+)%.(.+)$")
  if kind == "task" or kind == "phase" then return find_part(name, kind, rest, project) end
  local names = sorted.keys(M.run)
  names[#names + 1], names[#names + 2] = "task.NAME.duration", "phase.NAME.duration"
  local hint = suggest.hint(name, M.run)
  if hint == "" then hint = " (known: " .. table.concat(names, ", ") .. ")" end
  return nil, ("unknown metric %q%s"):format(name, hint)
end

---@param condition string as "hit_rate < 0.8 and wall > 60s"
---@param project ggen.Project?
---@return ggen.Condition? compiled
---@return string? message
function M.compile(condition, project)
  return require("ggen.metric_condition").compile(condition, function(name)
    return M.find(name, project)
  end)
end

return M
