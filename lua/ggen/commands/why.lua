-- ggen-lua why: what a task's key is made of, what moved since it ran last, and why it ran then.
-- SPDX-License-Identifier: MIT
local compare = require("ggen.compare")
local fault = require("ggen.fault")
local incremental = require("ggen.core.incremental")
local reasons = require("ggen.reasons")
local units = require("ggen.units")

local M = {
  summary = "Say why a task is up to date, or what would make it run",
  description = "Compares what a task's key is made of with the last time that it ran here, and"
    .. " says what moved. Runs nothing.",
}

function M.configure(parser)
  parser:argument("task", "The task: build, api#test."):argname("TASK")
  parser:flag("-a --all", "All parts of the key, not only those that moved.")
  parser:flag("--fast", "As for run --fast: of the quicker form, where there is one.")
  parser:flag("--json", "As JSON.")
end

local VERDICTS = {
  fresh = "up to date", stale = "has to run", open = "waits for tasks that have to run",
  unkeyed = "always runs", ended = "ran",
}

-- Why a need's outputs are others than before: the first thing that moved when it ran last.
local function reason_of(cache)
  local function why(id, depth)
    local index = cache.project:find(id)
    local has_outputs = index and cache.files:info(index).has_outputs
    local last = index and cache.files:last(index)
    local now = last and compare.stored(cache, last.key)
    local before = last and compare.stored(cache, last.before)
    if not now or not before then return nil, has_outputs end
    return reasons.of(incremental.changes(before, now), function(need)
      if depth < 20 then return why(need, depth + 1) end
    end).first, has_outputs
  end
  return function(id) return why(id, 1) end
end

local function why_fresh(cache, found, last, why)
  local now = last and compare.stored(cache, last.key)
  found.key = last and last.key
  if not now then
    return last and "what it ran for is not stored any more" or nil
  end
  found.parts = incremental.changes(nil, now)
  if not last.before then return "first run" end
  local before = compare.stored(cache, last.before)
  if not before then return "what it ran for last is not known any more" end
  found.changes = incremental.changes(before, now)
  return reasons.of(found.changes, why).text
end

local function why_stale(cache, task, found, why)
  local refused = cache:refusal(task.index)
  local assessed = cache:wait("assess", task.index)
  found.key = assessed.key
  found.parts = cache:wait("changes", task.index, nil)
  if not cache.files:info(task.index).cached then return "it is not cached" end
  local stored = compare.stored(cache, assessed.key)
  if refused then return refused end
  local serve = false
  if stored then serve, refused = cache:serves(task, stored) end
  found.restorable = serve
  local last = assessed.last
  local reason, action = compare.with_last(cache, task, assessed, compare.MANY, why)
  found.changes = action and compare.changes(cache, task, action) or nil
  if not last and serve then return "it never ran here" end
  return refused and ("%s; %s"):format(reason.text, refused) or reason.text
end

