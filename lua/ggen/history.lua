-- The history of a project, as it was left by its runs (`.ggen/history.jsonl`, `.ggen/runs`): read
-- from the end, because only what is newest matters. Whatever else lies there is counted and left
-- out, line by line. Writes nothing.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local harmless = require("ggen.harmless")
local json = require("ggen.core.json")
local locate = require("ggen.locate")
local sorted = require("ggen.sorted")
local suggest = require("ggen.suggest")
local without_null = require("ggen.without_null")

local M = {}

-- What we write (docs/formats.md).
local LINE_VERSION, RECORD_SCHEMA, RECORD_VERSION = 1, "ggen-run", 1
local MOST_LINES, MOST_BYTES = 200, 64 * 1024 * 1024
local LONGEST_LINE = 32 * 1024 * 1024 -- of some 300,000 tasks
local MOST_GARBAGE = 2^30 -- bytes of what is longer, that are passed over in search of a line
local MOST = 2^53 -- of any number
local PIECE, LARGE_PIECE = 64 * 1024, 1024 * 1024
local ORDER_BYTES = 4 * 1024 * 1024 -- of the history, to know in which order the last runs were
local LARGEST_RECORD = 512 * 1024 * 1024
local ID = "^%d%d%d%d%d%d%d%dT%d%d%d%d%d%d%.%d%d%d%-%x%x%x%x%x%x$"

---@class ggen.History
---@field damaged integer lines of the last lines() that are none: torn, not JSON, not of a run
---@field foreign integer those of another version
---@field unread integer bytes further back that were not looked at, though more lines were wanted
---@field problem string? why the file cannot be read at all, when it is there
---@field package _dir string
local History = { __name = "ggen.History" }
History.__index = History

---@param project_dir string absolute
---@return ggen.History
function M.open(project_dir)
  return setmetatable({ damaged = 0, foreign = 0, unread = 0,
    _dir = project_dir .. "/.ggen" }, History)
end

-- A time that no clock can have given, or a size that nothing has, is none.
local function is_number(value)
  return type(value) == "number" and value >= 0 and value <= MOST
end

-- In a line a number may be below zero, or beyond belief: who makes something of it leaves out that
-- one, not the whole run.
local FIELDS = { id = "string", time = "string", tasks = "table", phases = "table", wall = "number",
  critical_path = "number", saved = "number", tasks_total = "number", fresh = "number",
  misses = "number" }
local OPTIONAL = { pipeline = "string", command = "string", machine = "string", status = "string",
  commit = "string", session = "string", jobs = "number", code = "number", hit_rate = "number",
  cpu = "number", peak_memory = "number", out_bytes = "number", out_files = "number" }
local FIELDS_OF_TASK = { id = "string", duration = "number" }
local OPTIONAL_OF_TASK = { cpu = "number", peak_memory = "number", cache = "string",
  code = "number", retries = "number" }
local FIELDS_OF_PHASE = { name = "string", duration = "number" }

local function has(object, fields, optional)
  if type(object) ~= "table" then return false end
  for name, kind in pairs(fields) do
    if type(object[name]) ~= kind then return false end
  end
  for name, kind in pairs(optional) do
    local value = object[name]
    if value ~= nil and type(value) ~= kind then return false end
  end
  return true
end

local function is_sound(line)
  if not has(line, FIELDS, OPTIONAL) then return false end
  for _, task in ipairs(line.tasks) do
    if not has(task, FIELDS_OF_TASK, OPTIONAL_OF_TASK) then return false end
  end
  for _, phase in ipairs(line.phases) do
    if not has(phase, FIELDS_OF_PHASE, {}) then return false end
  end
  return true
end

-- "cpu" and so on: nobody knows.
local NULLABLE = { "hit_rate", "dirty", "commit", "cpu", "peak_memory", "out_bytes", "out_files" }

-- A line, or nothing and which count it belongs to.
local function decode(text)
  local line = json.decode(text)
  if type(line) ~= "table" then return nil, "damaged" end
  if line.v ~= LINE_VERSION then return nil, line.v ~= nil and "foreign" or "damaged" end
  for _, name in ipairs(NULLABLE) do
    if line[name] == json.null then line[name] = nil end
  end
  if not is_sound(line) then return nil, "damaged" end
  return harmless.decoded(line, text)
end

