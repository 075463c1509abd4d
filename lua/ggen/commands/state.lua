-- ggen-lua state: what is remembered of the phases of a make.toml (.ggen/state.json).
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local units = require("ggen.units")

local M = {
  summary = "Show or forget what phases have done",
  description = "show prints each phase of make.toml that has succeeded, with its last time;"
    .. " reset removes .ggen/state.json, so that phases that run only once run again. Both take"
    .. " in what the original tool and strict mode have left in the workspaces.",
}

function M.configure(parser)
  parser:argument("action", "What to do."):choices({ "show", "reset" }):argname("ACTION")
  parser:flag("--json", "show: print all records as JSON.")
  parser:flag("-y --yes", "reset: do not ask.")
end

local function plural(number, word)
  return ("%d %s%s"):format(number, word, number == 1 and "" or "s")
end

-- Entries of all states, with their workspaces. A state that the original has left in a workspace
-- does not name it.
local function gather(places, method)
  local list = {}
  for _, place in ipairs(places) do
    for _, entry in ipairs(place.state[method](place.state)) do
      if not place.workspace or not entry.workspace then
        entry.workspace = place.workspace or entry.workspace
        list[#list + 1] = entry
      end
    end
  end
  return list
end

-- All records, the oldest first.
local function records_of(places)
  local list, position = gather(places, "records"), {}
  if #places == 1 then return list end
  for i, record in ipairs(list) do position[record] = i end
  table.sort(list, function(a, b)
    if a.started_ms ~= b.started_ms then return a.started_ms < b.started_ms end
    return position[a] < position[b]
  end)
  return list
end

-- The phases in the order in which they ran last, each with what is known of it.
local function summary_of(records)
  local phases, list = {}, {}
  for position, record in ipairs(records) do
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

local function show_text(places)
  local list = summary_of(records_of(places))
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

local function show_json(places, problem)
  local json, own, others = require("ggen.core.json"), places[1].state, {}
  for i = 2, #places do others[i - 1] = places[i].state:path() end
  local document = { path = own:path(), problem = problem, last_phase = own:last_phase(),
    other_paths = #others > 0 and others or nil,
    phase_history = json.array(records_of(places)),
    cache_keys = json.array(gather(places, "keys")) }
  io.write(fault.check(json.encode(document, { indent = 2, invalid_utf8 = "replace" })), "\n")
end

-- Without those of workspaces that say nothing.
local function that_are_there(places)
  local list = { places[1] }
  for i = 2, #places do
    local state = places[i].state
    if require("ggen.core.fs").stat(state:path()) then list[#list + 1] = places[i] end
  end
  return list
end

local actions = {}

function actions.show(places, args)
  local first
  for _, place in ipairs(places) do
    place.state:last_phase() -- reads it
    local problem = place.state:problem()
    first = first or problem
    if problem and not args.json then
      io.stderr:write("ggen-lua: warning: ", place.state:path(), " ", problem, "\n")
    end
  end
  if args.json then show_json(places, first) else show_text(places) end
  return first and 1 or 0
end

-- Asks whether to forget; true without a question when that was said.
local function may_reset(places, args)
  if args.yes then return true end
  local count, problem, paths = 0, nil, {}
  for i, place in ipairs(places) do
    count = count + #place.state:records()
    problem = problem or place.state:problem()
    paths[i] = place.state:path()
  end
  if count == 0 and not problem then
    io.write("no phase is recorded\n")
    return false, 0
  end
  local records, where = plural(count, "record"), " in " .. table.concat(paths, ", ")
  local question = require("ggen.question")
  if not question.possible() then
    fault.raise(("state reset: this forgets %s%s, and there is no terminal to ask on (--yes does"
      .. " not ask)"):format(records, #paths > 1 and where or ""))
  end
  return question.yes(("Forget %s%s?"):format(records, where)), 1
end

function actions.reset(places, args)
  local agreed, code = may_reset(places, args)
  if not agreed then return code end
  local any
  for _, place in ipairs(places) do
    local removed, message = place.state:reset()
    if removed == nil then fault.raise("state reset: " .. message) end
    if removed then io.write("removed ", place.state:path(), "\n") end
    any = any or removed
  end
  if not any then io.write("no phase is recorded\n") end
  return 0
end

-- The states of the project that one stands in. One that does not load has a state, too.
local function places_of(args)
  local record = require("ggen.lifecycle.record")
  local dir = require("ggen.locate").find(cli.directory(args))
  if not dir then fault.raise("state: there is no project here or in a directory above") end
  local ok, project = pcall(require("ggen.session").open, args)
  if not ok then return { { state = record.state(dir) } } end
  local loaded = project.loaded
  if project:is_strict() then
    for _, workspace in ipairs(loaded.workspaces) do
      if workspace.name == loaded.workspace then
        return { { state = record.state(workspace.dir) } }
      end
    end
  end
  return that_are_there(record.all(project))
end

---@param args table
---@return integer code
function M.run(args) return actions[args.action](places_of(args), args) end

return M
