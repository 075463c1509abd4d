-- ggen-lua show: everything known of a task or phase, for people or as JSON. Runs nothing.
-- SPDX-License-Identifier: MIT
local list = require("ggen.commands.list")
local sorted = require("ggen.sorted")
local units = require("ggen.units")

local M = {
  summary = "Show everything known of a task or phase",
  description = "Shows what a task or phase runs, its hooks in their order, its inputs and outputs,"
    .. " whether its result is there, when it ran last and where it is declared. Runs nothing.",
}

M.needs_words = true

function M.words() return {} end

function M.configure(parser)
  parser:argument("tasks", "Tasks, phases or globs of names: build, api#test."):args("+")
    :argname("TASK")
  parser:flag("--json", "As JSON.")
end

-- What is known -----------------------------------------------------------------------------------

-- The names of hooks of pipeline.lua.
local function hook_names(hooks)
  local names = {}
  for i, hook in ipairs(hooks or {}) do names[i] = hook.name end
  return #names > 0 and names or nil
end

-- Two lists as one; nil without any.
local function joined(first, second)
  local names = {}
  for _, part in ipairs({ first or {}, second or {} }) do
    for _, name in ipairs(part) do names[#names + 1] = name end
  end
  return #names > 0 and names or nil
end

-- The tasks that run with this one, in the order that they have one after another: those of the
-- plan, and around each of them the hooks that run for it, once.
local function run_order(project, task)
  local plan, names, had = require("ggen.plan").plan(project, { task.index }), {}, {}
  local is_begin, is_hook = project:begins(), project:hook_tasks()
  local add
  local function add_all(lists, moment)
    for _, hook in ipairs(lists and lists[moment] or {}) do
      if hook.index then add(hook.index) end
    end
  end
  add = function(index)
    if had[index] then return end
    had[index] = true
    local each = not is_hook[index] and not project:task(index).phase and project.each_hooks
    add_all(each, "before")
    add_all(project.hooks[index], "before")
    if not is_begin[index] then names[#names + 1] = project:id(index) end
    add_all(each, "after")
    add_all(project.hooks[index], "after")
  end
  local index = plan:next()
  while index do
    add(index)
    plan:done(index)
    index = plan:next()
  end
  return #names > 1 and names or nil
end

local STANDINGS = { fresh = "up to date", stale = "has to run",
  open = "is looked at when its turn comes", unkeyed = "always runs" }

-- How the result of a task stands. The cache is opened for those that have one only.
local function cache_state(project, args, task)
  local spec = task.spec
  if spec.run == nil or spec.cache == false or spec.service or spec.finally then return "off" end
  local session = require("ggen.session")
  local plugins = session.plugins(project, session.host(project, args, { output = "none" }))
  require("ggen.defaults").add(plugins, { cache = {} })
  local events = require("ggen.events").new({})
  local cache = require("ggen.cache").open(project, plugins, events, { read = true, write = false })
  if not cache then return "cannot be looked at" end
  cache:define()
  cache:judge(project, require("ggen.plan").plan(project, { task.index }), {})
  local standing = cache.files:standing(task.index)
  local last = cache.files:last(task.index)
  if standing == "open" and #project.graph:needs(task.index) == 0 then
    local found = cache:wait("assess", task.index)
    standing = found.standing == "fresh" and "fresh" or "stale"
  end
  plugins:close()
  return STANDINGS[standing] or standing, last
end

local function last_run(project, task)
  if not task.spec.lifecycle then return nil end
  return require("ggen.lifecycle.record").last(project, task)
end

---@async
local function find_out(project, args, task)
  local row = list.describe(project, task)
  local hooks, spec = project.hooks[task.index], task.spec
  row.hooks = {
    before = joined(row.before, hook_names(hooks and hooks.before)),
    after = joined(hook_names(hooks and hooks.after), row.after_hooks),
  }
  row.before, row.after_hooks = nil, nil
  local own = task.declaration.owner.lifecycle
  if own and spec.lifecycle and spec.lifecycle.kind == "phase" then
    row.hooks.before_all = #own.before_all > 0 and own.before_all or nil
    row.hooks.after_all = #own.after_all > 0 and own.after_all or nil
  end
  row.shell, row.retries, row.version = spec.shell, spec.retries, spec.version
  row.inherit_env, row.exclusive = spec.inherit_env, spec.exclusive
  row.condition = spec.lifecycle and spec.lifecycle.condition
  local state, last = cache_state(project, args, task)
  row.cache = { state = state, made = last and { created = last.created,
    duration = last.duration } or nil }
  row.run_order = run_order(project, task)
  row.last_run = last_run(project, task)
  return row
end

-- A phase of pipeline.lua.
local function find_out_group(project, node)
  local phase = project.phases[node.phase.id]
  local before, after = project.hooks[phase.begin], project.hooks[phase.finish]
  return { id = node.id, members = node.declaration.members, file = node.declaration.file,
    line = node.declaration.line, run_order = run_order(project, node),
    hooks = { before = hook_names(before and before.before),
      after = hook_names(after and after.after) } }
end

-- Text --------------------------------------------------------------------------------------------

local function put(label, text)
  if text == nil or text == "" then return end
  for line in (tostring(text) .. "\n"):gmatch("([^\n]*)\n") do
    io.write((("  %-17s %s"):format(label, line):gsub("%s+$", "")), "\n")
    label = ""
  end
end

local function put_names(label, names)
  if names and #names > 0 then put(label, table.concat(names, ", ")) end
end

local function put_env(env)
  for i, name in ipairs(sorted.keys(env or {})) do
    put(i == 1 and "env" or "", ("%s=%s"):format(name, tostring(env[name])))
  end
end

-- The condition of a cargo-make task: all of it must hold.
local function put_condition(condition)
  for i, key in ipairs(sorted.keys(condition or {})) do
    local value = condition[key]
    if type(value) == "table" and not value[1] then
      local pairs_of = {}
      for j, name in ipairs(sorted.keys(value)) do
        pairs_of[j] = ("%s=%s"):format(name, tostring(value[name]))
      end
      value = pairs_of
    end
    put(i == 1 and "only if" or "", ("%s: %s"):format(key,
      type(value) == "table" and table.concat(value, ", ") or tostring(value)))
  end
end

local function watch_of(row)
  if type(row.watch) == "table" then return row.watch end
  return row.watch and { "yes" } or nil
end

local function retries_of(retries)
  return type(retries) == "table" and retries.count or retries
end

local function put_times(row)
  local made, last = row.cache and row.cache.made, row.last_run
  if made then
    put("result", ("of %s ago, made in %s"):format(units.format_duration(math.max(0, os.time()
      - made.created)), units.format_duration(made.duration)))
  end
  if last then
    put("last run", ("%s, in %s"):format(os.date("%Y-%m-%d %H:%M:%S", last.started_ms / 1000),
      units.format_duration(last.duration_ms / 1000)))
  end
end

local function show(row, style)
  io.write(style:bold(row.id), row.desc and "  " .. row.desc or "", "\n")
  for i, command in ipairs(row.commands or {}) do put(i == 1 and "runs" or "", command) end
  put("shell", row.shell)
  put("in", row.cwd)
  put_names("members", row.members)
  put_names("depends on", row.needs)
  put_names("before all", row.hooks.before_all)
  put_names("before", row.hooks.before)
  put_names("after", row.hooks.after)
  put_names("after all", row.hooks.after_all)
  put_names("in this order", row.run_order)
  put_names("inputs", row.inputs)
  put_names("watch", not row.inputs and watch_of(row) or nil)
  put_names("outputs", row.outputs)
  put("cache", row.cache and row.cache.state)
  put_times(row)
  put("port", row.port)
  put_names("leases", row.leases)
  put("container", row.container)
  put_env(row.env)
  put_names("in its key", row.key_env)
  put("timeout", row.timeout and units.format_duration(row.timeout))
  put("retries", retries_of(row.retries))
  put_names("workspaces", row.workspaces)
  put_names("tags", row.tags)
  for _, mark in ipairs({ "first_run_only", "requires_approval", "optional", "service", "finally",
    "parallel", "cleanroom" }) do
    if row[mark] then put((mark:gsub("_", " ")), "yes") end
  end
  put("exclusive", row.exclusive == true and "yes" or row.exclusive)
  put("pool", row.pool)
  put_condition(row.condition)
  put("declared at", ("%s:%d"):format(row.file, row.line))
end

---@async
---@param args table
---@return integer code
function M.run(args)
  local session = require("ggen.session")
  local project = session.open(args)
  require("ggen.plan").freeze(project)
  local rows = {}
  for i, index in ipairs(require("ggen.select").tasks(project, args.tasks)) do
    local task = project:task(index)
    rows[i] = task.phase and find_out_group(project, task) or find_out(project, args, task)
  end
  if args.json then
    local json = require("ggen.core.json")
    for _, row in ipairs(rows) do list.mark_arrays(row) end
    io.write(json.encode(#rows == 1 and rows[1] or rows, { indent = 2, invalid_utf8 = "replace" }),
      "\n")
    return 0
  end
  local style = require("ggen.style").new(require("ggen.cli").use_color(args.color, 1))
  for i, row in ipairs(rows) do
    if i > 1 then io.write("\n") end
    show(row, style)
  end
  return 0
end

return M