local function why_open(cache, task, found)
  found.waits_for = {}
  for _, need in ipairs(cache.project.graph:needs(task.index)) do
    if cache.files:standing(need) ~= "fresh" then
      found.waits_for[#found.waits_for + 1] = cache.project:id(need)
    end
  end
  return #found.waits_for > 0 and "needs " .. table.concat(found.waits_for, ", ")
    or "it has hooks or a condition"
end

-- Says of parts where they come from.
local function add_places(origins, task, parts)
  for _, part in ipairs(parts or {}) do
    local origin = origins:part(task, { kind = part.kind, name = part.name,
      value = part.after or part.before })
    part.declared = origin.file and ("%s:%d"):format(origin.file, origin.line) or nil
    part.from = origin.note
  end
end

-- The fields of a declaration that stand on lines of their own.
local function field_places(origins, task)
  local declaration, list, names = task.declaration, {}, {}
  for name in pairs(task.phase and {} or task.spec) do names[#names + 1] = name end
  local own = ("%s:%d"):format(declaration.file, declaration.line)
  for _, name in ipairs(names) do
    local at = origins:field(declaration, name)
    list[#list + 1] = { name = name, at = ("%s:%d"):format(at.file, at.line), line = at.line }
  end
  table.sort(list, function(a, b)
    if a.line ~= b.line then return a.line < b.line end
    return a.name < b.name
  end)
  return list, own
end

---@async
local function investigate(cache, task, origins)
  local index = task.index
  local found = { task = task.id,
    standing = require("ggen.predict").settle(cache, cache.project, task) }
  local fields
  fields, found.declared = field_places(origins, task)
  found.fields = {}
  for i, field in ipairs(fields) do found.fields[i] = { name = field.name, declared = field.at } end
  local last = cache.files:last(index)
  if last then
    found.last = { key = last.key, outcome = last.outcome, created = last.created,
      duration = not last.outcome and last.duration or nil }
  end
  found.unkeyed = cache:unkeyed(index)
  local why = reason_of(cache)
  if found.standing == "fresh" then
    found.reason = why_fresh(cache, found, last, why)
  elseif found.standing == "stale" then
    found.reason = why_stale(cache, task, found, why)
  elseif found.standing == "open" then
    found.reason = why_open(cache, task, found)
  else
    found.reason = found.unkeyed or reasons.without_key(cache:wait("assess", index).problem)
  end
  add_places(origins, task, found.parts)
  add_places(origins, task, found.changes)
  return found
end

local function show_value(value, kind)
  if not value then return "-" end
  if kind == "key_env" then -- "=VALUE", or empty when it is not set
    if #value < 2 then return value == "" and "not set" or "(empty)" end
    return (value:sub(2):gsub("\n", "\\n"))
  end
  local letter, digest = value:match("^([fxld%-])(%x+)$")
  if letter and #digest == 64 then
    return letter == "-" and "missing" or digest:sub(1, 12) .. (letter == "x" and " x" or "")
  end
  if kind == "input" and value == "d" then return "a directory" end
  if value:match("^%x+$") and #value == 64 then return value:sub(1, 12) end
  return (value:gsub("\n", "\\n"))
end

-- "pipeline.lua:7 (your environment)"
local function place(part)
  if not part.declared or not part.from then return part.declared or part.from end
  return ("%s (%s)"):format(part.declared, part.from)
end

local function print_table(title, list, both)
  if not list or #list == 0 then return end
  print(title)
  for _, change in ipairs(list) do
    local value = show_value(change.after, change.kind)
    if both then
      value = ("%s -> %s"):format(show_value(change.before, change.kind), value)
    end
    print(("  %-8s %-22s %-28s  %s"):format(change.kind, change.name, value, place(change)))
  end
end

-- "pipeline.lua:5 (run 6, inputs 7, env other.lua:3)"
local function declared(found)
  local file, line = found.declared:match("^(.*):(%d+)$")
  local others = {}
  for _, field in ipairs(found.fields) do
    local of, at = field.declared:match("^(.*):(%d+)$")
    if of ~= file then
      others[#others + 1] = field.name .. " " .. field.declared
    elseif at ~= line then
      others[#others + 1] = field.name .. " " .. at
    end
  end
  return found.declared .. (#others > 0 and " (" .. table.concat(others, ", ") .. ")" or "")
end

local function counts(parts)
  local by_kind, order = {}, {}
  for _, part in ipairs(parts) do
    if not by_kind[part.kind] then order[#order + 1] = part.kind end
    by_kind[part.kind] = (by_kind[part.kind] or 0) + 1
  end
  for i, kind in ipairs(order) do order[i] = ("%d %s"):format(by_kind[kind], kind) end
  return table.concat(order, ", ")
end

local function show(found, all)
  local turn = found.waits_for and #found.waits_for == 0
  print(("%s: %s"):format(found.task, turn and "is looked at when its turn comes"
    or VERDICTS[found.standing]))
  local label = found.standing == "fresh" and "ran last because" or "because"
  if found.reason then print(("  %-17s %s"):format(label, found.reason)) end
  if found.restorable then print(("  %-17s %s"):format("but", "its result can be restored")) end
  if found.last then
    local ago = units.format_duration(math.max(0, os.time() - found.last.created))
    print(("  %-17s %s ago"):format(found.last.outcome and "tried" or "made", ago)
      .. (found.last.duration and ", in " .. units.format_duration(found.last.duration) or ""))
  end
  print(("  %-17s %s"):format("declared at", declared(found)))
  if found.key then print(("  %-17s %s"):format("key", found.key)) end
  if found.parts then print(("  %-17s %s"):format("made of", counts(found.parts))) end
  print_table("what moved:", found.changes, true)
  if all then print_table("all parts of the key:", found.parts, false) end
end

---@async
---@param args table
---@return integer code
function M.run(args)
  local session, origins = require("ggen.session"), require("ggen.origins")
  origins.watch()
  -- Read in another way, as for run --fast: that is not remembered.
  if args.fast then require("ggen.loading").fast = true end
  local project = session.open(args, args.fast and { remember = false } or nil)
  local selection = require("ggen.select").tasks(project, { args.task })
  local plugins = session.plugins(project, session.host(project, args, { output = "none" }))
  require("ggen.defaults").add(plugins, { cache = {} })
  local events = require("ggen.events").new({})
  local cache = require("ggen.cache").open(project, plugins, events, { read = true, write = false })
  if not cache then fault.raise("the files cannot be looked at (see above)") end
  cache:define()
  local plan = require("ggen.plan").plan(project, selection)
  cache:judge(project, plan, {})
  local results = {}
  -- Only the evaluated files tell the lines.
  local evaluated = project.evaluated and project:evaluated() or project
  local places = origins.new(evaluated)
  for i, index in ipairs(selection) do
    results[i] = investigate(cache, evaluated:task(index), places)
  end
  plugins:close()
  if args.json then
    local json = require("ggen.core.json")
    print(json.encode(#results == 1 and results[1] or results, { invalid_utf8 = "replace" }))
    return 0
  end
  for i, found in ipairs(results) do
    if i > 1 then print() end
    show(found, args.all)
  end
  return 0
end

return M
