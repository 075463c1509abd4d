-- Why a task runs, in words: what moved since it ran last, by kind and name.
-- SPDX-License-Identifier: MIT
local harmless = require("ggen.harmless")
local sorted = require("ggen.sorted")
local units = require("ggen.units")

local M = {}

local SHOWN = 3 -- changes that are named before "and N more"

---@alias ggen.ReasonOf fun(need: string): string?, boolean? why that task ran, if that is known,
---and whether it has outputs

---@class ggen.Reason
---@field text string one line: "src/a.c changed; env CC gcc -> clang"
---@field first string? the first change, short: "src/a.c"
---@field changes table[]? { kind=, name=, before=, after= }
---@field against string? key of the result that it was compared with

local function short(text)
  if #text > 40 then return text:sub(1, 37) .. "..." end
  return text
end

-- A variable's value comes behind a "=".
local function value_of(part)
  local value = part:gsub("^=", "")
  return value == "" and "(empty)" or short(value)
end

-- "gcc -> clang"; a value that is stored as a digest is only said to have changed.
local function from_to(change)
  local before, after = change.before, change.after
  if not before or before == "" then
    return (after and after ~= "") and "is now " .. value_of(after) or "changed"
  end
  if not after or after == "" then return "is not set any more" end
  if before:find("^function ") then return "changed" end
  if before:find("^=?sha256:") or after:find("^=?sha256:") then return "changed" end
  return ("%s -> %s"):format(value_of(before), value_of(after))
end

local function input(change)
  local before = change.before and change.before:sub(1, 1) or "-"
  local after = change.after and change.after:sub(1, 1) or "-"
  if not change.before and after == "-" then return change.name .. " is missing" end
  if before == "-" then return change.name .. " is new" end
  if after == "-" then return change.name .. " is gone" end
  local files = { f = true, x = true }
  if before ~= after and not (files[before] and files[after]) then
    local words = { f = "a file", x = "a file", l = "a link", d = "a directory" }
    return ("%s is now %s"):format(change.name, words[after] or "something else")
  end
  if before ~= after and change.before:sub(2) == change.after:sub(2) then
    return change.name .. (after == "x" and " is now executable" or " is not executable any more")
  end
  return change.name .. " changed"
end

-- A plugin's version, digest of its code and options (definition.lua), or what one has added.
local PLUGIN = "^(%S*) (%x*) ([{%[].*)$"

local function plugin(change)
  local version, code, options = (change.before or ""):match(PLUGIN)
  local new_version, new_code, new_options = (change.after or ""):match(PLUGIN)
  if not version or version ~= new_version then
    return change.name .. " " .. from_to({ before = version or change.before,
      after = new_version or change.after })
  end
  if code ~= new_code then return "the code of " .. change.name .. " changed" end
  return ("the options of %s %s"):format(change.name, from_to({ before = options,
    after = new_options }))
end

