-- The contract of frontends: whether there is a file that one reads, and the tasks that it declares
-- on a pipeline, read through the load that is going on.
-- SPDX-License-Identifier: MIT
local a_load = require("ggen.contract.a_load")
local dsl = require("ggen.dsl")
local values = require("ggen.contract.values")
local world = require("ggen.contract.world")

local M = { order = { "detect", "load" }, needs = { "detect", "load" } }

local NOT_THERE = "contract.txt"

local function pipeline_of(suite, file)
  return dsl.new("pipeline", "contract", { dir = suite.dir, file = file or "pipeline.lua",
    line = 1 })
end

-- The file of the project that the plugin reads, false for one whose name it knows itself: the
-- first one of which both its methods are sure, and best one of which it makes tasks.
local function find_file(suite)
  local first
  for _, name in ipairs({ false, unpack(a_load.files(suite)) }) do
    suite.reads = name
    local instance, good, pipeline = suite:set_up(), false, pipeline_of(suite, name)
    if instance and instance.impl.detect and instance.impl.load then
      local found = suite:call(instance, "detect", { n = 1, suite.dir })
      good = found.ok and found.results[1] == true
        and suite:call(instance, "load", { n = 2, suite.dir, pipeline }).ok
    end
    if instance then suite:close(instance) end
    if good and #pipeline.declarations > 0 then return { name = name } end
    first = first or good and { name = name } or nil
  end
  return first
end

local function file_of(suite)
  if suite.file_found == nil then
    suite.file_found = false
    suite:inside(function() suite.file_found = find_file(suite) or false end)
  end
  suite.reads = not suite.file_found and NOT_THERE or suite.file_found.name
  return suite.file_found
end

-- Its host is not that of other kinds (used_frontends.lua).
function M.host(host, suite)
  if suite.file_found == nil then file_of(suite) end
  host.file, host.place = suite.reads or nil, { file = "pipeline.lua", line = 1 }
end

M.around = a_load.around

function M.scene(suite, draw)
  local file = file_of(suite)
  local empty = draw:once_in(4)
  return { dir = empty and suite.dir .. "/empty" or suite.dir, can_load = file and not empty,
    file = file and file.name, pipeline = pipeline_of(suite, file and file.name) }
end

M.calls = {
  detect = function(scene) return { scene.dir } end,
  load = function(scene)
    if not scene.can_load then return nil end
    scene.dir = scene.pipeline.dir
    scene.pipeline = dsl.new("pipeline", "contract",
      { dir = scene.dir, file = scene.file or "pipeline.lua", line = 1 })
    return { scene.dir, scene.pipeline }
  end,
}

-- What was declared is the answer of load().
function M.added(method, args)
  if method ~= "load" then return "" end
  local names = {}
  for i, declaration in ipairs(args[2].declarations) do names[i] = declaration.name end
  return table.concat(names, ", ")
end

M.answers = {
  detect = function(results)
    if type(results[1]) ~= "boolean" then return "true or false" end
  end,
  load = function(_, args)
    if #args[2].declarations == 0 and #args[2].phases == 0 then
      return "it declares the tasks of the file on the pipeline"
    end
  end,
}

M.at_once = { load = "the method raises, or returns nil and a message" }

local function reads_a_file(suite)
  if file_of(suite) then return nil end
  return suite:problem("detect(dir) and load(dir, pipeline)",
    "did not both go well for any of: " .. table.concat(a_load.files(suite), ", "),
    "host.file names the file that is to be read (put one into spec/fixtures)")
end

-- What p:import names is read, and nothing else.
local function goes_by_the_name(suite)
  local reads = suite.reads
  for _, name in ipairs({ false, NOT_THERE }) do
    suite.reads = name
    local instance = suite:set_up()
    local outcome = instance and instance.impl.detect
      and suite:call(instance, "detect", { n = 1, suite.dir })
    if instance then suite:close(instance) end
    suite.reads = reads
    local answer
    if outcome and outcome.ok then answer = outcome.results[1] end
    if outcome and (type(answer) ~= "boolean" or name and answer) then
      return suite:problem(("detect(dir), with host.file = %s,"):format(name and ("%q, which is"
        .. " not there"):format(name) or "nil, as p:use has it"), suite:came(outcome),
        name and "false: p:import names the file that is meant" or "true or false")
    end
  end
