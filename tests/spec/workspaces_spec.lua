-- Random monorepos of package.json: what depends on what, and in which order it is built.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local json = require("ggen.core.json")
local load = require("ggen.load")
local plan = require("ggen.plan")
local resolve = require("ggen.resolve")

local PIPELINE = [[
local p = require("ggen").pipeline "random"
p:use "workspaces.package-json"
p:each_workspace(function(w) w:task "build" { run = "true", needs = { "^build" } } end)
return p
]]

local KINDS = { "dependencies", "devDependencies", "peerDependencies", "optionalDependencies" }

local function write(path, text) assert(fs.write(path, text)) end

-- Packages p1, p2, ... in directories of random names; each may depend on those before it.
local function random_monorepo()
  local packages = {}
  for i = 1, math.random(1, 20) do
    local needs = {}
    for before = 1, i - 1 do
      if math.random(3) == 1 then needs["p" .. before] = true end
    end
    packages[i] = { name = "p" .. i, needs = needs,
      dir = ("%s/d%d"):format(({ "apps", "libs" })[math.random(2)], math.random(1e9)) }
  end
  return packages
end

local function write_monorepo(dir, packages)
  for _, folder in ipairs({ "apps", "libs" }) do
    fs.remove(dir .. "/" .. folder, { recursive = true })
    assert(fs.mkdir(dir .. "/" .. folder))
  end
  for _, package in ipairs(packages) do
    local manifest = { name = package.name, dependencies = { react = "18" } }
    for name in pairs(package.needs) do
      local kind = KINDS[math.random(#KINDS)]
      manifest[kind] = manifest[kind] or {}
      manifest[kind][name] = "*"
    end
    assert(fs.mkdir(dir .. "/" .. package.dir))
    write(dir .. "/" .. package.dir .. "/package.json", assert(json.encode(manifest)))
  end
end

-- The names in the order in which a run with one slot builds them.
local function order_of(project)
  local some_plan, names = plan.plan(project, project:exact("p1#build") and
    project:matching("*#build")), {}
  local id = some_plan:next()
  while id do
    names[#names + 1] = project:id(id):match("^(.*)#")
    some_plan:done(id)
    id = some_plan:next()
  end
  return names
end

describe("workspaces of random package.json monorepos", function()
  local dir
  setup(function()
    dir = assert(fs.make_temp_dir())
    dir = assert(fs.realpath(dir))
    write(dir .. "/pipeline.lua", PIPELINE)
    write(dir .. "/package.json", '{ "workspaces": ["apps/*", "libs/*"] }')
  end)
  teardown(function() fs.remove(dir, { recursive = true }) end)

  it("are built in the order of their dependencies", function()
    local seed = os.time()
    math.randomseed(seed)
    for round = 1, 20 do
      local where = ("seed %d, round %d"):format(seed, round)
      local packages = random_monorepo()
      write_monorepo(dir, packages)
      local project = resolve.project(load.load(dir))
      local built = {}
      for _, name in ipairs(order_of(project)) do
        for before in pairs(packages[tonumber(name:sub(2))].needs) do
          assert.is_true(built[before], ("%s: %s before %s"):format(where, name, before))
        end
        built[name] = true
      end
      for _, package in ipairs(packages) do
        assert.is_true(built[package.name], where)
        local needs = {}
        for _, index in ipairs(project.graph:needs(project:find(package.name .. "#build"))) do
          needs[project:id(index):match("^(.*)#")] = true
        end
        assert.same(package.needs, needs, where)
      end
    end
  end)

  it("are refused with the whole way when there is a cycle", function()
    local seed = os.time()
    math.randomseed(seed)
    for round = 1, 20 do
      local where = ("seed %d, round %d"):format(seed, round)
      local packages = random_monorepo()
      local first, last = math.random(#packages), math.random(#packages)
      if first > last then first, last = last, first end
      if first ~= last then
        packages[last].needs["p" .. first] = true
        packages[first].needs["p" .. last] = true
        write_monorepo(dir, packages)
        local ok, problem = pcall(load.load, dir)
        assert.is_false(ok, where)
        assert.is_true(fault.is(problem), where)
        local way = problem.message:match("^these workspaces depend on each other: ([^\n]*)")
        local names = {}
        for name in way:gmatch("p%d+") do names[#names + 1] = name end
        assert.is_true(#names >= 3 and names[1] == names[#names], where .. ": " .. way)
        for i = 1, #names - 1 do
          assert.is_true(packages[tonumber(names[i]:sub(2))].needs[names[i + 1]], where)
        end
      end
    end
  end)
end)
