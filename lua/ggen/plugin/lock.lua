-- ggen-lock.json: which rocks a project has taken, with the digests of their files and what it
-- grants them. One rock a line, sorted, so that a change is one line of a diff. Knows the form of
-- the file, and nothing of where rocks come from or lie.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local json = require("ggen.core.json")
local schema = require("ggen.schema")

local M = {}

M.FILE, M.VERSION = "ggen-lock.json", 1

local MOST_BYTES = 16 * 1024 * 1024

---@class ggen.LockedRock a line of the lock
---@field name string? of the plugin: "scheduler.lifo"; a rock that only others need has none
---@field rock string "ggen-scheduler-lifo"
---@field version string with the revision: "1.0.0-1"
---@field source string where it came from: "https://...", "file:...", "git+...#commit"
---@field api (string|integer)? of its manifest
---@field permissions string[]? that the project grants
---@field trust "environment"|"process"|nil
---@field needed_by string[]? rocks, when it was not asked for itself
---@field built boolean? something was compiled for it (add --allow-build)
---@field files table<string, string> sha256 of each, by the path below share/lua/5.1

---@class ggen.Lock
---@field version integer
---@field plugins ggen.LockedRock[] plugins by name, then what only they need

---Says what is wrong with the path of a file in a tree of rocks.
---@param path string
---@return string? problem
function M.path_problem(path)
  if path == "" or #path > 1024 then return "a path of 1 to 1024 characters expected" end
  if path:find("[%c\\]") then return "there is a character in it that no path of a module has" end
  if path:sub(1, 1) == "/" then return "it is absolute" end
  for part in (path .. "/"):gmatch("([^/]*)/") do
    if part == "" or part == "." or part == ".." then return "it leads elsewhere" end
  end
end

local function files_problem(files)
  for path, digest in pairs(files) do
    local problem = M.path_problem(path)
    if problem then return ("the path %q: %s"):format(path, problem) end
    if #digest ~= 64 or digest:find("[^%x]") then
      return ("%s: the 64 hexadecimal digits of a SHA-256 expected"):format(path)
    end
  end
end

local function permissions_problem(texts)
  for _, text in ipairs(texts) do
    local _, message = require("ggen.isolation.permissions").parse(text)
    if message then return message end
  end
end

local function pattern(matches, what)
  return { type = "string", required = true, check = function(text)
    if #text > 4096 or not text:find(matches) then return what .. " expected" end
  end }
end

local TEXTS = { type = "list", of = { type = "string" } }
local rock = { type = "record", fields = {
  name = { type = "string", check = function(text)
    if not text:find("^%l+%.[%w_%-]+$") then return '"KIND.NAME" expected' end
  end },
  rock = pattern("^[%w_%-%.]+$", "the name of a rock"),
  version = pattern("^[%w%.]+%-%d+$", 'a version with its revision ("1.0.0-1")'),
  source = pattern("^[^%c]+$", "where it came from"),
  api = { type = "union", expects = "a level of the API",
    any_of = { { type = "integer" }, { type = "string" } } },
  permissions = { type = "list", of = { type = "string" }, check = permissions_problem },
  trust = { type = "enum", values = { "environment", "process" } },
  needed_by = TEXTS,
  built = { type = "boolean" },
  files = { type = "map", of = { type = "string" }, required = true, check = files_problem },
} }
local document = { type = "record", fields = {
  version = { type = "integer", required = true },
  plugins = { type = "list", of = rock, required = true },
} }

local function key(entry) return (entry.name and "0" or "1") .. (entry.name or entry.rock) end

---@param plugins ggen.LockedRock[] sorted in place
function M.sort(plugins)
  table.sort(plugins, function(a, b)
    if key(a) ~= key(b) then return key(a) < key(b) end
    return a.rock < b.rock
  end)
end

-- What no two lines may have.
local function doubled(plugins)
  local seen, owners = {}, {}
  for _, entry in ipairs(plugins) do
    for _, name in ipairs({ entry.rock, entry.name }) do
      if seen[name] then return ("%q is there twice"):format(name) end
      seen[name] = true
    end
    for path in pairs(entry.files) do
      if owners[path] then
        return ("%s is a file of %s and of %s"):format(path, owners[path], entry.rock)
      end
      owners[path] = entry.rock
    end
  end
end

---The path of the file that a plugin is.
---@param entry ggen.LockedRock with a name
---@return string? path below share/lua/5.1; nil when no file of it can be it
function M.main_file(entry)
  local base = "ggen/plugins/" .. entry.name:gsub("%.", "/", 1)
  for _, path in ipairs({ base .. ".lua", base .. "/init.lua" }) do
    if entry.files[path] then return path end
  end
end

local MERGE = "git has merged two of it and left its marks (<<<<<<<)"
local GOOD = "git checkout " .. M.FILE .. ", or remove it and add the plugins again"

---What to do about a lock that cannot be used.
---@param message string
---@return string
function M.fix(message)
  if message == MERGE then
    return "keep the lines of both sides, a rock is a line of its own, or take one side; then"
      .. " ggen-lua plugin sync"
  end
  return message:find("take a newer ggen-lua", 1, true) and "take a newer ggen-lua" or GOOD
end

