-- Limits of how long a run and its stages may take, and how a recorded run stands against them
-- (public as ggen.targets). A limit is required, or a stretch: better, and not asked for. Knows
-- records and names; what follows from a missed limit is decided elsewhere.
-- SPDX-License-Identifier: MIT
local schema = require("ggen.schema")
local sorted = require("ggen.sorted")
local stages = require("ggen.stages")
local suggest = require("ggen.suggest")
local units = require("ggen.units")

local M = {}

local function above_zero(value)
  if value == 0 then return "must be above zero" end
end

local function not_below(value)
  if value.required and value.stretch and value.stretch > value.required then
    return ("the stretch limit (%s) is above the required one (%s)"):format(
      units.format_duration(value.stretch), units.format_duration(value.required))
  end
end

local limit = { type = "duration", check = above_zero }

---The params of a plugin that has targets.
M.params = {
  total = { type = "duration", check = above_zero, desc = "Required limit of the whole run" },
  stretch = { type = "duration", check = above_zero,
    desc = "A better limit of the whole run, which nothing fails by" },
  stages = { type = "map", of = { type = "union",
    expects = 'a duration ("15s"), or { required = "15s", stretch = "10s" }', any_of = { limit,
      { type = "record", fields = { required = limit, stretch = limit }, check = not_below } } },
    desc = "Limits of phases and tasks, by name or glob; a glob is from the first start to the last"
      .. " end. With \"task.\" or \"phase.\" in front only tasks, or phases, are meant" },
  preset = { type = "enum", values = { "required", "stretch" },
    desc = "Six stages with limits (template_selection 3 s, code_generation 8 s, cleanroom_setup"
      .. " 7 s, testing 15 s, validation 7 s, reporting 3 s) and a total: required 60 s with a"
      .. " stretch of 45 s, or 45 s required. Stages that the pipeline does not have are left out;"
      .. " the other params come on top" },
}

local PRESET_STAGES = { template_selection = 3, code_generation = 8, cleanroom_setup = 7,
  testing = 15, validation = 7, reporting = 3 }
local PRESET_TOTALS = { required = { total = 60, stretch = 45 }, stretch = { total = 45 } }

---@class ggen.TargetRow how one stage, or the run, stands against its limits; times in seconds
---@field name string
---@field duration number
---@field required number?
---@field stretch number?
---@field status "good"|"acceptable"|"slow"|nil nil without a limit
---@field percent number? (target - duration) / target * 100; the target is the required one

---@class ggen.Targets
---@field total number?
---@field stretch number?
---@field stages { name: string, required: number?, stretch: number?, preset: boolean? }[] by name
local Targets = { __name = "ggen.Targets" }
Targets.__index = Targets

-- Stages of the presets are written with "_"; tasks more often with "-".
local function preset_name(project, name)
  local dashed = name:gsub("_", "-")
  return project and not stages.known(project, name) and stages.known(project, dashed) and dashed
    or name
end

local function unknown(project, name)
  local names = project:names()
  for _, phase in ipairs(project.phases) do names[phase.phase.name] = true end
  local what = name:find("[*?%[{]") and "no phase or task matches %q%s"
    or "no phase or task has the name %q%s"
  return what:format(name, suggest.hint(name, names))
end

---@param params table as M.params checks them
---@param project ggen.Project? where it is known, names are checked
---@return ggen.Targets? targets
---@return string? message
function M.new(params, project)
  local preset = params.preset and PRESET_TOTALS[params.preset] or {}
  local self = setmetatable({ total = params.total or preset.total, stages = {},
    stretch = params.stretch or preset.stretch }, Targets)
  -- A stretch of the preset that the pipeline's own total is below says nothing.
  if not params.stretch and self.stretch and self.stretch > self.total then self.stretch = nil end
  local wrong = not_below({ required = self.total, stretch = self.stretch })
  if wrong then return nil, wrong end
  local own = params.stages or {}
  for _, name in ipairs(sorted.keys(own)) do
    if project and not stages.known(project, name) then
      return nil, ('field "stages": %s'):format(unknown(project, name))
    end
    local given = own[name]
    if type(given) == "number" then given = { required = given } end
    table.insert(self.stages, { name = name, required = given.required, stretch = given.stretch })
  end
  for _, name in ipairs(params.preset and sorted.keys(PRESET_STAGES) or {}) do
    local shown = preset_name(project, name)
    if not own[name] and not own[shown] then
      table.insert(self.stages, { name = shown, required = PRESET_STAGES[name], preset = true })
    end
  end
  return self
end

---@param params table?
---@return boolean whether they have any target
function M.any(params)
  for name in pairs(M.params) do
    local value = params and params[name]
    if value ~= nil and (type(value) ~= "table" or next(value) ~= nil) then return true end
  end
  return false
end

