-- The doctor: the project here, what its runs have left, and its plugins.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local locate = require("ggen.locate")
local place = require("ggen.doctor.place")
local programs = require("ggen.doctor.programs")
local registry = require("ggen.registry")

local M = { topic = "project" }

-- What a function raised as one line; a bug goes on.
local function said(problem)
  if not fault.is(problem) then error(problem, 0) end
  return (tostring(problem):gsub("\n.*", ""))
end

local function open(report, args)
  local session = require("ggen.session")
  local ok, project = pcall(session.open, args, { remember = false })
  if not ok then
    report:problem(said(project), "ggen-lua check shows more")
    return nil
  end
  local tasks = project:count() - 2 * #project.phases
  report:ok(("%s: %d task%s"):format(project.loaded.root.name, tasks, tasks == 1 and "" or "s"))
  local host = session.host(project, args, { output = "none", jobs = 1 })
  host.environment = args.env
  local plugins
  ok, plugins = pcall(session.plugins, project, host, nil, true)
  if not ok then
    report:problem(said(plugins), "ggen-lua check shows more")
    return project
  end
  return project, plugins
end

-- Whether tasks of the project cannot run without a container engine: the plugin that leases knows
-- what has a fallback.
local function needs_engine(project, plugins)
  local survey = project:survey()
  if #survey.contained > 0 then return true end
  local instance, names = plugins:get("containers"), {}
  if not instance then return false end
  for _, index in ipairs(survey.leasing) do
    for _, lease in ipairs(require("ggen.leasable").leases(project:task(index).spec)) do
      names[lease.name] = true
    end
  end
  if next(names) == nil then return false end
  local ok, message = registry.call(instance, "check", require("ggen.sorted").keys(names))
  return not ok or type(message) == "string" or not instance.impl.check
end

-- What earlier runs have left.
local function traces(report, dir)
  local history = require("ggen.history").open(dir)
  history:lines({ most = 200, bytes = 1024 * 1024 })
  if history.problem then
    report:problem("the history cannot be read: " .. history.problem,
      "see what .ggen/history.jsonl is, and remove it")
  elseif history.damaged > 0 then
    report:note(("%d damaged line%s in .ggen/history.jsonl, which are passed over")
      :format(history.damaged, history.damaged == 1 and "" or "s"))
  end
  local state = require("ggen.lifecycle.record").state(dir)
  state:last_phase() -- reads it
  local problem = state:problem()
  if problem then
    report:problem(".ggen/state.json " .. problem, "ggen-lua state reset forgets it")
  end
end

local function git(report, dir)
  local inside, why = programs.output({ "git", "-C", dir, "rev-parse", "--is-inside-work-tree",
    "--is-shallow-repository" })
  if why == "missing" then return end -- said elsewhere
  if not inside then
    report:note("no git repository: run --since and the commits of records are not to be had",
      "git init")
  elseif inside:find("true\ntrue", 1, true) then
    report:note("a shallow clone: run --since does not find where a branch began",
      "git fetch --unshallow")
  end
end

---Asks each plugin that has something to say of itself.
---@async
---@param plugins ggen.Registry
---@param limit number seconds for each
---@return ggen.Finding[]
local function health_of(plugins, limit)
  local looks = {}
  for i, instance in ipairs(plugins:having("health")) do
    looks[i] = {
      topic = "plugin " .. instance.name,
      run = function(report)
        local ok, message = registry.call(instance, "health", report)
        if not ok then report:problem(message, "tell whoever wrote it") end
      end,
      late = function(report)
        report:problem(("no answer within %g s"):format(limit), "tell whoever wrote it")
      end,
    }
  end
  return require("ggen.doctor.report").together(looks, limit)
end

---@async
---@param report ggen.doctor.Report
---@param shared table gets the file system of the project and what it uses, for those who wait
---@param args table
---@param limit number seconds for each plugin
function M.run(report, shared, args, limit)
  local dir, file = locate.find(cli.directory(args))
  local looked = dir and place.look(dir)
  shared.place:resolve(looked)
  if not dir then
    shared.needs_engine:resolve(false)
    shared.project:resolve(nil)
    report:note("no pipeline.lua and no make.toml here, or in a directory above",
      "ggen-lua init, or -C DIR")
    return
  end
  local project, plugins = open(report, args)
  shared.project:resolve(project)
  shared.needs_engine:resolve(plugins ~= nil and needs_engine(project, plugins))
  place.tell(report, dir == "/" and "/" .. file or dir, dir, looked,
    "work in a directory of your own, or see who it belongs to")
  traces(report, dir)
  git(report, dir)
  if not project or not plugins then return end
  for _, finding in ipairs(health_of(plugins, limit)) do
    table.insert(report.findings, finding)
  end
  for _, message in ipairs(plugins:close()) do report:problem(message, "tell whoever wrote it") end
end

return M
