-- What is compared: finds the run or the file that a word means, and reads it into a tree of spans.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local spans = require("ggen.core.spans")
local words = require("ggen.diff.words")

local M = {}

-- More than that of JSON is not read into memory.
local MOST = 1024 ^ 3

---@class ggen.diff.Side
---@field label string how it is named in messages
---@field detail string? what else there is to say of a run
---@field trace userdata a tree of spans
---@field about { format: string, spans: integer, roots: integer, wall: number?, notes: string[] }
---@field run string? id, of a run
---@field record table? of a run
---@field problem string? why the newest run is not the last one

local function history(dir)
  return require("ggen.history").open(require("ggen.locate").find_runs(dir) or dir)
end

-- "2026-11-21 21:12:53 UTC, commit 1402f91"
local function detail_of(record)
  local text, git = record.time:gsub("T", " "):gsub("%.%d+Z$", " UTC"), record.git
  local commit = type(git) == "table" and type(git.commit) == "string" and git.commit:sub(1, 7)
  if not commit then return text end
  return ("%s, commit %s%s"):format(text, commit, git.dirty == true and " and changes" or "")
end

-- Without its tree: of which phases that tells depends on what it is compared with.
local function from_record(record, label, problem)
  return { label = label or "run " .. record.id, detail = detail_of(record), run = record.id,
    record = record, problem = problem }
end

-- "line 3, column 5: a comma is missing" as a fault of that line.
local function raise_in(file, message)
  local line, rest = words.harmless(message):match("^line (%d+), (.*)$")
  error(fault.new({ message = rest or words.harmless(message), file = file,
    line = tonumber(line) }), 0)
end

-- What comes out of a pipe, as with `ggen-lua diff <(fetch one) two.json`.
local function from_pipe(texts, path)
  local file, message = io.open(path, "rb")
  local text
  if file then
    text, message = file:read("*a")
    file:close()
  end
  if not text then return nil, message, "io" end
  return spans.parse(texts, text)
end

local function from_file(texts, path, word, is_file)
  local trace, message, kind = (is_file and spans.read or from_pipe)(texts, path, MOST)
  if not trace then
    if kind == "invalid" then raise_in(word, message) end
    if kind == "limit" then
      fault.raise("the file is larger than 1 GiB: compare a part of it", word)
    end
    fault.raise(message)
  end
  local about = trace:about()
  if about.format == "record" and not is_file then
    fault.raise("the record of a run is read from a file only", word)
  elseif about.format == "record" then
    return from_record(require("ggen.history").read(path), word)
  end
  return { label = word, trace = trace, about = about }
end

local function missing_file(path, word)
  local folder, name = path:match("^(.*)/([^/]*)$")
  local names = {}
  for i, entry in ipairs(fs.list(folder == "" and "/" or folder) or {}) do names[i] = entry.name end
  fault.raise("there is no such file" .. require("ggen.suggest").hint(name, names), word)
end

local function side(texts, dir, word)
  if word ~= "" and word ~= "last" and not word:find("^last~%d+$") then
    local path = word:sub(1, 1) == "/" and word or dir .. "/" .. word
    local info = fs.stat(path)
    if info and info.type == "directory" then
      fault.raise("this is a directory; a file with a trace, or a run, expected", word)
    end
    if info then
      return from_file(texts, require("ggen.locate").display(path, fs.cwd()), word,
        info.type == "file")
    end
    if word:find("/", 1, true) or word:find("%.jsonl?$") then missing_file(path, word) end
  end
  local record, problem = history(dir):record(word)
  return from_record(record, nil, problem)
end

---The two sides of a comparison. Both share their texts.
---@param dir string absolute
---@param before string? the last run but one when there is neither
---@param after string? the last run
---@return ggen.diff.Side before, ggen.diff.Side after
function M.pair(dir, before, after)
  if not before and #history(dir):records() < 2 then
    fault.raise("diff: there are no two runs to compare yet; run again, or name two files")
  end
  local texts = spans.texts()
  local a = side(texts, dir, before or "last~1")
  if not after and not a.run then
    fault.raise(("diff: what is %s compared with? Name a second file"):format(before))
  end
  local b = side(texts, dir, after or "last")
  require("ggen.diff.record_spans").complete(texts, a, b)
  if a.problem then table.insert(a.about.notes, a.problem) end
  if b.problem and b.problem ~= a.problem then table.insert(b.about.notes, b.problem) end
  return a, b
end

return M