-- Calls visit(text) with the lines of a file, the last one first, until it says that it has enough,
-- and without a text for what is too long to be a line. Returns the bytes that are left over when
-- the next line would make more of them than `most`.
local function each_line_backwards(file, most, longest, visit)
  local position, tail, taken = file:seek("end"), "", 0
  local dropping, dropped = false, 0
  while position > 0 do
    -- A line that is longer than a piece is looked at again with twice as much.
    local size = math.min(math.max(dropping and LARGE_PIECE or PIECE, #tail), position)
    position = position - size
    file:seek("set", position)
    local piece = file:read(size)
    if not piece or #piece < size then return 0 end -- the file was made shorter meanwhile
    local text, newlines = piece .. tail, {}
    for at in piece:gmatch("()\n") do newlines[#newlines + 1] = at end
    local finish = #text
    -- The start of the file begins a line as a newline does.
    if position == 0 then table.insert(newlines, 1, 0) end
    for i = #newlines, 1, -1 do
      local length = finish - newlines[i]
      if dropping then
        dropping = false
      elseif length > longest then
        visit(nil)
      elseif length > 0 then
        if taken > 0 and taken + length > most then return position + finish end
        taken = taken + length
        if visit(text:sub(newlines[i] + 1, finish)) then return 0 end
      end
      finish = newlines[i] - 1
    end
    -- What stands before the first newline may go on in the piece before.
    tail = dropping and "" or text:sub(1, math.max(0, finish))
    if #tail > longest then
      visit(nil)
      dropping, tail = true, ""
    end
    dropped = dropped + (dropping and size or 0)
    if dropped > MOST_GARBAGE then return position end
  end
  return 0
end

-- The file of the history, if it is one; also why it is none.
local function opened(self)
  local path = self._dir .. "/history.jsonl"
  local info, message, kind = fs.stat(path)
  if not info then return nil, kind ~= "not_found" and message or nil end
  -- A pipe would be waited for.
  if info.type ~= "file" then return nil, ("it is no file (%s)"):format(info.type) end
  return io.open(path, "rb")
end

---The lines of the last runs. What is no line is left out and counted in `damaged`, what another
---version wrote in `foreign`, what was too far back to be read in `unread`.
---@param query ggen.HistoryQuery?
---@return table[] lines the oldest first, as in docs/history-line.schema.json; null is nil
function History:lines(query)
  query = query or {}
  self.damaged, self.foreign, self.unread = 0, 0, 0
  local file
  file, self.problem = opened(self)
  if not file then return {} end
  local found, most = {}, query.most or MOST_LINES
  local function visit(text)
    local line, what
    if text then line, what = decode(text) else what = "damaged" end
    if not line then
      self[what] = self[what] + 1
    elseif (not query.pipeline or line.pipeline == query.pipeline)
      and (not query.machine or line.machine == query.machine)
      and (not query.before or line.id < query.before) then
      found[#found + 1] = line
    end
    return #found >= most
  end
  self.unread = each_line_backwards(file, query.bytes or MOST_BYTES, query.longest or LONGEST_LINE,
    visit)
  file:close()
  for i = 1, math.floor(#found / 2) do
    found[i], found[#found + 1 - i] = found[#found + 1 - i], found[i]
  end
  return found
end

-- The ids of the last runs, in the order in which they were written down, the newest first.
local function order_of(self, most)
  local file, ids = opened(self), {}
  if not file then return ids end
  each_line_backwards(file, ORDER_BYTES, LONGEST_LINE, function(text)
    -- In what we write it comes first: no need to decode a line of ten thousand tasks.
    ids[#ids + 1] = text and (text:match('^{"v":1,"id":"([%w.-]+)"') or (decode(text) or {}).id)
    return #ids >= most
  end)
  file:close()
  return ids
end

---The runs whose records are there.
---@return string[] ids the newest last: by the order of the history, whatever the clock said
function History:records()
  local ids, here = {}, {}
  for _, entry in ipairs(fs.list(self._dir .. "/runs") or {}) do
    local id = entry.name:match("^(.*)%.json$")
    if id and id:find(ID) then ids[#ids + 1], here[id] = id, true end
  end
  table.sort(ids)
  local order = order_of(self, #ids)
  -- Ids begin with the time: as long as that grows, they are in order.
  local grows = #order == 0 or order[1] == ids[#ids]
  for i = 2, #order do grows = grows and order[i] < order[i - 1] end
  if grows then return ids end
  local ordered, listed = {}, {}
  for _, id in ipairs(order) do listed[id] = true end
  local next_one = 1
  local function add_others(before)
    while ids[next_one] and (not before or ids[next_one] < before) do
      if not listed[ids[next_one]] then ordered[#ordered + 1] = ids[next_one] end
      next_one = next_one + 1
    end
  end
  for i = #order, 1, -1 do
    if here[order[i]] then
      add_others(order[i])
      ordered[#ordered + 1] = order[i]
    end
  end
  add_others()
  return ordered
end

local TOTALS = { "wall", "critical_path", "tasks", "fresh", "restored", "misses", "saved" }

-- What may be missing, or null, but is of one kind where it is there.
local OF_RECORD = { pipeline = "string", machine = "string", status = "string", session = "string",
  jobs = "number", code = "number", command = "table", git = "table" }
local OF_TASK = { status = "string", cache = "string", reason = "string", message = "string",
  workspace = "string", needs = "table", attempts = "number", saved = "number", ran = "number" }
local OF_GIT = { commit = "string", branch = "string" }
local KINDS = { string = "no text", number = "no number", table = "no list" }

local function other_kind(object, fields, where)
  for name, kind in sorted.pairs(fields) do
    local value = object[name]
    if value ~= nil and value ~= json.null and type(value) ~= kind then
      return ("%s%s is %s"):format(where, name, KINDS[kind])
    end
  end
  return nil
end

local function not_texts(list, name)
  for i, value in ipairs(list) do
    if type(value) ~= "string" then return ("%s[%d] is no text"):format(name, i - 1) end
  end
  return nil
end

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
  local cpu = record.totals.cpu
  if cpu ~= nil and cpu ~= json.null and not is_number(cpu) then
    return "totals.cpu is no number from 0 up"
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
    local problem = other_kind(task, OF_TASK, ("tasks[%d]."):format(i - 1))
    if problem then return problem end
  end
  local git, command = record.git, record.command
  return other_kind(record, OF_RECORD, "")
    or type(git) == "table" and other_kind(git, OF_GIT, "git.")
    or type(command) == "table" and not_texts(command, "command")
    or not_texts(record.critical_path, "critical_path") or not_texts(record.fresh, "fresh") or nil
end

---A record of a file, whoever wrote it.
---@param path string
---@param shown string? how messages name it
---@return table record raises a fault that names the file when it is none
function M.read(path, shown)
  shown = shown or path
  local info, message = fs.stat(path)
  if not info then fault.raise(("%s: %s"):format(shown, message or "there is no such file")) end
  if info.type ~= "file" then fault.raise(("%s is no file"):format(shown)) end
  if info.size > LARGEST_RECORD then
    fault.raise(("%s is too large for the record of a run"):format(shown))
  end
  local text
  text, message = fs.read(path)
  if not text then fault.raise(("%s: %s"):format(shown, message)) end
  local record, where = json.decode(text)
  if record == nil then fault.raise(("%s is damaged: %s"):format(shown, where)) end
  local problem = problem_of(record)
  if problem then fault.raise(("%s: %s"):format(shown, problem)) end
  return harmless.decoded(without_null(record), text)
end

local function none(self, ref)
  fault.raise(("there is no record of a run in %s/runs, so none is %q: ggen-lua run makes one")
    :format(self._dir, ref))
end

local function path_of(self, id) return ("%s/runs/%s.json"):format(self._dir, id) end

-- Counted from the newest record that can be read: after a loss of power the newest one may be half
-- of one. Where none can be read, the one that is meant says why.
local function from_the_end(self, ids, back, ref)
  local last, newest, problem, passed = #ids, nil, nil, nil
  for i = #ids, 1, -1 do
    local ok, found = pcall(M.read, path_of(self, ids[i]))
    if ok then
      last, newest = i, found
      passed = problem and ("%s; the last run is taken to be %s"):format(problem.message, ids[i])
      break
    end
    if not fault.is(found) then error(found, 0) end
    problem = problem or found
  end
  if back >= last then
    fault.raise(("%s: there are %d records (the oldest is last~%d)%s"):format(ref, last, last - 1,
      passed and "; " .. passed or ""))
  end
  return back == 0 and newest or M.read(path_of(self, ids[last - back])), passed
end

-- The id that a part of it means.
local function find(ids, ref)
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
---@param below string? absolute directory that such a path is relative to, where that is another
---than the working directory
---@return table record raises a fault when there is none, or it is damaged
---@return string? problem what is wrong with the newest record, when "last" had to pass over it
function History:record(ref, below)
  if ref == "" then fault.raise("the id of a run is missing") end
  if ref:find("/", 1, true) or ref:find("%.json$") then
    if not below or ref:sub(1, 1) == "/" then return M.read(ref) end
    local path = below .. "/" .. ref
    return M.read(path, locate.display(path, fs.cwd()))
  end
  local ids = self:records()
  if #ids == 0 then none(self, ref) end
  local back = ref == "last" and 0 or tonumber(ref:match("^last~(%d+)$"))
  if back then return from_the_end(self, ids, back, ref) end
  return M.read(path_of(self, find(ids, ref)))
end

return M
