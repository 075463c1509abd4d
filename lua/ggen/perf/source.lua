-- Where `ggen-lua perf` has its figures from: the directory of the project, its history, its
-- records, its targets. Says what is wrong with them, once.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local harmless = require("ggen.harmless")
local history = require("ggen.history")
local json = require("ggen.core.json")
local locate = require("ggen.locate")
local units = require("ggen.units")

local M = {}

---@class ggen.perf.Source
---@field dir string absolute
---@field here string absolute, where one stands
---@field args table of the command line
---@field history table of ggen.history
local Source = {}
Source.__index = Source

---The history of the project that one stands in. A directory with only a `.ggen` will do: that is
---what CI leaves behind.
---@param args table
---@return ggen.perf.Source
function M.open(args)
  local here = cli.directory(args)
  local dir = locate.find_runs(here)
  if not dir then
    fault.raise("perf: there is no pipeline.lua, no make.toml and no .ggen here or in a directory"
      .. " above")
  end
  return setmetatable({ dir = dir, args = args, here = here, history = history.open(dir) }, Source)
end

local function plural(count, one, many)
  return ("%d %s"):format(count, count == 1 and one or many)
end

---@param text string
function Source:warn(text)
  self._said = self._said or {}
  if self._said[text] then return end
  self._said[text] = true
  io.stderr:write("ggen-lua: warning: ", harmless.text(text), "\n")
end

---The newest lines of the history, oldest first.
---@param most integer
---@return table[]
function Source:lines(most)
  local opened = self.history
  -- Who says how many gets as many, however long they are.
  local lines = opened:lines({ most = most, bytes = self.args.count and math.huge or nil })
  if opened.problem then
    self:warn((".ggen/history.jsonl cannot be read: %s"):format(opened.problem))
  end
  if (opened.damaged or 0) > 0 then
    self:warn((".ggen/history.jsonl: %s left out"):format(plural(opened.damaged,
      "damaged line was", "damaged lines were")))
  end
  if (opened.foreign or 0) > 0 then
    self:warn((".ggen/history.jsonl: %s left out"):format(plural(opened.foreign,
      "line of another version of ggen-lua was", "lines of another version of ggen-lua were")))
  end
  if opened.unread > 0 then
    self:warn(("only the newest %s of .ggen/history.jsonl were looked at: %s further back were not"
      .. " read (perf history -n %d reads as many as it is asked for)"):format(plural(#lines, "run",
      "runs"), units.format_size(opened.unread), most))
  end
  return lines
end

---As lines(), where nothing can be said without any.
---@param most integer
---@return table[]
function Source:some_lines(most)
  local lines = self:lines(most)
  if #lines == 0 then
    local problem, records = self.history.problem, #self.history:records()
    if problem then
      fault.raise(("perf: .ggen/history.jsonl cannot be read: %s"):format(problem))
    elseif self.history.damaged + self.history.foreign > 0 then
      fault.raise("perf: no line of .ggen/history.jsonl can be used: move it away, and run"
        .. " something (ggen-lua run)")
    elseif records > 0 then
      fault.raise(("perf: .ggen/history.jsonl has no line, though .ggen/runs has %s: restore it"
        .. " from where .ggen came from, or run something (ggen-lua run)"):format(plural(records,
        "record", "records")))
    end
    fault.raise("perf: no run is recorded yet: run something first (ggen-lua run), and see that the"
      .. " pipeline does not turn recording off (observer.history)")
  end
  return lines
end

---@param ref string
---@return table record
function Source:record(ref)
  if not ref:find("/", 1, true) and not ref:find("%.json$") and #self.history:records() == 0 then
    local runs, lines = fs.stat(self.dir .. "/.ggen/runs"), self.history:lines({ most = 1 })
    if runs and runs.type ~= "directory" then
      fault.raise("perf: .ggen/runs is no directory: remove it, and run something (ggen-lua run)")
    elseif #lines > 0 then
      fault.raise(("perf: .ggen/runs has no record, though .ggen/history.jsonl knows of the run %s:"
        .. " run something (ggen-lua run)"):format(lines[1].id))
    end
    fault.raise("perf: no run is recorded yet: run something first (ggen-lua run)")
  end
  -- Files are named from the directory that one stands in, as -C says it.
  local record, problem = self.history:record(ref, self.here)
  if problem then self:warn(problem) end
  return record
end

---Those that were there before a run.
---@param lines table[]
---@param id string of the run
---@return table[]
function M.before(lines, id)
  local earlier = {}
  for _, line in ipairs(lines) do
    if line.id == id then return earlier end
    earlier[#earlier + 1] = line
  end
  -- Its own line is gone, or further back: ids sort by time.
  local older = {}
  for _, line in ipairs(earlier) do
    if tostring(line.id) < tostring(id) then older[#older + 1] = line end
  end
  return older
end

---The targets that the pipeline names, nil without any. A pipeline that does not load has none: its
---history is there all the same.
---@param project ggen.Project? where it is open already
---@return table? targets
function Source:targets(project)
  if not locate.find(self.dir) then return nil end
  local loaded, module = pcall(require, "ggen.targets")
  if not loaded then return nil end
  local ok, result = pcall(function()
    return module.of_project(project or require("ggen.session").open(self.args))
  end)
  if not ok then
    self:warn(("the targets of the pipeline are not known: %s"):format(tostring(result)))
    return nil
  end
  return result
end

---@param row { commit: string?, time: string?, id: string? } of the history
---@return string? "4f2c91a", or the time where git knows nothing
function M.since(row)
  if not row then return nil end
  if type(row.commit) == "string" and #row.commit >= 7 then return row.commit:sub(1, 7) end
  return type(row.time) == "string" and M.time(row) or row.id
end

---@param row { time: any }
---@return string "2026-11-01 08:00:00"
function M.time(row)
  local day, clock = tostring(row.time):match("^(%d+-%d+-%d+)T(%d+:%d+:%d+)")
  return day and day .. " " .. clock or "?"
end

local VERSION = 1 -- of the documents

---Prints a document for programs.
---@param action string what made it: schema "ggen-perf-ACTION"
---@param document table
function M.print_json(action, document)
  document.schema, document.version = "ggen-perf-" .. action, VERSION
  io.write(fault.check(json.encode(document, { indent = 2, invalid_utf8 = "replace" })), "\n")
end

---A number of a document that others wrote.
---@param value any
---@return number? number nil for anything else, also for null
function M.number(value)
  return type(value) == "number" and value == value and value or nil
end

return M
