-- Which files a task has probably missed in a clean room: names in what it said that are there in
-- the project and were not there in the room. A guess, for a message.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local paths = require("ggen.paths")

local M = {}

local MOST = 3 -- files that are named
local MOST_WORDS = 2000 -- that are looked at
local MOST_SEARCHES = 3 -- through all files, for names without a directory

-- What a module is called, and the file that it is in.
local SUFFIXES = { "", ".py", ".js", ".mjs", ".ts", ".lua", ".rb", ".h", "/__init__.py",
  "/index.js", "/index.ts" }

-- How programs say that a file is missing.
local MISSING = { "no such file", "not found", "cannot find", "can't find", "can't open",
  "cannot open", "cannot access", "does not exist", "no module named", "could not find",
  "could not open", "unable to open" }

local function sounds_missing(line)
  line = line:lower()
  for _, text in ipairs(MISSING) do
    if line:find(text, 1, true) then return true end
  end
  return false
end

-- The words of a text that may be names of files, each once, the last first: with how it went on.
local function words_of(text)
  local list, seen = {}, {}
  for line in text:gmatch("[^\n]+") do
    local missing = sounds_missing(line)
    for word in line:gmatch("[%w%._/+@~#=-]+") do
      word = word:gsub("^[.=]+$", ""):gsub("%.+$", ""):gsub("^%-%a=?", "")
      if word:find("%w") and not seen[word] then
        seen[word] = true
        table.insert(list, 1, { word = word, missing = missing })
        if #list > MOST_WORDS then table.remove(list) end
      end
    end
  end
  return list
end

---@class ggen.MissedIn
---@field root string of the project, absolute
---@field room string the directory that took its place
---@field cwd string absolute, in which names begin
---@field ours fun(path: string): boolean whether the task makes it itself

-- The path relative to the root if it is there, and was not in the room.
local function missed_at(where, path)
  if not path or path == "" or path:find("^%.ggen") or path:find("^%.git/") then return nil end
  local there = fs.stat(where.root .. "/" .. path)
  if not there or fs.stat(where.room .. "/" .. path) or where.ours(path) then return nil end
  return path .. (there.type == "directory" and "/" or "")
end

local function resolved(where, word)
  if word:sub(1, 1) == "/" then
    local inside = word:sub(1, #where.root + 1) == where.root .. "/"
    return { inside and paths.normalised(word:sub(#where.root + 2)) or nil }
  end
  local base = paths.relative_dir(where.cwd, where.root)
  return { paths.joined(base, word) or nil, base ~= "" and paths.normalised(word) or nil }
end

local function by_name(where, word)
  for _, suffix in ipairs(SUFFIXES) do
    for _, path in pairs(resolved(where, word .. suffix)) do
      local found = missed_at(where, path)
      if found then return found end
    end
  end
  local as_path = word:find("^[%w_]+[%w_.]*$") and word:find(".", 1, true) and word:gsub("%.", "/")
  if not as_path then return nil end
  for _, suffix in ipairs({ ".py", "/__init__.py", ".lua" }) do
    local found = missed_at(where, resolved(where, as_path .. suffix)[1])
    if found then return found end
  end
end

-- A name without its directory, as compilers say it of an include file.
local function anywhere(where, word)
  local found = fs.glob(where.root, { "**/" .. paths.escaped(word) })
  for _, path in ipairs(found or {}) do
    local missed = missed_at(where, path)
    if missed then return missed end
  end
end

---@param text string what the task said, or the end of it
---@param where ggen.MissedIn
---@return string[] paths relative to the root, at most three
function M.of(text, where)
  local found, known, searches = {}, {}, 0
  local function add(path)
    if path and not known[path] and #found < MOST then
      known[path] = true
      found[#found + 1] = path
    end
  end
  local words = words_of(text)
  for _, entry in ipairs(words) do add(by_name(where, entry.word)) end
  if #found > 0 then return found end
  for _, entry in ipairs(words) do
    if entry.missing and entry.word:find("[%w_]%.%a") and searches < MOST_SEARCHES then
      searches = searches + 1
      add(anywhere(where, entry.word))
    end
  end
  return found
end

return M
