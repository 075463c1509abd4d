-- The rules of the trace event format, as the trace processor of Perfetto reads it: what each event
-- must have, and that the spans of a thread nest. Knows no run.
-- SPDX-License-Identifier: MIT
local json = require("ggen.core.json")

local M = {}

local PHASES = { X = true, M = true, i = true }
local METADATA = { process_name = "name", thread_name = "name", thread_sort_index = "sort_index" }

local function is_whole(value) return type(value) == "number" and value % 1 == 0 and value >= 0 end

local function is_time(value) return type(value) == "number" and value >= 0 and value < 1e15 end

local function check_event(event, add)
  if not PHASES[event.ph] then return add("ph is %s", tostring(event.ph)) end
  if not is_whole(event.pid) then add("pid is %s", tostring(event.pid)) end
  -- Perfetto mixed thread 0 up with others until 2025.
  if not is_whole(event.tid) or event.tid == 0 then add("tid is %s", tostring(event.tid)) end
  if type(event.name) ~= "string" or event.name == "" then add("it has no name") end
  if event.args ~= nil and type(event.args) ~= "table" then add("args is no object") end
  if event.ph == "M" then
    local key = METADATA[event.name]
    if not key or not event.args or event.args[key] == nil then add("metadata without a value") end
    return
  end
  if not is_time(event.ts) then add("ts is %s", tostring(event.ts)) end
  if type(event.cat) ~= "string" then add("it has no cat") end
  if event.ph == "X" and not is_time(event.dur) then add("dur is %s", tostring(event.dur)) end
  if event.ph == "i" and event.s ~= "t" then add("the scope s of an instant is missing") end
end

-- Times have three decimals, so two ends may differ by the rounding of both.
local ROUNDING = 0.0015

---@param text string of a whole file
---@return string[] problems
---@return table[] events without the metadata
function M.check(text)
  local problems, spans = {}, {}
  local document, message = json.decode(text)
  if not document then return { message }, spans end
  local open, last = {}, -1 -- the open spans of each thread, outer ones first
  for i, event in ipairs(document.traceEvents or {}) do
    local function add(what, ...)
      problems[#problems + 1] = ("event %d (%s): %s"):format(i, tostring(event.name),
        what:format(...))
    end
    local before = #problems
    check_event(event, add)
    if event.ph ~= "M" and #problems == before then
      spans[#spans + 1] = event
      if event.ts < last then add("it begins before the event in front of it") end
      last = event.ts
      local stack = open[event.tid] or {}
      open[event.tid] = stack
      local finish = event.ts + (event.dur or 0)
      while #stack > 0 and stack[#stack].finish <= event.ts + ROUNDING do table.remove(stack) end
      local outer = stack[#stack]
      if outer and finish > outer.finish + ROUNDING then
        add("it ends after %s, in which it begins", outer.name)
      end
      if event.ph == "X" and event.dur > 2 * ROUNDING then
        stack[#stack + 1] = { finish = finish, name = event.name }
      end
    end
  end
  if type(document.traceEvents) ~= "table" then problems[1] = "there are no traceEvents" end
  return problems, spans
end

return M
