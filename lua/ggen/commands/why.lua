-- ggen-lua why: what a task's key is made of, what moved since it ran last, and why it ran then.
-- SPDX-License-Identifier: MIT
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
  parser:flag("--json", "As JSON.")
end

local VERDICTS = {
  fresh = "up to date", stale = "has to run", open = "waits for tasks that have to run",
  unkeyed = "always runs", ended = "ran",
}

-- The stored result of a key, if it is still there.
local function stored(cache, key)
  return key and cache.stores.directory and cache:wait("get", key) or nil
end

-- Why a need's outputs are others than before: the first thing that moved when it ran last.
local function reason_of(project, cache)
  local function why(id, depth)
    local index = project:find(id)
    local last = index and cache.files:last(index)
    local now = last and stored(cache, last.key)
    local before = last and stored(cache, last.before)
    if not now or not before then return nil end
    return reasons.of(incremental.changes(before, now), true, function(need)
      return depth < 20 and why(need, depth + 1) or nil
    end).first
  end
  return function(id) return why(id, 1) end
end

---@async
local function investigate(project, cache, task)
  local found = { task = task.id, declared = task.declaration.file .. ":" .. task.declaration.line,
    standing = cache.files:standing(task.index) }
  local last = cache.files:last(task.index)
  if last then
    found.last = { key = last.key, created = last.created, duration = last.duration }
  end
  found.unkeyed = cache:unkeyed(task.index)
  local why = reason_of(project, cache)
  if found.standing == "fresh" then
    local now = last and stored(cache, last.key)
    found.key = last and last.key
    if now then
      found.parts = incremental.changes(nil, now)
      if last.before then
        local before = stored(cache, last.before)
        found.changes = before and incremental.changes(before, now) or nil
        found.reason = found.changes and reasons.of(found.changes, true, why).text
          or "what it ran for last is not known any more"
      else
        found.reason = "first run"
      end
    elseif last then
      found.reason = "what it ran for is not stored any more"
    end
  elseif found.standing == "stale" then
    local assessed = cache:wait("assess", task.index)
    found.key = assessed.key
    found.parts = cache:wait("changes", task.index, nil)
    if not cache.files:info(task.index).cached then
      found.reason = "it is not cached"
    elseif not last then
      found.reason = stored(cache, assessed.key) and "it never ran here; its result can be restored"
        or "first run"
    elseif last.key == assessed.key then
      found.reason = reasons.outputs_moved(cache, assessed).text
    else
      local before = stored(cache, last.key)
      found.changes = before and cache:wait("changes", task.index, before) or nil
      found.reason = reasons.of(found.changes or {}, before ~= nil, why).text
    end
    found.restorable = stored(cache, assessed.key) ~= nil
  elseif found.standing == "open" then
    local waits = {}
    for _, need in ipairs(project.graph:needs(task.index)) do
      if cache.files:standing(need) ~= "fresh" then waits[#waits + 1] = project:id(need) end
    end
    found.waits_for = waits
    found.reason = #waits > 0 and "needs " .. table.concat(waits, ", ")
      or "it has hooks or a condition, and is looked at when its turn comes"
  else
    found.reason = found.unkeyed or cache:wait("assess", task.index).problem
      or "what it needs has no key"
  end
  return found
end

local function show_value(value, kind)
  if not value then return "-" end
  if kind == "key_env" then -- "=VALUE", or empty when it is not set
    return value == "" and "not set" or (value:sub(2):gsub("\n", "\\n"))
  end
  local letter, digest = value:match("^([fxld%-])(%x+)$")
  if letter and #digest == 64 then
    return letter == "-" and "missing" or digest:sub(1, 12) .. (letter == "x" and " x" or "")
  end
  if value:match("^%x+$") and #value == 64 then return value:sub(1, 12) end
  return (value:gsub("\n", "\\n"))
end

local function print_table(title, list, both)
  if not list or #list == 0 then return end
  print(title)
  for _, change in ipairs(list) do
    local value = show_value(change.after, change.kind)
    if both then
      value = ("%s -> %s"):format(show_value(change.before, change.kind), value)
    end
    print((("  %-8s %-30s %s"):format(change.kind, change.name, value):gsub(" +$", "")))
  end
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
  print(("%s: %s"):format(found.task, VERDICTS[found.standing]))
  local label = found.standing == "fresh" and "ran last because" or "because"
  if found.reason then print(("  %-17s %s"):format(label, found.reason)) end
  if found.restorable then print(("  %-17s %s"):format("but", "its result can be restored")) end
  if found.last then
    print(("  %-17s %s ago, in %s"):format("made", units.format_duration(math.max(0,
      os.time() - found.last.created)), units.format_duration(found.last.duration)))
  end
  print(("  %-17s %s"):format("declared at", found.declared))
  if found.key then print(("  %-17s %s"):format("key", found.key)) end
  if found.parts then print(("  %-17s %s"):format("made of", counts(found.parts))) end
  print_table("what moved:", found.changes, true)
  if all then print_table("all parts of the key:", found.parts, false) end
end

---@async
---@param args table
---@return integer code
function M.run(args)
  local session = require("ggen.session")
  local project = session.open(args)
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
  for i, index in ipairs(selection) do
    results[i] = investigate(project, cache, project:task(index))
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
