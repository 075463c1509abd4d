-- The contract of finding workspaces: a list of directories of the project, read through the load
-- that is going on, or what is wrong and where.
-- SPDX-License-Identifier: MIT
local a_load = require("ggen.contract.a_load")
local values = require("ggen.contract.values")
local world = require("ggen.contract.world")

local M = { order = { "find" }, around = a_load.around, needs = { "find" } }

function M.scene(suite)
  a_load.files(suite)
  return {}
end

M.calls = { find = function(_, suite) return { suite.dir } end }

local function is_outside(dir)
  if dir:sub(1, 1) == "/" then return true end
  local depth = 0
  for part in dir:gmatch("[^/]+") do
    depth = depth + (part == ".." and -1 or part ~= "." and 1 or 0)
    if depth < 0 then return true end
  end
  return false
end

-- What messages say of a name that is none, by the host's own rules.
local function wrong_name(name)
  local fields = require("ggen.fields")
  return select(2, require("ggen.schema").check(fields.name, name))
end

local function is_list_of_texts(list)
  if type(list) ~= "table" then return false end
  for key, value in pairs(list) do
    if type(key) ~= "number" or type(value) ~= "string" then return false end
  end
  return true
end

local function problem_of(entry, names, dirs)
  if type(entry) ~= "table" then return "an entry is a table: { name = ..., dir = ... }" end
  if type(entry.name) ~= "string" or not entry.name:find("%S") then
    return "each has a name, a text"
  end
  local wrong = wrong_name(entry.name)
  if wrong then return ("each has a name of which tasks are named, and not %s: %s"):format(
    values.show(entry.name), wrong) end
  if type(entry.dir) ~= "string" or is_outside(entry.dir) then
    return "each has a directory below the root, relative to it"
  end
  local dir = entry.dir:gsub("/+$", "")
  if names[entry.name] or dirs[dir] then return "each name and each directory once" end
  names[entry.name], dirs[dir] = true, true
  if entry.depends_on ~= nil and not is_list_of_texts(entry.depends_on) then
    return "depends_on is a list of names"
  end
  if entry.tasks ~= nil and type(entry.tasks) ~= "table" then return "tasks is a table by name" end
end

local function is_directory(root, dir)
  return world.outside(function()
    local stat = require("ggen.core.fs").stat(root .. "/" .. dir)
    return stat ~= nil and stat.type == "directory"
  end)
end

-- Whether somebody depends on itself, by however many others: `open` are those on the way.
local function is_circle(entry, by_name, open, done)
  if done[entry] then return false end
  if open[entry] then return true end
  open[entry] = true
  for _, other in ipairs(entry.depends_on or {}) do
    if is_circle(by_name[other], by_name, open, done) then return true end
  end
  open[entry], done[entry] = nil, true
  return false
end

local function wrong_list(list, root)
  local names, dirs = {}, {}
  for key in pairs(list) do
    if type(key) ~= "number" or key < 1 or key > #list then
      return "a list, without names: { { name = ..., dir = ... }, ... }"
    end
  end
  for _, entry in ipairs(list) do
    local problem = problem_of(entry, names, dirs)
    if problem then return problem end
    if not is_directory(root, entry.dir) then
      return ("each directory is there: %s is not"):format(values.show(entry.dir))
    end
  end
  for _, entry in ipairs(list) do
    for _, other in ipairs(entry.depends_on or {}) do
      if not names[other] then
        return ("depends_on has names of this list: there is no %s"):format(values.show(other))
      end
    end
  end
  local by_name, done = {}, {}
  for _, entry in ipairs(list) do by_name[entry.name] = entry end
  for _, entry in ipairs(list) do
    if is_circle(entry, by_name, {}, done) then return "none depends on itself, nor by others" end
  end
end

M.answers = {
  find = function(results, args)
    local list, message, file, line = unpack(results, 1, 4)
    if list == nil then
      if type(message) ~= "string" then return "a list, or nil and a message" end
      if file ~= nil and type(file) ~= "string" then return "nil, a message, a file as a text" end
      if line ~= nil and type(line) ~= "number" then return "nil, a message, a file, a line" end
      return nil
    end
    if type(list) ~= "table" then return "a list, or nil and a message" end
    return wrong_list(list, args[1])
  end,
}

function M.fails(results) return results[1] == nil end

M.at_once = { find = "it returns nil and a message, or raises" }

-- Files that people write by hand have mistakes: that is said, and is no error of the plugin.
local BROKEN = { "", "\0\255\1", "{", "[workspace", "use (", '{"workspaces": 5}', "[]", "null",
  'workspaces = "x"\n[workspace]\nmembers = 5\n', ("x"):rep(2000) }

local function says_what_is_wrong(suite)
  local files = a_load.files(suite)
  for round, text in ipairs(BROKEN) do
    local kept = {}
    world.outside(function()
      local fs = require("ggen.core.fs")
      for _, name in ipairs(files) do
        kept[name] = fs.read(suite.dir .. "/" .. name)
        fs.write(suite.dir .. "/" .. name, text)
      end
    end)
    local instance = suite:set_up_otherwise(suite:draw("broken", round))
    local outcome = instance and suite:call(instance, "find", { n = 1, suite.dir })
    if instance then suite:close(instance) end
    world.outside(function()
      local fs = require("ggen.core.fs")
      for name, bytes in pairs(kept) do fs.write(suite.dir .. "/" .. name, bytes) end
    end)
    local results = outcome and outcome.results
    if outcome and (not outcome.ok or type(results[1] or results[2]) ~= "table"
      and type(results[2]) ~= "string") then
      return suite:problem(("find(%q), while its files hold %s,"):format(suite.dir,
        values.show(text)), suite:came(outcome),
        "what is wrong in a file is returned: nil, a message, the file and the line")
    end
  end
end

-- An empty project: whoever looks at files that are not there says so, or finds nothing.
local function bears_an_empty_project(suite)
  local instance = suite:set_up_otherwise(suite:draw("empty"))
  if not instance then return nil end
  local dir = suite.dir
  suite.dir = dir .. "/empty"
  world.outside(function() return require("ggen.core.fs").mkdir(suite.dir) end)
  local outcome = suite:call(instance, "find", { n = 1, suite.dir })
  suite.dir = dir
  suite:close(instance)
  if not outcome.ok then
    return suite:problem(("find(%q), where nothing is,"):format(dir .. "/empty"),
      suite:came(outcome), "a file that is not there is no error of the plugin")
  end
end

M.laws = {
  { name = "says what is wrong in files", run = says_what_is_wrong },
  { name = "bears an empty project", run = bears_an_empty_project },
}

return M
