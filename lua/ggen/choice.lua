-- What a run is asked to do beyond the names of tasks: which of them are taken (--failed, --since,
-- --shard), and which of those that they need are left out (--only, --exclude).
--
-- What is left out stays where it was in the order of things and is passed over when its turn
-- comes, as if it were done: what comes before it still comes before what comes after it.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local plan = require("ggen.plan")
local select = require("ggen.select")
local units = require("ggen.units")

local M = {}

---@class ggen.Choice
---@field selection integer[]
---@field left_out table<integer, true>? tasks and nodes of phases that are passed over
---@field affected ggen.Affected? by --since: why a task was taken
---@field notes string[] what the user should be told of it
---@field warnings string[]
---@field package named boolean something was said of which tasks
---@field package _joins fun(index: integer): boolean
local Choice = {}
Choice.__index = Choice

---Of the tasks that would run at the end, those that do.
---@param finals integer[]
---@return integer[]
function Choice:take_finals(finals)
  local taken = {}
  for _, index in ipairs(finals) do
    if self._joins(index) then taken[#taken + 1] = index end
  end
  return taken
end

---Says what was chosen.
---@param events ggen.Events
function Choice:tell(events)
  for _, text in ipairs(self.notes) do events:note("info", text) end
  for _, text in ipairs(self.warnings) do events:note("warning", text) end
end

local function filter(list, keeps)
  local kept = {}
  for _, index in ipairs(list) do
    if keeps(index) then kept[#kept + 1] = index end
  end
  return kept
end

-- Phases ----------------------------------------------------------------------------------------

local function by_finish(project)
  local found = {}
  for _, phase in ipairs(project.phases) do found[phase.finish] = phase end
  return found
end

-- Calls visit(index, phase) with some tasks, and with the members of phases among them.
local function each_member(project, indices, visit)
  local phases, seen = by_finish(project), {}
  local function walk(list)
    for _, index in ipairs(list) do
      if not seen[index] then
        seen[index] = true
        visit(index, phases[index])
        if phases[index] then walk(phases[index].members) end
      end
    end
  end
  walk(indices)
end

-- A service that nobody named is not to stay when the others have ended.
local function without_services(project, found, named)
  local dropped = {}
  for _, index in ipairs(project:survey().services) do dropped[index] = true end
  for _, index in ipairs(named) do dropped[index] = nil end
  return filter(found, function(index) return not dropped[index] end)
end

-- The tasks that a selection stands for: those of a phase instead of the phase.
local function members(project, indices)
  local found = {}
  each_member(project, indices, function(index, phase)
    if not phase then found[#found + 1] = index end
  end)
  return without_services(project, found, indices)
end

-- The tasks that a run of a selection has, with what is needed.
local function runs(project, indices)
  local wanted = plan.plan(project, indices):wanted()
  table.sort(wanted)
  local found = filter(wanted, function(index) return not project:task(index).phase end)
  return without_services(project, found, indices)
end

-- The same as a set, with the nodes of the phases.
local function member_set(project, indices)
  local set = {}
  each_member(project, indices, function(index, phase)
    set[index] = true
    if phase then set[phase.begin] = true end
  end)
  return set
end

local function quoted(args)
  return #args.tasks > 0 and table.concat(args.tasks, ", ") or "the pipeline"
end

-- What is left out ------------------------------------------------------------------------------

-- What a selection needs, without going through what is excluded.
local function needed(project, selection, excluded)
  local graph, seen, stack = plan.freeze(project), {}, {}
  for i = #selection, 1, -1 do stack[#stack + 1] = selection[i] end
  while #stack > 0 do
    local index = table.remove(stack)
    if not seen[index] and not excluded[index] then
      seen[index] = true
      for _, need in ipairs(graph:needs(index)) do stack[#stack + 1] = need end
    end
  end
  return seen
end

local function left_out_of(project, selection, keeps)
  local left_out = {}
  for _, index in ipairs(plan.plan(project, selection):wanted()) do
    if not keeps[index] then left_out[index] = true end
  end
  return left_out
end

local function only(project, args)
  local named = select.tasks(project, args.only)
  local keeps, selection = member_set(project, named), named
  if #args.tasks > 0 or #args.tag > 0 then
    local taken = {}
    local chosen = select.tasks(project, args.tasks, args.tag)
    for _, index in ipairs(plan.plan(project, chosen):wanted()) do taken[index] = true end
    -- Phases that were named keep their order.
    selection = filter(named, function(index) return taken[index] end)
    if #selection == 0 then
      fault.raise(("--only %s: %s runs none of these"):format(table.concat(args.only, ", "),
        quoted(args)))
    end
  end
  return selection, keeps
end

-- Files by name that a task left out should have made.
local function missing_outputs(project, index)
  local fs, task = require("ggen.core.fs"), project:task(index)
  local missing = {}
  for _, path in ipairs(task.spec.outputs or {}) do
    if not path:find("[*?%[{!\\]") and not fs.stat(task.dir .. "/" .. path) then
      missing[#missing + 1] = path
    end
  end
  return missing
end

local MOST_NAMED = 8

local function listed(names)
  local text = table.concat(names, ", ", 1, math.min(#names, MOST_NAMED))
  if #names <= MOST_NAMED then return text end
  return ("%s and %d more"):format(text, #names - MOST_NAMED)
end

-- Says what is left out, and what of it was never made.
local function tell_left_out(self, project)
  local names = {}
  for _, index in ipairs(require("ggen.sorted").keys(self.left_out)) do
    local task = project:task(index)
    if not task.phase then
      names[#names + 1] = task.id
      local missing = missing_outputs(project, index)
      if #missing > 0 then
        self.warnings[#self.warnings + 1] = ("%s is left out, and what it makes is not there: %s")
          :format(task.id, listed(missing))
      end
    end
  end
  if #names > 0 then self.notes[#self.notes + 1] = "left out: " .. listed(names) end
end

-- The whole -------------------------------------------------------------------------------------

local function keep_failed(self, project)
  local failed = require("ggen.last_failures").read(project.dir)
  local found = {}
  if self.named then
    found = filter(runs(project, self.selection), function(index)
      return failed[project:id(index)]
    end)
  else
    -- Whatever was asked for last time, not what is usually asked for.
    for id in pairs(failed) do found[#found + 1] = project:find(id) end
    table.sort(found)
  end
  self.selection = found
  if #self.selection == 0 then
    self.notes[#self.notes + 1] = "nothing of this failed last time"
  end
end

-- The plugins of a pipeline whose keys are not in its snapshot.
local function plugins_of(project, args)
  local session = require("ggen.session")
  return function()
    local plugins = session.plugins(project, session.host(project, args, { output = "none" }))
    require("ggen.defaults").add(plugins, { cache = {} })
    return plugins
  end
end

local function keep_since(self, project, args)
  local affected = require("ggen.since").affected(project, args.since, plugins_of(project, args))
  local all = runs(project, self.selection)
  self.selection = filter(all, function(index) return affected:has(index) end)
  self.affected = affected
  local files = ("%d file%s"):format(affected.files, affected.files == 1 and "" or "s")
  self.notes[#self.notes + 1] = ("since %s: %s changed, %d of %d tasks %s to do with that"):format(
    args.since, files, #self.selection, #all, #self.selection == 1 and "has" or "have")
  if not args.dry_run then return end
  for _, index in ipairs(self.selection) do
    self.notes[#self.notes + 1] = ("%s: %s"):format(project:id(index), affected:reason(index))
  end
end

local function keep_shard(self, project, shard)
  local history = require("ggen.timings").open(project.dir):history()
  local all = members(project, self.selection)
  local part = require("ggen.shard").pick(all, shard, function(index)
    return (history:expected(project:id(index)))
  end)
  self.selection = part.tasks
  local how = part.known > 0
    and ("about %s of work"):format(units.format_duration(part.expected))
    or "all counted alike: nothing is known of their durations"
  self.notes[#self.notes + 1] = ("shard %d/%d: %d of %d tasks, %s"):format(shard.index, shard.count,
    #part.tasks, #all, how)
end

---What is left out counts for nothing, up to date or not.
---@param files userdata of ggen.core.incremental
---@param found ggen.Judgement
---@param left_out table<integer, true>
function M.discount(files, found, left_out)
  for index in pairs(left_out) do
    local facts = files:info(index)
    if facts.service then
      found.idle = found.idle - (files:standing(index) == "fresh" and 1 or 0)
    elseif not facts.phase and files:standing(index) == "fresh" then
      local last = files:last(index)
      found.fresh, found.saved = found.fresh - 1, found.saved - (last and last.duration or 0)
    end
  end
end

local function any_phase(project) return select.phases(project) or {} end

---What the options of a command line choose.
---@async
---@param project ggen.Project
---@param args table tasks, tag, only, exclude, failed, since, shard
---@return ggen.Choice choice raises a fault on unknown names
function M.of(project, args)
  local self = setmetatable({ notes = {}, warnings = {} }, Choice)
  local keeps
  if #args.only > 0 then
    self.selection, keeps = only(project, args)
  else
    -- What failed last time is meant without names, too.
    self.selection = select.tasks(project, args.tasks, args.tag, args.failed and any_phase)
  end
  self.named = #args.tasks + #args.tag + #args.only + #args.exclude > 0
  local excluded = {}
  if #args.exclude > 0 then
    excluded = member_set(project, select.tasks(project, args.exclude))
    self.selection = filter(self.selection, function(index) return not excluded[index] end)
    if #self.selection == 0 then
      fault.raise(("--exclude %s: nothing is left of %s"):format(table.concat(args.exclude, ", "),
        quoted(args)))
    end
  end
  if args.failed then keep_failed(self, project) end
  if args.since then keep_since(self, project, args) end
  if args.shard then keep_shard(self, project, args.shard) end
  local nothing = #self.selection == 0
  if keeps then
    for index in pairs(excluded) do keeps[index] = nil end
  elseif #args.exclude > 0 then
    keeps = needed(project, self.selection, excluded)
  end
  if keeps then
    self.left_out = left_out_of(project, self.selection, keeps)
    if next(self.left_out) == nil then self.left_out = nil end
  end
  self._joins = function(index)
    if nothing or excluded[index] then return false end
    return #args.only == 0 or keeps[index] == true
  end
  if self.left_out then tell_left_out(self, project) end
  return self
end

return M