-- What the JSON is, when its version is one that we know.
local function decode(text)
  if ("\n" .. text):find("\n<<<<<<< ", 1, true) then return nil, MERGE end
  local value, message = json.decode(text)
  if value == nil then return nil, "it is no JSON: " .. tostring(message) end
  local version = type(value) == "table" and rawget(value, "version")
  if type(version) == "number" and version > M.VERSION then
    return nil, ("it is of version %g, and this ggen-lua knows version %d: take a newer ggen-lua")
      :format(version, M.VERSION)
  end
  if type(version) == "number" and version ~= M.VERSION then
    return nil, ("there is no version %g"):format(version)
  end
  return value
end

local function complete(entry)
  if not entry.name then return true end
  entry.permissions, entry.trust = entry.permissions or {}, entry.trust or "environment"
  if M.main_file(entry) then return true end
  return nil, ("%s: none of its files is the plugin"):format(entry.name)
end

---@param text string
---@return ggen.Lock?
---@return string? message
function M.decode(text)
  local value, message = decode(text)
  if value == nil then return nil, message end
  local checked, wrong, where = schema.check(document, value)
  if checked == nil then return nil, schema.message(wrong, where) end
  for _, entry in ipairs(checked.plugins) do
    local ok
    ok, message = complete(entry)
    if not ok then return nil, message end
  end
  local problem = doubled(checked.plugins)
  if problem then return nil, problem end
  M.sort(checked.plugins)
  return checked
end

---The same for those who look a few plugins up at each start: of the others only the form is
---looked at.
---@param text string
---@return ggen.Lock? lock its lines have to pass check_entry()
---@return string? message
function M.decode_unchecked(text)
  local value, message = decode(text)
  if value == nil then return nil, message end
  local plugins = type(value) == "table" and value.version and value.plugins
  local sound = type(plugins) == "table"
  for i = 1, sound and #plugins or 0 do
    local entry = plugins[i]
    sound = sound and type(entry) == "table" and type(entry.files) == "table"
  end
  if sound then return value end
  return M.decode(text) -- which says what is wrong
end

local TRUST = { environment = true, process = true }

-- Whether a line is right beyond doubt, in little time.
local function is_sound(entry)
  for name in pairs(entry) do
    if not rock.fields[name] then return false end
  end
  return type(entry.rock) == "string" and type(entry.version) == "string"
    and type(entry.source) == "string" and type(entry.permissions) == "table"
    and TRUST[entry.trust] and entry.needed_by == nil and entry.built == nil
    and (type(entry.api) == "string" or type(entry.api) == "number")
    and pcall(files_problem, entry.files) and not files_problem(entry.files)
    and pcall(permissions_problem, entry.permissions) and not permissions_problem(entry.permissions)
end

---Looks at a line of such a lock.
---@param entry table
---@return ggen.LockedRock?
---@return string? message
function M.check_entry(entry)
  if is_sound(entry) and M.main_file(entry) then return entry end
  local checked, wrong, where = schema.check(rock, entry)
  if checked == nil then return nil, schema.message(wrong, where) end
  local ok, message = complete(checked)
  if not ok then return nil, message end
  return checked
end

local FIELDS = { "name", "rock", "version", "source", "api", "permissions", "trust", "needed_by",
  "built" }
local LISTS = { permissions = true, needed_by = true }

local function line_of(entry)
  local parts, files = {}, {}
  local function add(name, value) parts[#parts + 1] = json.encode(name) .. ":" .. value end
  for _, name in ipairs(FIELDS) do
    local value = entry[name]
    if value ~= nil then add(name, json.encode(LISTS[name] and json.array(value) or value)) end
  end
  for path, digest in require("ggen.sorted").pairs(entry.files) do
    files[#files + 1] = json.encode(path) .. ":" .. json.encode(digest)
  end
  add("files", "{" .. table.concat(files, ",") .. "}")
  return "{" .. table.concat(parts, ",") .. "}"
end

---@param lock ggen.Lock
---@return string text
function M.encode(lock)
  M.sort(lock.plugins)
  local lines = {}
  for i, entry in ipairs(lock.plugins) do lines[i] = line_of(entry) end
  return ('{"version":%d,"plugins":[\n%s%s]}\n'):format(M.VERSION, table.concat(lines, ",\n"),
    #lines > 0 and "\n" or "")
end

---@param dir string absolute directory of the project
---@return string path
function M.path(dir) return (dir == "/" and "" or dir) .. "/" .. M.FILE end

---@param dir string absolute directory of the project
---@param with? fun(text: string): ggen.Lock?, string? instead of decode()
---@return ggen.Lock? lock nil when there is none
---@return string? message when there is one that cannot be used
function M.read(dir, with)
  local text, message, kind = fs.read(M.path(dir), MOST_BYTES)
  if text then return (with or M.decode)(text) end
  if kind == "not_found" then return nil end
  return nil, "it cannot be read: " .. message
end

---Says that the lock of a project is no good.
---@param dir string
---@param message string
function M.refuse(dir, message)
  local fix = M.fix(message)
  require("ggen.fault").raise(message:find(fix, 1, true) and message
    or ("%s (%s)"):format(message, fix), require("ggen.locate").display(M.path(dir), fs.cwd()))
end

---The same for those who cannot go on with a lock that is no good.
---@param dir string
---@param with? fun(text: string): ggen.Lock?, string?
---@return ggen.Lock? lock raises a fault
function M.open(dir, with)
  local lock, message = M.read(dir, with)
  if message then M.refuse(dir, message) end
  return lock
end

---@param dir string
---@param lock ggen.Lock
---@return boolean? done
---@return string? message
function M.write(dir, lock) return fs.write(M.path(dir), M.encode(lock)) end

return M