end

-- Loads the file of the project, and tells what was declared.
local function load_once(suite, instance)
  local pipeline = pipeline_of(suite, suite.reads)
  local outcome = suite:call(instance, "load", { n = 2, suite.dir, pipeline })
  return outcome, outcome.ok and M.added("load", { suite.dir, pipeline }) or nil
end

-- What it goes by is an input of what is remembered: what it does not ask the load for is not.
local function reads_through_the_load(suite)
  local instance = file_of(suite) and suite:set_up()
  if not instance then return nil end
  suite.world.strict = true
  local outcome = load_once(suite, instance)
  suite.world.strict = false
  suite:close(instance)
  if outcome.effects[1] then
    return suite:problem(("load(%q, pipeline)"):format(suite.dir), "went past the load: "
      .. outcome.effects[1], "all that the tasks depend on is read through ggen.loading()")
  end
end

local function loads_the_same_again(suite)
  local instance = file_of(suite) and suite:set_up()
  if not instance then return nil end
  local _, first = load_once(suite, instance)
  local _, second = load_once(suite, instance)
  suite:close(instance)
  if first and second ~= first then
    return suite:problem(("load(%q, pipeline), called again for another pipeline,"):format(
      suite.dir), ("declared %s, and first it declared %s"):format(tostring(second), first),
      "the same file gives the same tasks: one instance may be asked about many directories")
  end
end

-- What load() said of a file that is wrong; nothing when it took it.
local function said_by(outcome)
  if not outcome.ok then return outcome.message end
  local _, message, file = unpack(outcome.results, 1, 3)
  return message and tostring(file) .. ": " .. tostring(message)
end

-- Fills files with a text, and gives back what puts the old ones in their places.
local function fill(dir, names, text)
  local fs, kept = require("ggen.core.fs"), {}
  local function put(texts)
    world.outside(function()
      for name, bytes in pairs(texts) do fs.write(dir .. "/" .. name, bytes) end
    end)
  end
  local new = {}
  for _, name in ipairs(names) do
    kept[name], new[name] = world.outside(function() return (fs.read(dir .. "/" .. name)) end), text
  end
  put(new)
  return function() put(kept) end
end

local BROKEN = { "\0\255\1", "{", "[lifecycle.build", "no such thing", ("x"):rep(2000) }

-- Files that people write by hand have mistakes: what is said of them names the file.
local function names_the_file(suite)
  local found = file_of(suite)
  local names = found and found.name and { found.name } or a_load.files(suite)
  for _, text in ipairs(found and BROKEN or {}) do
    local restore = fill(suite.dir, names, text)
    local instance = suite:set_up()
    local outcome = instance and load_once(suite, instance)
    if instance then suite:close(instance) end
    restore()
    local said, is_named = outcome and said_by(outcome), false
    for _, name in ipairs(names) do
      is_named = is_named or said ~= nil and said:find(name, 1, true) ~= nil
    end
    if said and not is_named then
      return suite:problem(("load(%q, pipeline), while %s holds %s,"):format(suite.dir,
        #names == 1 and names[1] or "its file", values.show(text)), suite:came(outcome),
        "what is wrong in the file is said with the name of the file")
    end
    if suite.hung then return nil end
  end
end

local function finds_nothing_in_nothing(suite)
  local instance = suite:set_up()
  if not instance or not instance.impl.detect then return nil end
  local dir = suite.dir .. "/empty"
  world.outside(function() return require("ggen.core.fs").mkdir(dir) end)
  local outcome = suite:call(instance, "detect", { n = 1, dir })
  suite:close(instance)
  if not outcome.ok or outcome.results[1] ~= false then
    return suite:problem(("detect(%q), where nothing is,"):format(dir), suite:came(outcome),
      "false")
  end
end

M.laws = {
  { name = "reads a file", run = reads_a_file },
  { name = "reads through the load", run = reads_through_the_load },
  { name = "loads the same again", run = loads_the_same_again },
  { name = "names the file", run = names_the_file },
  { name = "finds nothing in nothing", run = finds_nothing_in_nothing },
  { name = "goes by host.file", run = goes_by_the_name },
}

return M
