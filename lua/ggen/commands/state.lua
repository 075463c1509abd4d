-- ggen-lua state: what is remembered of the phases of a make.toml (.ggen/state.json).
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local units = require("ggen.units")

local M = {
  summary = "Show or forget what phases have done",
  description = "show prints each phase of make.toml that has succeeded, with its last time;"
    .. " reset removes .ggen/state.json, so that phases that run only once run again.",
}

function M.configure(parser)
  parser:argument("action", "What to do."):choices({ "show", "reset" }):argname("ACTION")
  parser:flag("--json", "show: print all records as JSON.")
  parser:flag("-y --yes", "reset: do not ask.")
end

local function plural(number, word)
  return ("%d %s%s"):format(number, word, number == 1 and "" or "s")
end

-- The phases in the order in which they ran last, each with what is known of it.
local function summary_of(state)
  local phases, list = {}, {}
  for position, record in ipairs(state:records()) do
    local id = (record.workspace and record.workspace .. "#" or "") .. record.phase
    local entry = phases[id]
    if not entry then
      entry = { id = id, count = 0 }
      phases[id], list[#list + 1] = entry, entry
    end
    entry.last, entry.count, entry.position = record, entry.count + 1, position
  end
  table.sort(list, function(a, b) return a.position < b.position end)
  return list
end

local function show_text(state)
  local list = summary_of(state)
  if #list == 0 then
    io.write("no phase is recorded\n")
    return
  end
  local rows = { { "phase", "last", "took", "runs", "" } }
  for _, entry in ipairs(list) do
    local last = entry.last
    rows[#rows + 1] = { entry.id, os.date("%Y-%m-%d %H:%M:%S", math.floor(last.started_ms / 1000)),
      units.format_duration(last.duration_ms / 1000), tostring(entry.count),
      last.success and "" or "failed" }
  end
  io.write(require("ggen.columns").render(rows, ""))
end

local function show_json(state, problem)
  local json = require("ggen.core.json")
  local document = { path = state:path(), problem = problem, last_phase = state:last_phase(),
    phase_history = json.array(state:records()), cache_keys = json.array(state:keys()) }
  io.write(fault.check(json.encode(document, { indent = 2, invalid_utf8 = "replace" })), "\n")
end

local actions = {}

function actions.show(state, args)
  state:last_phase() -- reads it
  local problem = state:problem()
  if args.json then
    show_json(state, problem)
  else
    if problem then io.stderr:write("ggen-lua: warning: ", state:path(), " ", problem, "\n") end
    show_text(state)
  end
  return problem and 1 or 0
end

function actions.reset(state, args)
  local question = require("ggen.question")
  if not args.yes then
    local count = #state:records()
    if count == 0 and not state:problem() then
      io.write("no phase is recorded\n")
      return 0
    end
    if not question.possible() then
      fault.raise(("state reset: this forgets %s, and there is no terminal to ask on (--yes does"
        .. " not ask)"):format(plural(count, "record")))
    end
    if not question.yes(("Forget %s in %s?"):format(plural(count, "record"), state:path())) then
      return 1
    end
  end
  local removed, message = state:reset()
  if removed == nil then fault.raise("state reset: " .. message) end
  io.write(removed and "removed " .. state:path() .. "\n" or "no phase is recorded\n")
  return 0
end

-- Where the state of the project lies that one stands in. One that does not load has a state, too.
local function state_of(args)
  local record = require("ggen.lifecycle.record")
  local dir = require("ggen.locate").find(cli.directory(args))
  if not dir then fault.raise("state: there is no project here or in a directory above") end
  local ok, project = pcall(require("ggen.session").open, args)
  if not ok then return record.state(dir) end
  local lifecycle, loaded = project.loaded.root.lifecycle, project.loaded
  if lifecycle and lifecycle.strict and not lifecycle.imported then
    for _, workspace in ipairs(loaded.workspaces) do
      if workspace.name == loaded.workspace then return record.state(workspace.dir) end
    end
  end
  return record.of(project)
end

---@param args table
---@return integer code
function M.run(args) return actions[args.action](state_of(args), args) end

return M