---The targets of `observer.targets` in a pipeline.
---@param project ggen.Project
---@return ggen.Targets? targets nil when it does not use the plugin
function M.of_project(project)
  local found
  for _, use in ipairs(project.loaded.root.uses) do
    if use.name:find("^observer[./]targets$") then found = use end
  end
  if not found then return nil end
  local own = {}
  for name in pairs(M.params) do own[name] = (found.params or {})[name] end
  local checked = schema.check({ type = "record", fields = M.params }, own)
  return checked and M.new(checked, project) or nil
end

---The targets that a plugin judges by: its own or, without any, those of `observer.targets`.
---@param params table as M.params checks them
---@param project ggen.Project?
---@return ggen.Targets? targets nil where there are none, or with a message
---@return string? message
function M.of(params, project)
  if M.any(params) then return M.new(params, project) end
  return project and M.of_project(project) or nil
end

---How a duration stands against limits.
---@param name string
---@param duration number seconds
---@param limits { required: number?, stretch: number? }
---@return ggen.TargetRow
function M.row(name, duration, limits)
  local row = { name = name, duration = duration, required = limits.required,
    stretch = limits.stretch }
  local target = row.required or row.stretch
  if not target then return row end
  if row.required and duration > row.required then
    row.status = "slow"
  elseif row.stretch and duration > row.stretch then
    row.status = "acceptable"
  else
    row.status = "good"
  end
  row.percent = (target - duration) / target * 100
  return row
end

local function slowest_first(rows)
  table.sort(rows, function(a, b)
    if a.duration ~= b.duration then return a.duration > b.duration end
    return a.name < b.name
  end)
  return rows
end

---@param record table of a run
---@return { total: ggen.TargetRow, stages: ggen.TargetRow[] } judgement stages that took part in
---the run, the slowest first
function Targets:judge(record)
  local found, rows = stages.of(record), {}
  for _, stage in ipairs(self.stages) do
    local its = found:find(stage.name)
    if its then rows[#rows + 1] = M.row(stage.name, its.duration, stage) end
  end
  local wall = record.totals and tonumber(record.totals.wall) or 0
  return { total = M.row("total", wall, { required = self.total, stretch = self.stretch }),
    stages = slowest_first(rows) }
end

---The rows of all stages of a run: those with limits, and the phases, or else the tasks, that none
---of these is about.
---@param targets ggen.Targets?
---@param record table of a run
---@return { total: ggen.TargetRow, stages: ggen.TargetRow[] } judgement
function M.profile(targets, record)
  targets = targets or setmetatable({ stages = {} }, Targets)
  local judgement, found, seen = targets:judge(record), stages.of(record), {}
  for _, row in ipairs(judgement.stages) do
    local stage = found:find(row.name)
    for _, phase in ipairs(stage.phases) do seen[phase] = true end
    for _, task in ipairs(stage.tasks) do seen[task.id] = true end
  end
  for _, name in ipairs(found:names()) do
    if not seen[name] then
      -- The last row has that name.
      local shown = name == "total" and #found:find(name).tasks > 0 and "task.total" or name
      table.insert(judgement.stages, M.row(shown, found:find(name).duration, {}))
    end
  end
  slowest_first(judgement.stages)
  return judgement
end

-- Limits may be a few milliseconds.
local function time(seconds)
  if seconds > 0 and seconds < 0.1 then return ("%.3g ms"):format(seconds * 1000) end
  return units.format_duration(seconds)
end

local function off(percent)
  local amount = math.abs(percent)
  return (amount < 1 and "%.1f %% %s" or "%.0f %% %s"):format(amount,
    percent < 0 and "over" or "under")
end

---The cells of a row in a table for people.
---@param row ggen.TargetRow
---@return { name: string, time: string, target: string, met: string, percent: string }
function M.cells(row)
  local target = row.required or row.stretch
  local met = ""
  if row.status == "slow" then
    met = "no"
  elseif row.required and row.stretch then
    met = row.status == "good" and "stretch" or "required"
  elseif row.status then
    met = row.status == "good" and "yes" or "no"
  end
  local both = row.required and row.stretch and " / " .. time(row.stretch) or ""
  return { name = row.name, time = units.format_duration(row.duration), met = met,
    target = target and time(target) .. both or "",
    percent = row.percent and off(row.percent) or "" }
end

---One line for each limit that was missed.
---@param judgement { total: ggen.TargetRow, stages: ggen.TargetRow[] }
---@return string[] required
---@return string[] stretch those that met the required limit, if they have one
function M.missed(judgement)
  local required, stretch = {}, {}
  local function look(row, subject)
    local function line(limit_of, kind)
      local show = limit_of < 0.1 and time or units.format_duration
      return ("%s took %s, %s the %s %s"):format(subject, show(row.duration),
        off((limit_of - row.duration) / limit_of * 100), kind, show(limit_of))
    end
    if row.status == "slow" then
      required[#required + 1] = line(row.required, "required")
    elseif row.status == "acceptable" then
      stretch[#stretch + 1] = line(row.stretch, "stretch")
    end
  end
  look(judgement.total, "the run")
  for _, row in ipairs(judgement.stages) do look(row, row.name) end
  return required, stretch
end

return M