-- "image a -> b; ports changed": what is not the same in two values that are told as JSON.
local function differences(before, after)
  local json = require("ggen.core.json")
  local ok, old, new = pcall(function() return json.decode(before), json.decode(after) end)
  if not ok or type(old) ~= "table" or type(new) ~= "table" then return "changed" end
  local names, parts = {}, {}
  for _, value in ipairs({ old, new }) do
    for name in pairs(value) do names[tostring(name)] = true end
  end
  for name in sorted.pairs(names) do
    local first, second = old[name], new[name]
    local plain = type(first) ~= "table" and type(second) ~= "table"
    if plain and first ~= second then
      parts[#parts + 1] = name .. " " .. from_to({ before = first ~= nil and tostring(first) or nil,
        after = second ~= nil and tostring(second) or nil })
    elseif not plain and (type(first) ~= type(second)
      or json.encode(first) ~= json.encode(second)) then
      parts[#parts + 1] = name .. " changed"
    end
  end
  return #parts > 0 and table.concat(parts, "; ") or "changed"
end

local function service(change)
  if not change.before then return "leases " .. change.name .. " now" end
  if not change.after then return "does not lease " .. change.name .. " any more" end
  return ("its service %s: %s"):format(change.name, differences(change.before, change.after))
end

local words = {
  service = service,
  lease = function(change) return ("how it leases %s changed"):format(change.name) end,
  cleanroom = function(change)
    return change.after and "it is a clean room now" or "it is no clean room any more"
  end,
  below = function(change) return "what " .. change.name .. " needs made other outputs" end,
  input = input,
  env = function(change) return "env " .. change.name .. " " .. from_to(change) end,
  key_env = function(change) return "env " .. change.name .. " " .. from_to(change) end,
  command = function() return "its command changed" end,
  shell = function() return "its shell changed" end,
  tool = function(change)
    local how = change.after == "" and "is gone" or change.before == "" and "is there now"
    return ("the program %s %s"):format(change.name, how or "changed")
  end,
  outputs = function(change)
    return ("its outputs: %s %s"):format(change.name, change.before and "is out" or "is new")
  end,
  version = function(change) return "its version " .. from_to(change) end,
  platform = function(change) return "the platform " .. from_to(change) end,
  plugin = plugin,
  matrix = function(change) return "matrix " .. change.name .. " " .. from_to(change) end,
  cwd = function(change) return "its directory " .. from_to(change) end,
  stdin = function() return "its stdin changed" end,
  container = function(change) return "its container " .. from_to(change) end,
}

local function in_words(change, reason_of)
  if change.kind == "need" then
    if not change.before then return "needs " .. change.name .. " now" end
    if not change.after then return "does not need " .. change.name .. " any more" end
    local why, has_outputs
    if reason_of then why, has_outputs = reason_of(change.name) end
    return ("needs %s (%s)"):format(change.name, why and "its " .. why
      or has_outputs and "its outputs" or "it is not what it was")
  end
  local word = words[change.kind]
  return word and word(change) or ("%s %s changed"):format(change.kind, change.name)
end

---One change in words.
---@param change table { kind=, name=, before=, after= }
---@param reason_of ggen.ReasonOf?
---@return string
function M.word(change, reason_of) return harmless.line(in_words(change, reason_of)) end

-- What a reader calls a change in passing.
local function brief(change, reason_of)
  if change.kind == "input" then return change.name end
  if change.kind == "need" then
    local why = reason_of and reason_of(change.name)
    return "needs " .. change.name .. (why and ", its " .. why or "")
  end
  if change.kind == "below" then return "what " .. change.name .. " needs" end
  return change.kind == "key_env" and "env " .. change.name or change.kind .. " " .. change.name
end

---@return ggen.Reason
function M.forgotten()
  return { text = "its key changed (what it was made of is not stored any more)" }
end

---@param changes table[]
---@param reason_of ggen.ReasonOf?
---@return ggen.Reason
function M.of(changes, reason_of)
  local parts = {}
  for i, change in ipairs(changes) do
    if i > SHOWN and #changes > SHOWN + 1 then
      parts[#parts + 1] = ("and %d more"):format(#changes - SHOWN)
      break
    end
    parts[#parts + 1] = M.word(change, reason_of)
  end
  return { text = table.concat(parts, "; "), changes = changes,
    first = changes[1] and harmless.line(brief(changes[1], reason_of)) }
end

---@return ggen.Reason
function M.first_run() return { text = "first run" } end

local NOT_KEPT = {
  altered = "it changes outputs of the task that it is a hook of",
  ended = "the last run was ended by --timeout",
  failed = "the last run failed",
  interrupted = "the last run was interrupted",
  missing = "its last result was not kept: declared outputs were not made",
  moved = "its last result was not kept: its inputs changed while it ran",
}

---@param outcome string of the last run, which left nothing that may be relied upon
---@return ggen.Reason
function M.not_kept(outcome)
  return { text = NOT_KEPT[outcome] or "its last result was not kept" }
end

---Its key is the one that it had, and what it made is not there any more.
---@async
---@param cache ggen.Cache
---@param found table of assess()
---@return ggen.Reason
function M.outputs_moved(cache, found)
  local text = found.outputs_moved and "its outputs are not what it made" or "its result is gone"
  local evicted = cache.stores.directory and cache:wait("eviction", found.key)
  if evicted then
    text = ("%s, and the stored result was evicted %s ago by %s (%s)"):format(text,
      units.format_duration(math.max(0, os.time() - evicted.time)), evicted.policy, evicted.reason)
  end
  return { text = text }
end

---Why a task has no key.
---@param problem string? what the engine could not look at: "open d/sub: Permission denied"
---@return string
function M.without_key(problem)
  if not problem then return "what it needs has no key" end
  local directory, rest = problem:match("^in (.+): (%l+ .+: %u[^:]*)$")
  local path, why = (rest or problem):match("^%l+ (.+): (%u[^:]*)$")
  if path then
    return ("not cached: its input %s cannot be read (%s)"):format(
      directory and directory .. "/" .. path or path, why)
  end
  path, why = problem:match("^(.+): (%l[^:]*)$")
  if not path then return "not cached: " .. problem end
  return ("not cached: its input %s %s%s"):format(path, why:find("^not ") and "is " or "", why)
end

return M
