-- Whether a phase takes part in a run: first_run_only, conditions of cargo-make, and the approval
-- that it may require. Asked by conditions.lua for phases with `when = { lifecycle = true }`, and
-- for approvals before anything starts.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")

local M = {}

---Whether a phase that is to run once only has succeeded in an earlier run.
---@param project ggen.Project
---@param task ggen.Task
---@return boolean
function M.had_its_run(project, task)
  if not task.spec.lifecycle.first_run_only then return false end
  return require("ggen.lifecycle.record").succeeded(project, task)
end

---@async
---@param task ggen.Task
---@param ctx ggen.Context
---@return boolean holds, string? reason why not
function M.holds(task, ctx)
  if M.had_its_run(ctx:project(), task) then
    return false, "it has succeeded before (first_run_only)"
  end
  local condition = task.spec.lifecycle.condition
  if not condition then return true end
  local fs = require("ggen.core.fs")
  return require("ggen.lifecycle.conditions").holds(condition, {
    variable = function(name) return ctx.env[name] end,
    exists = function(path)
      return fs.stat(path:sub(1, 1) == "/" and path or ctx.cwd .. "/" .. path) ~= nil
    end,
    run = function(script)
      return ctx:step({ shell = script, shell_program = task.spec.shell }).code
    end,
  })
end

-- The phases of a run that ask for approval.
local function asking(run)
  local list = {}
  for _, row in ipairs(run.rows) do
    for _, node in ipairs(row.sorted) do
      local data = node.task.spec.lifecycle
      if data.requires_approval and not M.had_its_run(run.project, node.task) then
        list[#list + 1] = node.task
      end
    end
  end
  return list
end

---In a dry run: says what a run would ask.
---@param run ggen.Run
function M.tell(run)
  if run.options.yes then return end
  for _, task in ipairs(asking(run)) do
    run.events:note("info", "asks for approval before anything runs", task)
  end
end

---Asks for what requires approval. Raises a fault when it is not given: nothing has started then.
---@param run ggen.Run
function M.ask(run)
  local options = run.options
  if options.yes or options.dry_run then return end
  local question = require("ggen.question")
  for _, task in ipairs(asking(run)) do
    local place = task.declaration
    if not question.possible() then
      fault.raise(("phase %q requires approval: run it on a terminal, or approve it with --yes")
        :format(task.id), place.file, place.line)
    end
    local desc = task.spec.desc and (" (%s)"):format(task.spec.desc) or ""
    if not question.yes(("Run %s%s?"):format(task.id, desc)) then
      error(fault.new({ message = ("%s was not approved: nothing was run"):format(task.id),
        exit = 1 }), 0)
    end
  end
end

return M
