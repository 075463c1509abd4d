-- ggen-lua containers: those that runs have made and what is to become of them, clearing up, and
-- removing them by hand. Needs a project's directory, but not its pipeline.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local locate = require("ggen.locate")
local units = require("ggen.units")

local M = {
  summary = "Show, clear up or stop the containers of runs",
  description = "list shows the containers that runs of this project have made: in use by a run,"
    .. " kept for the next one, or left over; gc removes what is left over, which a run's own"
    .. " reaper and the next run do as well; stop removes containers that no run uses, all of them"
    .. " or those that are named. What a run uses is left alone unless --force says otherwise.",
}

function M.configure(parser)
  parser:argument("action", "What to do."):choices({ "list", "gc", "stop" }):argname("ACTION")
  parser:argument("names", "stop: only these: what a pipeline calls them, their id or a part of it,"
    .. " or what the engine calls them."):args("*"):argname("NAME")
  parser:flag("--all", "Of all projects of this user, not only of the one here.")
  parser:flag("--lost", "gc: also those whose books (.ggen/containers) are gone; without it, only"
    .. " when they are a day old.")
  parser:flag("--force", "stop: also what a run uses.")
  parser:flag("--json", "Print the result as JSON.")
end

local FATES = { used = "in use", kept = "kept", over = "left over", lost = "lost",
  foreign = "elsewhere" }

local function check(args)
  if args.action ~= "stop" and #args.names > 0 then
    fault.raise(("containers %s: only stop takes names, and there is %s"):format(args.action,
      args.names[1]))
  end
  if args.lost and args.action ~= "gc" then fault.raise("--lost: only gc takes it") end
  if args.force and args.action ~= "stop" then fault.raise("--force: only stop takes it") end
end

local function project_of(args)
  if args.all then return nil end
  local dir = cli.directory(args)
  local found = locate.find_runs(dir)
  if found then return found end
  fault.raise(("no project here: %s has no pipeline.lua, and no directory above it (--all: the"
    .. " containers of all projects)"):format(dir))
end

