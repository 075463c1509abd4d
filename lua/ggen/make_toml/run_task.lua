-- The variables of a cargo-make task reach the tasks that its run_task has run, and its
-- cleanup_task runs at the end of the run, whatever happened: these are tasks of their own then,
-- named "release/build". That is done for tasks that are one step; notes say it of the others.
-- SPDX-License-Identifier: MIT
local source = require("ggen.make_toml.source")

local M = {}

local MOST = 1000 -- such tasks in a file

-- Whether a task can be declared a second time with other variables: nothing is bound to its name,
-- and nobody else has part in what it does.
local function is_one_step(hooked, task, own_variables)
  if task.dialect ~= "tasks" or #task.commands == 0 or task.run_task or task.alias then
    return false
  end
  if task.outputs or task.hooks or not own_variables and (next(task.env)
    or next(task.environments)) then
    return false
  end
  if task.first_run_only or task.requires_approval then return false end
  return not (task.depends_on and task.depends_on[1]) and not hooked[task.name]
end

-- The variables that a task has in some environment.
local function variables_of(task)
  local environments, any = {}, next(task.env) ~= nil
  for name, entry in pairs(task.environments) do
    if entry.env and next(entry.env) then
      environments[name], any = { env = entry.env, line = entry.line }, true
    end
  end
  return any, environments
end

local function shallow(from)
  local copy = {}
  for key, value in pairs(from) do copy[key] = value end
  return copy
end

local function copy_of(task, name, env, environments)
  local copy = shallow(task)
  copy.name, copy.env, copy.environments, copy.private = name, env, environments, true
  return copy
end

-- What is to run at the end, with the variables of its task if that has some.
local function cleanup_of(task, target, own)
  local any, environments = variables_of(task)
  local copy = copy_of(target, own, any and task.env or target.env,
    any and environments or target.environments)
  copy.finally, copy.depends_on, copy.cache = true, { task.name }, nil
  return copy
end

---Gives the variables of each task with a run_task to what it runs.
---@param self ggen.make_toml.Source
---@param model ggen.make_toml.Model
function M.give_variables(self, model)
  local by_name, phases, hooked, given, count = {}, {}, {}, {}, 0
  for _, hook in ipairs(model.hooks) do hooked[hook.target] = true end
  for _, list in ipairs({ model.scripts, model.pipelines, model.phases }) do
    for _, entry in ipairs(list) do by_name[entry.name] = entry end
  end
  for _, task in ipairs(model.phases) do
    phases[#phases + 1] = task
    local any, environments = variables_of(task)
    local left = {}
    local function give(name)
      local target, own = by_name[name], task.name .. "/" .. name
      if not target then return name end
      if not target.dialect or by_name[own] and not given[own]
        or count == MOST or not is_one_step(hooked, target) then
        left[#left + 1] = name
        return name
      end
      if not by_name[own] then
        local copy = copy_of(target, own, task.env, environments)
        given[own], count = true, count + 1
        by_name[own], phases[#phases + 1] = copy, copy
      end
      return own
    end
    -- Tasks that extend each other have their choices in common.
    local choices = {}
    for i, choice in ipairs(any and task.run_task or {}) do
      choices[i] = shallow(choice)
      choices[i].names = {}
      for j, name in ipairs(choice.names) do choices[i].names[j] = give(name) end
    end
    if choices[1] then task.run_task = choices end
    for i, choice in ipairs(task.run_task or {}) do
      local name = choice.cleanup_task
      local target, own = by_name[name], task.name .. "/" .. (name or "")
      if name and #task.run_task == 1 and not choice.condition and target and target.dialect
        and not by_name[own] and count < MOST and is_one_step(hooked, target, not any) then
        local copy = cleanup_of(task, target, own)
        by_name[own], phases[#phases + 1], count = copy, copy, count + 1
        task.run_task = { shallow(choice) }
        task.run_task[1].cleanup_task = nil
      elseif target then
        if any then choices[i].cleanup_task = give(name) end
        self.notes[#self.notes + 1] = { line = choice.line, kind = "cargo-make",
          key = source.join(source.join(task.dialect, task.name), "run_task") .. ".cleanup_task",
          text = "runs only when what is before it succeeds" }
      end
    end
    if left[1] then
      self.notes[#self.notes + 1] = { line = task.run_task[1].line, kind = "cargo-make",
        key = source.join(source.join(task.dialect, task.name), "env"),
        text = ("does not reach %s, which run_task has run"):format(table.concat(left, ", ")) }
    end
  end
  model.phases = phases
end

return M
