-- `ggen-lua perf compare A B`: two runs beside each other, with what the history says of the noise:
-- a difference of two single runs is never certain. Reads no file.
-- SPDX-License-Identifier: MIT
local columns = require("ggen.columns")
local json = require("ggen.core.json")
local robust = require("ggen.perf.robust")
local series = require("ggen.perf.series")
local source = require("ggen.perf.source")
local units = require("ggen.units")

local M = {}

local LINES = 60 -- of the history, for the noise
local NOISE = 2 -- a difference of two runs is beyond so many times the noise of one
local LEAST, FLOOR = 0.05, 0.01 -- share, seconds
local MOST_ROWS = 40

local number, milliseconds = source.number, units.milliseconds

local function thousandth(value) return value and math.floor(value * 1000 + 0.5) / 1000 end

local function row_of(name, a, b, noise)
  local row = { id = name, a = milliseconds(a), b = milliseconds(b), noise = thousandth(noise) }
  if a and b and a > 0 then
    local change = b / a - 1
    row.change = thousandth(change)
    local limit = math.max(LEAST, NOISE * math.sqrt(2) * (noise or 0))
    local large = math.abs(change) > limit and math.abs(b - a) >= FLOOR
    row.verdict = not large and "same" or change > 0 and "slower" or "faster"
  end
  return row
end

local function by_id(record)
  local tasks, order = {}, {}
  for _, task in ipairs(type(record.tasks) == "table" and record.tasks or {}) do
    if type(task) == "table" and series.plausible("duration", task.duration) then
      local id = tostring(task.id)
      if not tasks[id] then order[#order + 1] = id end
      tasks[id] = task
    end
  end
  return tasks, order
end

local CACHE_WORDS = { miss = "ran", off = "ran", fresh = "up to date" }

local function ran(task) return task.cache == "miss" or task.cache == "off" end

-- The tasks that were up to date from the start: they are not in the list of the others.
local function fresh_in(record)
  local fresh = {}
  for _, id in ipairs(type(record.fresh) == "table" and record.fresh or {}) do
    fresh[tostring(id)] = true
  end
  return fresh
end

local function task_rows(a, b, set)
  local fresh_a, fresh_b = fresh_in(a), fresh_in(b)
  local first, order = by_id(a)
  local second, more = by_id(b)
  for _, id in ipairs(more) do
    if not first[id] then order[#order + 1] = id end
  end
  local rows = {}
  for i, id in ipairs(order) do
    local one, other = first[id], second[id]
    local own = set.by_key[series.key("task", id, "duration")]
    local row = row_of(id, one and one.duration, other and other.duration,
      own and robust.noise(own.values))
    row.cache_a, row.cache_b = one and one.cache or nil, other and other.cache or nil
    if not one or not other then
      row.verdict = one and (fresh_b[id] and "then up to date" or "only in A")
        or fresh_a[id] and "up to date before" or "only in B"
    elseif not ran(one) or not ran(other) then
      -- One of them did not do the work.
      row.verdict = one.cache == other.cache and "same"
        or ("%s, then %s"):format(CACHE_WORDS[one.cache] or tostring(one.cache),
        CACHE_WORDS[other.cache] or tostring(other.cache))
    end
    rows[i] = row
  end
  table.sort(rows, function(x, y)
    local dx = math.abs((x.b or 0) - (x.a or 0))
    local dy = math.abs((y.b or 0) - (y.a or 0))
    if dx ~= dy then return dx > dy end
    return x.id < y.id
  end)
  return rows
end

-- What makes two runs hard to compare.
local function cautions(a, b)
  local list = {}
  if a.id == b.id then list[1] = "A and B are the same run" end
  for _, field in ipairs({ { "machine", "machine class" }, { "pipeline", "pipeline" },
    { "jobs", "-j" } }) do
    if a[field[1]] ~= b[field[1]] then
      list[#list + 1] = ("another %s: %s, then %s"):format(field[2], tostring(a[field[1]]),
        tostring(b[field[1]]))
    end
  end
  for name, record in pairs({ A = a, B = b }) do
    if record.status ~= "ok" then
      list[#list + 1] = ("%s ended as: %s"):format(name, tostring(record.status))
    end
  end
  table.sort(list)
  return list
end

---@param a table record
---@param b table record
---@param lines table[] of the history, for the noise
---@return table document as `--json` prints it
function M.document(a, b, lines)
  local set = series.of(lines, b)
  local totals = {}
  local first, second = a.totals or {}, b.totals or {}
  local whole = set.by_key[series.key("run", "run", "duration")]
  totals[1] = row_of("wall", number(first.wall), number(second.wall),
    whole and robust.noise(whole.values))
  totals[2] = row_of("cpu", number(first.cpu), number(second.cpu))
  totals[3] = row_of("critical path", number(first.critical_path), number(second.critical_path))
  return { a = a.id, b = b.id, cautions = json.array(cautions(a, b)), totals = json.array(totals),
    tasks = json.array(task_rows(a, b, set)) }
end

local function cells(row)
  return { row.id, row.a and units.format_duration(row.a) or "-",
    row.b and units.format_duration(row.b) or "-",
    row.change and ("%+.1f %%"):format(row.change * 100) or "-",
    row.noise and ("%.0f %%"):format(row.noise * 100) or "-", row.verdict or "" }
end

---@param document table of document()
---@return string
function M.text(document)
  local out = { ("A: %s\nB: %s\n"):format(document.a, document.b) }
  for _, caution in ipairs(document.cautions) do out[#out + 1] = "note: " .. caution .. "\n" end
  local rows = { { "", "A", "B", "change", "noise", "" } }
  for _, row in ipairs(document.totals) do rows[#rows + 1] = cells(row) end
  -- The greatest differences come first.
  local count, most = #document.tasks, MOST_ROWS
  for i = 1, math.min(count, most) do rows[#rows + 1] = cells(document.tasks[i]) end
  out[#out + 1] = columns.render(rows, "")
  if count > most then
    out[#out + 1] = ("and %d more tasks that differ less (--json has all)\n"):format(count - most)
  end
  out[#out + 1] = "two single runs; `perf check` says what is certain\n"
  return table.concat(out)
end

---@param from ggen.perf.Source
---@param args table
---@return integer code
function M.run(from, args)
  local a = from:record(args.words[1] or "last~1")
  local b = from:record(args.words[2] or "last")
  local document = M.document(a, b, from:lines(LINES))
  if args.json then source.print_json("compare", document) else io.write(M.text(document)) end
  return 0
end

return M