-- Surveys of the engine here and of those that the books of the project name.
local function surveys_of(project_dir)
  local docker = require("ggen").std.docker
  local surveys, seen, first_problem = {}, {}, nil
  local function look(host)
    local engine, message = docker.connect({ host = host })
    if engine and seen[engine.endpoint.shown] then return end
    local survey
    if engine then
      seen[engine.endpoint.shown] = true
      survey, message = docker.owned.survey(engine, project_dir)
    end
    surveys[#surveys + 1] = survey
    first_problem = first_problem or (not survey and message)
  end
  look(nil)
  for _, host in ipairs(project_dir and docker.owned.hosts(project_dir) or {}) do
    if not seen[host] then look(host) end
  end
  if #surveys == 0 then fault.raise(first_problem) end
  return surveys
end

local function engine_name(survey)
  local engine = survey.engine
  return ("%s %s at %s"):format(engine.name, engine.version, engine.endpoint.shown)
end

local function what(one)
  return ("%s %s (%s)"):format(one.lease, one.id:sub(1, 12), one.image)
end

local function print_json(document)
  local json = require("ggen.core.json")
  io.write(json.encode(document, { indent = 2, invalid_utf8 = "replace" }), "\n")
end

local function described(survey, one)
  return { id = one.id, name = one.lease, engine_name = one.name, image = one.image,
    state = one.state, status = FATES[one.fate], kept_for = one.kept_for, project = one.dir,
    run = one.run, created = one.created, engine = survey.engine.endpoint.shown }
end

local function list_json(surveys)
  local json = require("ggen.core.json")
  local document = { engines = json.array({}), containers = json.array({}) }
  for _, survey in ipairs(surveys) do
    local engine = survey.engine
    table.insert(document.engines, { name = engine.name, version = engine.version,
      api_version = engine.api_version, host = engine.endpoint.shown })
    for _, one in ipairs(survey.found) do
      table.insert(document.containers, described(survey, one))
    end
  end
  print_json(document)
end

local function status(one)
  if one.fate ~= "kept" then return FATES[one.fate] end
  return "kept for " .. units.format_duration(math.max(1, math.floor(one.kept_for)))
end

local actions = {}

function actions.list(surveys, args)
  if args.json then
    list_json(surveys)
    return 0
  end
  local now = os.time()
  for _, survey in ipairs(surveys) do
    io.write(engine_name(survey), "\n")
    local rows = { { "name", "id", "image", "state", "age", "", args.all and "project" or nil } }
    for _, one in ipairs(survey.found) do
      local age = one.created and math.max(0, math.floor(now - one.created))
      rows[#rows + 1] = { one.lease, one.id:sub(1, 12), one.image, one.state,
        age and units.format_duration(age) or "", status(one), args.all and one.dir or nil }
    end
    io.write(#rows == 1 and "  no containers\n" or require("ggen.columns").render(rows, "  "))
  end
  return 0
end

-- Says what was removed; problems make the exit code 1.
local function finish(args, removed, volumes, problems)
  if args.json then
    local json = require("ggen.core.json")
    print_json({ removed = json.array(removed), volumes = volumes,
      problems = json.array(problems) })
  else
    for _, one in ipairs(removed) do
      io.write(("removed %s %s (%s)\n"):format(one.name, one.id:sub(1, 12), one.image))
    end
    if volumes > 0 then
      io.write(("removed %d volume%s\n"):format(volumes, volumes == 1 and "" or "s"))
    end
    if #removed == 0 and volumes == 0 and #problems == 0 then io.write("nothing to remove\n") end
    for _, problem in ipairs(problems) do io.stderr:write("ggen-lua: ", problem, "\n") end
  end
  return #problems > 0 and 1 or 0
end

function actions.gc(surveys, args)
  local removed, volumes, problems = {}, 0, {}
  for _, survey in ipairs(surveys) do
    local known, lost = {}, 0
    for _, one in ipairs(survey.found) do known[one.id] = one end
    local swept = survey:sweep()
    for _, id in ipairs(swept.containers) do
      local one = known[id]
      removed[#removed + 1] = one and described(survey, one) or { id = id, name = "?", image = "?" }
      known[id] = nil
    end
    volumes = volumes + swept.volumes
    problems[#problems + 1] = swept.problem
    for _, one in pairs(known) do
      if one.fate == "over" or one.fate == "lost" and args.lost then
        local gone, problem = survey:remove(one, false)
        if gone then removed[#removed + 1] = described(survey, one) end
        problems[#problems + 1] = problem
      elseif one.fate == "lost" then
        lost = lost + 1
      end
    end
    if lost > 0 and not args.json then
      io.stderr:write(("ggen-lua: %d without books, which may be in use; --lost removes them\n")
        :format(lost))
    end
  end
  return finish(args, removed, volumes, problems)
end

local function is_meant(one, name)
  return one.lease == name or one.name == name or #name >= 4 and one.id:sub(1, #name) == name
end

-- Marks what the names mean; each must mean something.
local function chosen(surveys, names)
  if #names == 0 then
    return function(one) return one.fate ~= "foreign" and one.fate ~= "lost" end
  end
  local all, meant = {}, {}
  for _, name in ipairs(names) do
    local any = false
    for _, survey in ipairs(surveys) do
      for _, one in ipairs(survey.found) do
        all[one.lease] = true
        if is_meant(one, name) then meant[one], any = true, true end
      end
    end
    if not any then
      fault.raise(("no container %q%s (ggen-lua containers list shows what there is)"):format(name,
        require("ggen.suggest").hint(name, all)))
    end
  end
  return function(one) return meant[one] end
end

function actions.stop(surveys, args)
  local is_chosen = chosen(surveys, args.names)
  local removed, problems = {}, {}
  for _, survey in ipairs(surveys) do
    for _, one in ipairs(survey.found) do
      if is_chosen(one) then
        local gone, problem = false, nil
        if one.fate ~= "used" or args.force then gone, problem = survey:remove(one, args.force) end
        if gone then removed[#removed + 1] = described(survey, one) end
        -- Without names, what is in use was not meant.
        if gone == false and #args.names > 0 then
          problem = what(one) .. " is in use by a run; --force removes it nevertheless"
        end
        problems[#problems + 1] = problem
      end
    end
  end
  return finish(args, removed, 0, problems)
end

---@async
---@param args table
---@return integer code
function M.run(args)
  check(args)
  return actions[args.action](surveys_of(project_of(args)), args)
end

return M
