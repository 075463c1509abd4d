-- ggen-lua check: everything that can be known without running anything.
-- SPDX-License-Identifier: MIT
local M = {
  summary = "Check the pipeline without running it",
  description = "Loads every file of the pipeline, resolves names, looks for cycles, loads"
    .. " the plugins.",
}

-- What makes the keys of tasks, with all that a run would say of it before anything starts. What
-- runs to the letter of the original has none.
local function check_definitions(project, plugins)
  if project:survey().cached and not project:is_strict() then
    require("ggen.define").of(project, plugins)
  end
end

-- What the tasks that lease something, or run in a container, lack on this machine.
local function each_lack(project, plugins, say)
  local survey, registry = project:survey(), require("ggen.registry")
  local function ask(instance, list)
    if not instance or not instance.impl.check or #list == 0 then return end
    local ok, message = registry.call(instance, "check", list)
    if not ok then say(message) end
    if ok and type(message) == "string" then say(("%s: %s"):format(instance.name, message)) end
  end
  local names = {}
  for _, index in ipairs(survey.leasing) do
    for _, lease in ipairs(require("ggen.leasable").leases(project:task(index).spec)) do
      names[lease.name] = true
    end
  end
  ask(plugins:get("containers"), require("ggen.sorted").keys(names))
  if #survey.contained == 0 then return end
  require("ggen.defaults").add(plugins, {}, project)
  local tasks = {} -- by who runs them
  for _, index in ipairs(survey.contained) do
    local task = project:task(index)
    local chosen, message = require("ggen.executors").choose(plugins:all("executor"), task)
    if message then say(message) end
    if chosen then
      tasks[chosen] = tasks[chosen] or {}
      table.insert(tasks[chosen], task)
    end
  end
  for _, instance in ipairs(plugins:all("executor")) do ask(instance, tasks[instance] or {}) end
end

local function count(number, word) return ("%d %s%s"):format(number, word, number == 1 and ""
  or "s") end

---@async
---@param args table
---@return integer
function M.run(args)
  local session = require("ggen.session")
  require("ggen.loading").notes = true
  local project = session.open(args, { remember = false })
  require("ggen.plan").freeze(project)
  local host = {
    screen = require("ggen.core.output").screen(1), project_dir = project.dir, project = project,
    options = { output = "none", jobs = 1 }, style = require("ggen.style").new(false),
    now = require("ggen.core.clock").monotonic, output_sink = require("ggen.core.output").callback,
  }
  local plugins = session.plugins(project, host)
  local root = project.loaded.root
  if root.defaults or not root.lifecycle then require("ggen.select").tasks(project, {}) end
  local tasks = project:count() - 2 * #project.phases
  local parts = { count(tasks, "task") }
  if #project.phases > 0 then parts[#parts + 1] = count(#project.phases, "phase") end
  if #project.loaded.workspaces > 0 then parts[#parts + 1] = count(#project.loaded.workspaces,
    "workspace") end
  if #project.loaded.root.uses > 0 then parts[#parts + 1] = count(#project.loaded.root.uses,
    "plugin") end
  for _, pipeline in ipairs({ root, unpack(project.loaded.workspaces) }) do
    local own = pipeline.lifecycle
    if own then
      local strict = own.compat == "strict" and project:is_strict()
      -- A directory that is not there yet may be made by a phase of another workspace.
      local missing = (own.unknown or {})[1]
      if missing and missing.alone then
        io.write(("%s:%d: %s\n"):format(missing.file, missing.line, missing.text))
      elseif not strict then
        require("ggen.lifecycle.order").check(project, pipeline)
      end
      for _, line in ipairs(own.notes or {}) do io.write(line, "\n") end
      for _, line in ipairs(strict and require("ggen.lifecycle.strict").notes(project, pipeline)
        or {}) do io.write(line, "\n") end
    end
  end
  for _, line in ipairs(require("ggen.forced_jobs").notes(project)) do io.write(line, "\n") end
  check_definitions(project, plugins)
  each_lack(project, plugins, function(message) io.write(message, "\n") end)
  plugins:close()
  io.write(("%s: ok (%s)\n"):format(project.loaded.root.name, table.concat(parts, ", ")))
  return 0
end

return M
