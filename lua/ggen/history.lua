-- The history of a project, as it was left by its runs (`.ggen/history.jsonl`, `.ggen/runs`): read
-- from the end, because only what is newest matters. Whatever else lies there is counted and left
-- out, line by line. Writes nothing.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local json = require("ggen.core.json")
local suggest = require("ggen.suggest")

local M = {}

-- What we write (docs/formats.md).
local LINE_VERSION, RECORD_SCHEMA, RECORD_VERSION = 1, "ggen-run", 1
local MOST_LINES, MOST_BYTES = 200, 4 * 1024 * 1024
local MOST = 2^53 -- of any number
local PIECE = 64 * 1024
local LARGEST_RECORD = 512 * 1024 * 1024
local ID = "^%d%d%d%d%d%d%d%dT%d%d%d%d%d%d%.%d%d%d%-%x%x%x%x%x%x$"

---@class ggen.History
---@field damaged integer lines of the last lines() that are none: torn, not JSON, not of a run
---@field foreign integer those of another version
---@field package _dir string
local History = {}
History.__index = History

---@param project_dir string absolute
---@return ggen.History
function M.open(project_dir)
  return setmetatable({ damaged = 0, foreign = 0, _dir = project_dir .. "/.ggen" }, History)
end

-- A time that no clock can have given, or a size that nothing has, is none.
local function is_number(value)
  return type(value) == "number" and value >= 0 and value <= MOST
end

local NUMBERS = { "wall", "cpu", "critical_path", "saved", "tasks_total", "fresh", "misses" }

local function is_sound_task(task)
  return type(task) == "table" and type(task.id) == "string" and is_number(task.duration)
    and is_number(task.cpu or 0) and is_number(task.peak_memory or 0)
end

local function is_sound(line)
  if type(line.id) ~= "string" or type(line.time) ~= "string" or type(line.tasks) ~= "table"
    or type(line.phases) ~= "table" then return false end
  for _, name in ipairs(NUMBERS) do
    if not is_number(line[name]) then return false end
  end
  for _, task in ipairs(line.tasks) do
    if not is_sound_task(task) then return false end
  end
  for _, phase in ipairs(line.phases) do
    if type(phase) ~= "table" or type(phase.name) ~= "string" or not is_number(phase.duration) then
      return false
    end
  end
  return true
end

local NULLABLE = { "hit_rate", "dirty", "commit" }

-- A line, or nothing and which count it belongs to.
local function decode(text)
  local line = json.decode(text)
  if type(line) ~= "table" then return nil, "damaged" end
  if line.v ~= LINE_VERSION then return nil, line.v ~= nil and "foreign" or "damaged" end
  for _, name in ipairs(NULLABLE) do
    if line[name] == json.null then line[name] = nil end
  end
  if not is_sound(line) then return nil, "damaged" end
  return line
end

