-- The record of a run: gathers what the engine does not know of it, and keeps it in the project's
-- `.ggen`. The tasks have told themselves by then (account.lua); what is made of all of it, and the
-- form on the disk, is the engine's (engine/state/run_record.h, history.h).
-- SPDX-License-Identifier: MIT
local core = require("ggen.core.run_record")

local M = {}

local MOST_NOTES = 100
local MACHINE = "machine" -- section of the snapshot

-- The tasks of a phase, with those of the phases in it.
local function add_members(phase, by_finish, seen, list)
  for _, index in ipairs(phase.members) do
    local inner = by_finish[index]
    if inner then
      add_members(inner, by_finish, seen, list)
    elseif not seen[index] then
      seen[index] = true
      list[#list + 1] = index
    end
  end
  return list
end

-- Phases with their tasks, of which the engine knows the times; those of a make.toml are tasks
-- themselves.
local function phases_of(run)
  local account, list = run.account, {}
  for i, phase in ipairs(account.lifecycle_phases) do list[i] = phase end
  if run.script or #run.project.phases == 0 or account.rows:count() == 0 then return list end
  local by_finish = {}
  for _, phase in ipairs(run.project.phases) do by_finish[phase.finish] = phase end
  for _, phase in ipairs(run.project.phases) do
    if run.main:state(phase.finish) then
      local turn = account.phases[phase.id] or {}
      list[#list + 1] = { name = phase.id, began = turn.begin, ended = turn.finish,
        members = add_members(phase, by_finish, {}, {}) }
    end
  end
  return list
end

-- What is done from the start without being up to date: nodes of phases, services, and what is left
-- out.
local function excluded(run)
  local list = {}
  for _, phase in ipairs(run.project.phases) do
    list[#list + 1], list[#list + 2] = phase.begin, phase.finish
  end
  for _, index in ipairs(run.project:survey().services) do list[#list + 1] = index end
  for index in pairs(run.left_out or {}) do list[#list + 1] = index end
  return list
end

---The class of this machine, from what the snapshot of the project remembers of it.
---@param project ggen.Project
---@return string
function M.machine(project)
  local machine, worth_keeping = core.machine(project:section(MACHINE))
  if worth_keeping then project:set_section(MACHINE, worth_keeping) end
  return machine
end

-- Bytes that went through the cache and the index in this run.
local function add_bytes(facts, run)
  local cache = run.cache
  local counts, hashed = cache.counts, cache.files:stats().bytes_hashed
  facts.hashed, facts.read = hashed, hashed + counts.copied
  facts.written, facts.restored_bytes = counts.stored_bytes + counts.copied, counts.restored_bytes
  -- The sizes of what was up to date, or was not stored, are in no index.
  if run.totals.fresh == 0 and not cache.unmeasured then
    facts.output_bytes = counts.restored_bytes + counts.stored_bytes
    facts.output_files = counts.output_files
  end
end

local TOTALS = { "wall", "saved", "tasks", "ok", "fresh", "restored", "failed", "optional",
  "skipped", "not_run" }

---Puts together what there is to say of a run that has ended.
---@param run ggen.Run
---@return userdata record of ggen.core.run_record; the same one each time
function M.compose(run)
  local record = run.account.rows
  if not run.composed then
    run.composed = true
    local facts = { version = require("ggen.version"), pipeline = run.project.loaded.root.name,
      command = run.options.argv or { "run" }, dir = run.project.dir, jobs = run.options.jobs,
      machine = run.options.machine, phases = phases_of(run), later = run.later }
    if run.dirtiness then facts.dirty = run.dirtiness:answer() end
    for _, name in ipairs(TOTALS) do facts[name] = run.totals[name] end
    if run.cache then add_bytes(facts, run) end
    if run.script then record:compose(facts) else record:compose(facts, run.main, excluded(run)) end
  end
  local status, code = run:status()
  record:conclude(status, code, run.events.notes)
  return record
end

---@param run ggen.Run that has ended
---@return table record as in docs/run-record.schema.json, without what is null
function M.table(run)
  local status, code = run:status()
  if not run.decoded then
    local text = M.compose(run):json()
    run.decoded = require("ggen.harmless").decoded(
      require("ggen.without_null")(require("ggen.core.json").decode(text)), text)
  end
  run.decoded.status, run.decoded.code, run.decoded.notes = status, code, run.events.notes
  return run.decoded
end

---Writes the record and the line of the history.
---@param run ggen.Run
---@param limits { runs: integer, lines: integer, age: number }
---@return boolean? ok, string? message, string? kind
function M.write(run, limits)
  return M.compose(run):write(run.project.dir .. "/.ggen", limits)
end

---Keeps what was said of a run, up to a point.
---@param notes { level: string, text: string }[]
---@param level string
---@param text string
---@param task ggen.Task?
function M.note(notes, level, text, task)
  if #notes >= MOST_NOTES then return end
  notes[#notes + 1] = { level = level, text = task and task.id .. ": " .. text or text }
end

return M
