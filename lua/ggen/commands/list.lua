-- ggen-lua list: the tasks and phases, for people or as JSON.
-- SPDX-License-Identifier: MIT
local steps = require("ggen.steps")

local M = { summary = "List the tasks and phases" }

function M.words() return { tag = {}, only = {}, exclude = {} } end

function M.configure(parser)
  parser:argument("tasks", "Only these tasks, phases or globs of names."):args("*"):argname("TASK")
  require("ggen.select").configure(parser)
  parser:flag("-a --all", "The shell lines of a make.toml's hooks as well, and what is private.")
  parser:flag("--flaky", "Only tasks that passed on a retry in their last runs, with how often.")
  parser:flag("--json", "Everything known of each task, as JSON.")
  parser:flag("--names", "Only the names, one a line (for completions).")
end

local function ids(project, task, kind)
  local names, is_begin = {}, project:begins()
  for _, index in ipairs(project.graph:needs(task.index, kind)) do
    if not is_begin[index] then names[#names + 1] = project:id(index) end
  end
  return names
end

-- What a phase of a make.toml has beyond a task.
local function add_lifecycle(row, data)
  row.kind, row.hidden, row.before, row.after_hooks = data.kind, data.hidden, data.before,
    data.after
  row.watch, row.port, row.parallel = data.watch, data.port, data.parallel
  row.workspaces, row.category = data.workspaces, data.category
  row.first_run_only, row.requires_approval = data.first_run_only, data.requires_approval
  row.outputs = row.outputs or data.outputs
  return row
end

-- The names of what a task leases; those that it shares say so.
local function leases_of(spec)
  if not spec.leases then return nil end
  local names = {}
  for i, lease in ipairs(require("ggen.leasable").leases(spec)) do
    names[i] = lease.name .. (lease.shared and " (shared)" or "")
  end
  return names
end

local function describe(project, task, choice, flaky)
  local spec, commands = task.spec, {}
  for i, step in ipairs(steps.of(spec)) do commands[i] = steps.describe(step) end
  local row = {
    id = task.id, name = task.name, workspace = task.workspace, matrix = task.matrix,
    desc = spec.desc, commands = commands, needs = ids(project, task, "needs"),
    after = ids(project, task, "after"), inputs = spec.inputs, outputs = spec.outputs,
    tags = spec.tags,
    env = spec.env, pass_env = spec.pass_env, key_env = spec.key_env, cwd = spec.cwd,
    pool = spec.pool, timeout = spec.timeout, service = spec.service, optional = spec.optional,
    finally = spec.finally, cache = spec.cache, leases = leases_of(spec),
    container = spec.container, cleanroom = spec.cleanroom,
    file = task.declaration.file, line = task.declaration.line,
    flaky = flaky and flaky[task.index] or nil,
    reason = choice and choice.affected and choice.affected:reason(task.index) or nil,
  }
  return spec.lifecycle and add_lifecycle(row, spec.lifecycle) or row
end

---What is known of a task from its declaration, as JSON has it.
---@param project ggen.Project its graph is frozen
---@param task ggen.Task
---@return table
function M.describe(project, task) return describe(project, task) end

---Lists of a description that may be empty are lists in JSON, too.
---@param row table
function M.mark_arrays(row)
  local json = require("ggen.core.json")
  for _, key in ipairs({ "commands", "needs", "after", "members" }) do
    if row[key] then json.array(row[key]) end
  end
end

-- What a make.toml has for its own use is shown when it is asked for.
local function hides(project, args)
  if args.all or #args.tasks > 0 then return nil end
  if not require("ggen.plan").has_lifecycle(project) then return nil end
  return function(index)
    local data = project:task(index).spec.lifecycle
    return data and data.hidden
  end
end

-- The tasks and the ends of phases that list shows: all, or those that were named.
local function shown(project, args)
  local selected, choice
  local select = require("ggen.select")
  local is_hidden = hides(project, args)
  if #args.tasks > 0 or #args.tag > 0 or select.chooses(args) then
    selected, choice = select.of(project, args)
  end
  local tasks, phases, finishes, is_begin = {}, {}, {}, project:begins()
  for _, phase in ipairs(project.phases) do finishes[phase.finish] = true end
  for i = 1, selected and #selected or project:count() do
    local index = selected and selected[i] or i
    if finishes[index] then
      phases[#phases + 1] = project:task(index)
    elseif not is_begin[index] and not (is_hidden and is_hidden(index)) then
      tasks[#tasks + 1] = index
    end
  end
  return tasks, phases, choice
end

-- How long a run with these arguments will take, when nothing of it is up to date.
local function estimate_of(project, args, choice, history)
  local plan = require("ggen.plan")
  -- The phases of a make.toml run when they are named.
  if #args.tasks + #args.tag == 0 and not choice and plan.has_lifecycle(project) then return nil end
  local selection = choice and choice.selection or require("ggen.select").tasks(project, args.tasks,
    args.tag)
  local slots = require("ggen.workers").of({}, project)
  return require("ggen.estimate").of({ project = project, timings = history, jobs = slots.jobs,
    plan = plan.plan(project, (plan.divide(project, selection))), io_jobs = slots.io,
    left_out = choice and choice.left_out })
end

local function print_json(project, args, tasks, phases, choice, flaky)
  local history = require("ggen.timings").open(project.dir)
  local json = require("ggen.core.json")
  local document = { pipeline = project.loaded.root.name, tasks = {}, phases = {}, workspaces = {} }
  for i, index in ipairs(tasks) do
    local task = project:task(index)
    document.tasks[i] = describe(project, task, choice, flaky)
    document.tasks[i].expected = require("ggen.units").milliseconds((history:expected(task)))
  end
  for i, node in ipairs(phases) do
    document.phases[i] = { id = node.id, members = node.declaration.members,
      file = node.declaration.file, line = node.declaration.line }
  end
  for i, workspace in ipairs(project.loaded.workspaces) do
    document.workspaces[i] = { name = workspace.name, dir = workspace.dir:sub(#project.dir + 2),
      depends_on = json.array(workspace.depends_on) }
  end
  for _, key in ipairs({ "tasks", "phases", "workspaces" }) do json.array(document[key]) end
  for _, task in ipairs(document.tasks) do M.mark_arrays(task) end
  if not flaky then document.estimate = estimate_of(project, args, choice, history) end
  io.write(json.encode(document, { indent = 2, invalid_utf8 = "replace" }), "\n")
end

local function print_table(rows, style)
  local width = 0
  for _, row in ipairs(rows) do width = math.max(width, #row[1]) end
  width = math.min(width, 40)
  for _, row in ipairs(rows) do
    local padding = (" "):rep(math.max(width - #row[1], 0))
    io.write("  ", style:bold(row[1]), (row[2] ~= "" and padding .. "  " .. row[2] or ""), "\n")
  end
end

-- Instances of a matrix are one row, with their number.
local function task_rows(project, tasks)
  local rows, seen = {}, {}
  for _, index in ipairs(tasks) do
    local task = project:task(index)
    local base = task.id:match("^[^:]*")
    local group = task.matrix and project.groups[base]
    if not group then
      local marks = {}
      for _, mark in ipairs({ "service", "finally", "optional" }) do
        if task.spec[mark] then marks[#marks + 1] = mark end
      end
      local data = task.spec.lifecycle
      if data and data.requires_approval then marks[#marks + 1] = "requires approval" end
      if data and data.first_run_only then marks[#marks + 1] = "first run only" end
      local desc = task.spec.desc or ""
      if #marks > 0 then desc = desc .. (desc ~= "" and " " or "") .. "(" .. table.concat(marks,
        ", ") .. ")" end
      rows[#rows + 1] = { task.id, desc }
    elseif not seen[base] then
      seen[base] = true
      local suffixes = {}
      for i = 1, math.min(group.count, 4) do
        suffixes[i] = project:id(group.first + i - 1):sub(#base + 2)
      end
      local names = table.concat(suffixes, "  ") .. (group.count > 4 and "  ..." or "")
      local desc = group.desc
      rows[#rows + 1] = { base, ("%s%s%d: %s"):format(desc or "", desc and "  " or "", group.count,
        names) }
    end
  end
  return rows
end

-- The tasks, and the phases of a make.toml.
local function divide(project, tasks)
  if not require("ggen.plan").has_lifecycle(project) then return tasks, {} end
  local plain, staged = {}, {}
  for _, index in ipairs(tasks) do
    local list = project:task(index).spec.lifecycle and staged or plain
    list[#list + 1] = index
  end
  return plain, staged
end

-- Of some tasks the flaky ones, and what is known of each.
local function only_flaky(project, tasks)
  local history = require("ggen.timings").open(project.dir):history()
  local kept, found = {}, {}
  for _, index in ipairs(tasks) do
    found[index] = require("ggen.flaky").of(history, project:id(index))
    if found[index] then kept[#kept + 1] = index end
  end
  return kept, found
end

-- Tasks with a reason for each.
local function print_reasons(project, tasks, style, reason_of)
  local rows = {}
  for i, index in ipairs(tasks) do rows[i] = { project:id(index), reason_of(index) } end
  io.write("Tasks\n")
  print_table(rows, style)
end

---@param args table
---@return integer
function M.run(args)
  local session = require("ggen.session")
  local project = session.open(args)
  local tasks, phases, choice = shown(project, args)
  session.save(args, project)
  local flaky
  if args.flaky then
    tasks, flaky = only_flaky(project, tasks)
    phases = {}
  end
  if args.names then
    local written = {}
    local function write(name)
      if not written[name] then io.write(name, "\n") end
      written[name] = true
    end
    for _, index in ipairs(tasks) do
      local id = project:id(index)
      local base = id:match("^[^:]*")
      if project.groups[base] then write(base) end
      write(id)
    end
    for _, node in ipairs(phases) do write(node.id) end
    return 0
  end
  if args.json then
    require("ggen.plan").freeze(project)
    print_json(project, args, tasks, phases, choice, flaky)
    return 0
  end
  local style = require("ggen.style").new(require("ggen.cli").use_color(args.color, 1))
  if choice and choice.affected and #tasks > 0 then
    print_reasons(project, tasks, style, function(index) return choice.affected:reason(index) end)
    return 0
  end
  if flaky then
    if #tasks == 0 then
      io.write("no task passed on a retry in its last runs\n")
      return 0
    end
    print_reasons(project, tasks, style, function(index)
      return require("ggen.flaky").describe(flaky[index])
    end)
    return 0
  end
  if choice and #tasks == 0 then
    io.write(table.concat(choice.notes, "\n"), "\n")
    return 0
  end
  if #tasks + #phases == 0 then
    local lifecycle = project.loaded.root.lifecycle
    io.write("There are no tasks yet. Declare one: ", lifecycle and not lifecycle.imported
      and '[lifecycle.hello] with command = "echo hello"\n'
      or 'p:task "hello" { run = "echo hello" }\n')
    return 0
  end
  local plain, staged = divide(project, tasks)
  if #plain > 0 then
    io.write("Tasks\n")
    print_table(task_rows(project, plain), style)
  end
  local rows = task_rows(project, staged)
  for _, node in ipairs(phases) do
    rows[#rows + 1] = { node.id, table.concat(node.declaration.members, ", ") }
  end
  if #rows > 0 then
    io.write("Phases\n")
    print_table(rows, style)
  end
  return 0
end

return M