-- Calls visit(text) with the lines of a file, the last one first, until it says that it has enough.
-- So many bytes are read at most; of a line that they cut nothing is told.
local function each_line_backwards(file, most, visit)
  local position, tail, read = file:seek("end"), "", 0
  while position > 0 and read < most do
    -- A line that is longer than a piece is looked at again with twice as much.
    local size = math.min(math.max(PIECE, #tail), position, most - read)
    position, read = position - size, read + size
    file:seek("set", position)
    local piece = file:read(size)
    if not piece or #piece < size then return end -- the file was made shorter meanwhile
    local text, newlines = piece .. tail, {}
    for at in piece:gmatch("()\n") do newlines[#newlines + 1] = at end
    local finish = #text
    for i = #newlines, 1, -1 do
      if newlines[i] < finish and visit(text:sub(newlines[i] + 1, finish)) then return end
      finish = newlines[i] - 1
    end
    -- What stands before the first newline may go on in the piece before.
    tail = text:sub(1, finish)
  end
  if position == 0 and tail ~= "" then visit(tail) end
end

---The lines of the last runs. What is no line is left out and counted in `damaged`, what another
---version wrote in `foreign`.
---@param query ggen.HistoryQuery?
---@return table[] lines the oldest first, as in docs/history-line.schema.json; null is nil
function History:lines(query)
  query = query or {}
  self.damaged, self.foreign = 0, 0
  local file = io.open(self._dir .. "/history.jsonl", "rb")
  if not file then return {} end
  local found, most = {}, query.most or MOST_LINES
  each_line_backwards(file, query.bytes or MOST_BYTES, function(text)
    local line, what = decode(text)
    if not line then
      self[what] = self[what] + 1
    elseif (not query.pipeline or line.pipeline == query.pipeline)
      and (not query.machine or line.machine == query.machine)
      and (not query.before or line.id < query.before) then
      found[#found + 1] = line
    end
    return #found >= most
  end)
  file:close()
  for i = 1, math.floor(#found / 2) do
    found[i], found[#found + 1 - i] = found[#found + 1 - i], found[i]
  end
  return found
end

---The runs whose records are there.
---@return string[] ids the newest last
function History:records()
  local ids = {}
  for _, entry in ipairs(fs.list(self._dir .. "/runs") or {}) do
    local id = entry.name:match("^(.*)%.json$")
    if id and id:find(ID) then ids[#ids + 1] = id end
  end
  table.sort(ids)
  return ids
end

local function without_null(value)
  for key, inner in pairs(value) do
    if inner == json.null then value[key] = nil
    elseif type(inner) == "table" then without_null(inner) end
  end
  return value
end

local TOTALS = { "wall", "cpu", "critical_path", "tasks", "fresh", "restored", "misses", "saved" }

-- What is wrong with a record; nil when nothing is.
local function problem_of(record)
  if type(record) ~= "table" or record.schema ~= RECORD_SCHEMA then
    return ('it is no record of a run ("schema" is not "%s")'):format(RECORD_SCHEMA)
  end
  if record.version ~= RECORD_VERSION then
    return ("it has version %s of the format, this ggen-lua reads version %d"):format(
      tostring(record.version), RECORD_VERSION)
  end
  if type(record.id) ~= "string" or type(record.time) ~= "string" then
    return "it has no id, or no time"
  end
  if type(record.totals) ~= "table" then return "it has no totals" end
  for _, name in ipairs(TOTALS) do
    if not is_number(record.totals[name]) then
      return ("totals.%s is no number from 0 up"):format(name)
    end
  end
  for _, name in ipairs({ "tasks", "fresh", "phases", "critical_path", "notes" }) do
    if type(record[name]) ~= "table" then return ("%s is no list"):format(name) end
  end
  for i, task in ipairs(record.tasks) do
    if type(task) ~= "table" or type(task.id) ~= "string" then
      return ("tasks[%d] has no id"):format(i - 1)
    end
    for _, name in ipairs({ "start", "duration" }) do
      if not is_number(task[name]) then
        return ("tasks[%d].%s is no number from 0 up"):format(i - 1, name)
      end
    end
  end
  return nil
end

---A record of a file, whoever wrote it.
---@param path string
---@return table record raises a fault that names the file when it is none
function M.read(path)
  local info, message = fs.stat(path)
  if not info then fault.raise(("%s: %s"):format(path, message or "there is no such file")) end
  if info.type ~= "file" then fault.raise(("%s is no file"):format(path)) end
  if info.size > LARGEST_RECORD then
    fault.raise(("%s is too large for the record of a run"):format(path))
  end
  local text
  text, message = fs.read(path)
  if not text then fault.raise(("%s: %s"):format(path, message)) end
  local record, where = json.decode(text)
  if record == nil then fault.raise(("%s is damaged: %s"):format(path, where)) end
  local problem = problem_of(record)
  if problem then fault.raise(("%s: %s"):format(path, problem)) end
  return without_null(record)
end

local function none(self, ref)
  fault.raise(("there is no record of a run in %s/runs, so none is %q: ggen-lua run makes one")
    :format(self._dir, ref))
end

-- The id that a reference means.
local function find(self, ref)
  local ids = self:records()
  if #ids == 0 then none(self, ref) end
  local back = ref == "last" and 0 or tonumber(ref:match("^last~(%d+)$"))
  if back then
    if back >= #ids then
      fault.raise(("%s: there are %d records (the oldest is last~%d)"):format(ref, #ids, #ids - 1))
    end
    return ids[#ids - back]
  end
  local found = {}
  for _, id in ipairs(ids) do
    if id == ref then return id end
    if id:find(ref, 1, true) then found[#found + 1] = id end
  end
  if #found == 1 then return found[1] end
  if #found > 1 then
    fault.raise(("%q is part of the ids of %d runs: %s%s"):format(ref, #found,
      table.concat(found, ", ", 1, math.min(#found, 3)), #found > 3 and ", ..." or ""))
  end
  local names = { last = true }
  for _, id in ipairs(ids) do names[id] = true end
  fault.raise(("there is no record of a run %q%s; the last one is %s"):format(ref,
    suggest.hint(ref, names), ids[#ids]))
end

---The record of a run.
---@param ref string an id, a part of only one, "last", "last~2" (the second before the last), or
---the path of a file
---@return table record raises a fault when there is none, or it is damaged
function History:record(ref)
  if ref == "" then fault.raise("the id of a run is missing") end
  if ref:find("/", 1, true) or ref:find("%.json$") then return M.read(ref) end
  return M.read(("%s/runs/%s.json"):format(self._dir, find(self, ref)))
end

return M
