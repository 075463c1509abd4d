-- The names of figures in a file of limits: `build_ms`, `wall_s`, `hit_rate`, `"web#test.cpu_s"`.
-- The unit is in the name, the rest says of what. Pure.
-- SPDX-License-Identifier: MIT
local sorted = require("ggen.sorted")

local M = {}

local SECONDS = { us = 1e-6, ms = 1e-3, s = 1, min = 60 }
local BYTES = { bytes = 1, kib = 1024, mib = 1024 ^ 2, gib = 1024 ^ 3, kb = 1e3, mb = 1e6,
  gb = 1e9 }

-- Of a line of the history: its field, what it is measured in, and whether more of it is better.
local OF_RUN = {
  wall = { "wall", "seconds" }, total = { "wall", "seconds" }, cpu = { "cpu", "seconds" },
  critical_path = { "critical_path", "seconds" }, saved = { "saved", "seconds", true },
  hit_rate = { "hit_rate", "share", true }, misses = { "misses", "count" },
  out_files = { "out_files", "count" }, out = { "out_bytes", "bytes" },
  hashed = { "hashed", "bytes" }, read = { "read", "bytes" }, written = { "written", "bytes" },
  restored = { "restored", "bytes" }, peak_memory = { "peak_memory", "bytes" },
}
OF_RUN["cache.hit_rate"] = OF_RUN.hit_rate

local OF_TASK = { cpu = { "cpu", "seconds" }, peak_memory = { "peak_memory", "bytes" },
  duration = { "duration", "seconds" } }

---@class ggen.perf.Metric
---@field scope "run"|"task"|"phase"
---@field id string? of the task or phase
---@field field string of the history
---@field measure "seconds"|"bytes"|"share"|"count"
---@field more_is_better boolean?
---@field scale number that the figure in the file is multiplied with
---@field unit string as written, "" without one

---@return string[] the names of figures of a whole run
function M.names() return sorted.keys(OF_RUN) end

-- "Web#unit-tests" and "web_unit_tests" are the same to who writes TOML.
local function plain(text) return (text:lower():gsub("[^%w]", "_")) end

local function find_id(name, ids)
  if ids[name] then return name end
  local wanted, found = plain(name), nil
  for id in sorted.pairs(ids) do
    if plain(id) == wanted then
      if found then return nil, ("this may be %q or %q"):format(found, id) end
      found = id
    end
  end
  return found
end

-- Takes the unit off a name.
local function split(key)
  local name, unit = key:match("^(.*)_(%a+)$")
  if name and name ~= "" then
    local small = unit:lower()
    if SECONDS[small] then return name, unit, "seconds", SECONDS[small] end
    if BYTES[small] then return name, unit, "bytes", BYTES[small] end
    if small == "percent" then return name, unit, "share", 0.01 end
  end
  return key, "", nil, 1
end

local EXAMPLE = { seconds = "_ms or _s", bytes = "_bytes or _mib" }

local function fitted(metric, key, measure, unit, scale)
  metric.unit, metric.scale = unit, scale
  if metric.measure == measure then return metric end
  if measure == nil and (metric.measure == "share" or metric.measure == "count") then
    return metric
  end
  if EXAMPLE[metric.measure] then
    return nil, ("the unit is in the name: %s with %s at its end"):format(key,
      EXAMPLE[metric.measure])
  end
  return nil, ("this is no figure in %s: write it without _%s"):format(measure, unit)
end

-- What the name of a task or phase, as "web.cpu", stands for.
local function of_part(name, known)
  local id, message = find_id(name, known.tasks)
  if message then return nil, message end
  if id then return { scope = "task", id = id, field = "duration", measure = "seconds" } end
  local base, part = name:match("^(.*)%.([%w_]+)$")
  if base and OF_TASK[part] then
    id, message = find_id(base, known.tasks)
    if message then return nil, message end
    if id then
      return { scope = "task", id = id, field = OF_TASK[part][1], measure = OF_TASK[part][2] }
    end
  end
  id, message = find_id(name, known.phases)
  if message then return nil, message end
  if id then return { scope = "phase", id = id, field = "duration", measure = "seconds" } end
end

---What a name stands for.
---@param key string
---@param known { tasks: table<string, any>, phases: table<string, any> }
---@return ggen.perf.Metric? metric
---@return string? message why it stands for nothing; nil when there is no such name
function M.find(key, known)
  local name, unit, measure, scale = split(key)
  -- "out_bytes", as the history has it.
  local own = OF_RUN[name] or OF_RUN[key]
  if own then
    local metric, message = fitted({ scope = "run", field = own[1], measure = own[2],
      more_is_better = own[3] }, name, measure, unit, scale)
    if not metric and known.tasks[name] then
      message = ("%s (the task of that name: task.%s)"):format(message, key)
    end
    return metric, message
  end
  local metric, message = of_part(name, known)
  local kind, rest = name:match("^(%a+)%.(.+)$")
  -- A task may be called "read", or "phase.x".
  if not metric and not message and (kind == "task" or kind == "phase") then
    metric, message = of_part(rest, { tasks = kind == "task" and known.tasks or {},
      phases = kind == "phase" and known.phases or {} })
  end
  if not metric then return nil, message end
  return fitted(metric, name, measure, unit, scale)
end

---The names that somebody may have meant, with units.
---@param known { tasks: table<string, any>, phases: table<string, any> }
---@param key string
---@return string[]
function M.candidates(known, key)
  local _, unit = split(key)
  local list, ending = {}, unit ~= "" and "_" .. unit or ""
  for _, name in ipairs(M.names()) do list[#list + 1] = name .. ending end
  for id in sorted.pairs(known.tasks) do list[#list + 1] = id .. ending end
  for id in sorted.pairs(known.phases) do list[#list + 1] = id .. ending end
  return list
end

return M
