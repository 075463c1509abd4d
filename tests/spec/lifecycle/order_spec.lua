-- Properties of the order of phases, for random make.toml files whose hooks contradict nothing:
-- every phase's commands run after its before hooks and what it depends on, and before its after
-- hooks (but for those that had their turn with before_all, or with what was asked for before), at
-- most once. The plan of many files, and what the binary really does for some.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local load = require("ggen.load")
local plan = require("ggen.plan")
local process = require("ggen.core.process")
local resolve = require("ggen.resolve")
local select = require("ggen.select")

local SEED = tonumber(os.getenv("GGEN_SPEC_SEED") or 20251)

local function shuffled(list)
  local copy = { unpack(list) }
  for i = #copy, 2, -1 do
    local j = math.random(i)
    copy[i], copy[j] = copy[j], copy[i]
  end
  return copy
end

-- Some of the elements from..to of a list, in any order.
local function some(list, from, to, most)
  local part = {}
  for i = from, to do part[#part + 1] = list[i] end
  part = shuffled(part)
  for i = #part, math.random(0, most) + 1, -1 do part[i] = nil end
  return part
end

-- A file that an order of all phases is consistent with: hooks before a phase and what it depends
-- on come from the left of it, hooks after it from the right.
local function random_file()
  local file, names = { before = {}, after = {}, depends = {} }, {}
  for i = 1, math.random(2, 12) do names[i] = "p" .. i end
  names = shuffled(names)
  file.names = shuffled(names)
  for at, name in ipairs(names) do
    file.before[name] = some(names, 1, at - 1, math.random(3) == 1 and 3 or 1)
    file.depends[name] = math.random(3) == 1 and some(names, 1, at - 1, 2) or {}
    file.after[name] = some(names, at + 1, #names, math.random(3) == 1 and 3 or 1)
  end
  if math.random(4) == 1 then file.before_all = { names[1] } end
  if math.random(4) == 1 then file.after_all = { names[#names] } end
  return file
end

local function quoted(list)
  local parts = {}
  for i, name in ipairs(list) do parts[i] = '"' .. name .. '"' end
  return "[" .. table.concat(parts, ", ") .. "]"
end

local function text_of(file)
  local lines = {}
  for _, name in ipairs(file.names) do
    lines[#lines + 1] = ("[lifecycle.%s]"):format(name)
    lines[#lines + 1] = ("commands = [%q, %q]"):format(("echo %s >> log"):format(name),
      file.ends and file.ends[name] or "true")
    if file.exclusive and file.exclusive[name] then
      lines[#lines + 1] = "exclusive = " .. file.exclusive[name]
    end
    if #file.depends[name] > 0 then
      lines[#lines + 1] = "depends_on = " .. quoted(file.depends[name])
    end
  end
  lines[#lines + 1] = "[hooks]"
  if file.parallel then lines[#lines + 1] = "parallel = " .. tostring(file.parallel) end
  for _, name in ipairs(file.names) do
    for _, moment in ipairs({ "before", "after" }) do
      if #file[moment][name] > 0 then
        lines[#lines + 1] = ("%s_%s = %s"):format(moment, name, quoted(file[moment][name]))
      end
    end
  end
  for _, key in ipairs({ "before_all", "after_all" }) do
    if file[key] then lines[#lines + 1] = key .. " = " .. quoted(file[key]) end
  end
  return table.concat(lines, "\n") .. "\n"
end

local function positions(order, about)
  local at = {}
  for i, name in ipairs(order) do
    assert.is_nil(at[name], about .. name .. " ran twice: " .. table.concat(order, " "))
    at[name] = i
  end
  return at
end

-- For each phase, with which one of those that were asked for it comes; 0: with before_all.
local function turns_of(file, requested)
  local turns = {}
  local function take(name, turn)
    if turns[name] then return end
    turns[name] = turn
    for _, list in ipairs({ file.before, file.depends, file.after }) do
      for _, other in ipairs(list[name]) do take(other, turn) end
    end
  end
  for _, name in ipairs(file.before_all or {}) do take(name, 0) end
  for i, name in ipairs(requested) do take(name, i) end
  return turns
end

-- What has to be so in every run.
local function check(file, requested, order, about)
  local at = positions(order, about)
  local function first(before, after, why)
    assert.is_true(at[before] ~= nil and at[before] < at[after], ("%s%s of %s: %s is not before %s"
      .. " in: %s\n%s"):format(about, why, after, before, after, table.concat(order, " "),
      text_of(file)))
  end
  for _, name in ipairs(requested) do
    assert.is_not_nil(at[name], about .. name .. " did not run")
  end
  local turns = turns_of(file, requested)
  for i, name in ipairs(requested) do
    for j = 1, i - 1 do
      if turns[name] >= i then first(requested[j], name, "request") end
    end
  end
  for _, name in ipairs(order) do
    for _, hook in ipairs(file.before[name]) do first(hook, name, "before") end
    for _, other in ipairs(file.depends[name]) do first(other, name, "depends_on") end
    for _, hook in ipairs(file.after[name]) do
      assert.is_not_nil(at[hook], about .. hook .. " did not run")
      if turns[hook] and turns[name] and turns[hook] >= turns[name] then
        first(name, hook, "after")
      end
    end
  end
  if file.before_all then assert.are.equal(file.before_all[1], order[1]) end
  -- One that was asked for runs when its turn comes.
  local last = file.after_all and file.after_all[1]
  for _, name in ipairs(requested) do last = last ~= name and last or nil end
  if last then assert.are.equal(last, order[#order]) end
end

local function write(path, text) assert(fs.write(path, text)) end

local function planned(dir, requested)
  local project = resolve.project(load.load(dir))
  local _, rows = plan.plan(project, select.tasks(project, requested))
  local order = {}
  for i, node in ipairs(rows[1].sorted) do order[i] = node.task.id end
  return order
end

local function run(dir, requested, jobs, codes)
  fs.remove(dir .. "/log")
  local result = async.await(function(resume)
    return assert(process.run({
      argv = { fs.realpath("/proc/self/exe"), "run", jobs or "-j4", unpack(requested) }, cwd = dir,
      env = { PATH = os.getenv("PATH"), HOME = dir, GGEN_LUA_PATH = os.getenv("GGEN_LUA_PATH") },
      capture = 65536, timeout = 30,
    }, resume))
  end)
  assert.is_true((codes or { [0] = true })[result.code] ~= nil, result.stdout .. result.stderr
    .. assert(fs.read(dir .. "/make.toml")))
  local order = {}
  for name in io.lines(dir .. "/log") do order[#order + 1] = name end
  return order
end

describe("phases of random files", function()
  local dir
  before_each(function() dir = fs.make_temp_dir() end)
  after_each(function() fs.remove(dir, { recursive = true }) end)

  it("are planned after their before hooks and before their after hooks", function()
    math.randomseed(SEED)
    for case = 1, 400 do
      local file = random_file()
      write(dir .. "/make.toml", text_of(file))
      local requested = some(file.names, 1, #file.names, 3)
      if #requested == 0 then requested = { file.names[1] } end
      check(file, requested, planned(dir, requested), ("seed %d, case %d: "):format(SEED, case))
    end
  end)

  it("run after their before hooks and before their after hooks", function()
    math.randomseed(SEED + 1)
    for case = 1, 40 do
      local file = random_file()
      file.parallel = ({ true, false, 1, 2 })[case % 4 + 1]
      write(dir .. "/make.toml", text_of(file))
      local requested = { file.names[1], file.names[2] }
      check(file, requested, run(dir, requested), ("seed %d, case %d: "):format(SEED + 1, case))
    end
  end)

  it("end, whatever fails and whoever wants to be alone", function()
    math.randomseed(SEED + 4)
    for case = 1, 60 do
      local file = random_file()
      file.parallel, file.ends, file.exclusive = case % 3 + 1, {}, {}
      for _, name in ipairs(file.names) do
        file.ends[name] = ({ "true", "/bin/true", "/bin/true", "/bin/false" })[math.random(4)]
        file.exclusive[name] = ({ "true", '"x"' })[math.random(6)]
      end
      write(dir .. "/make.toml", text_of(file))
      local jobs = ({ "-j1", "-j2", "-k" })[case % 3 + 1]
      local order = run(dir, { file.names[1], file.names[2] }, jobs, { [0] = true, [1] = true })
      positions(order, ("seed %d, case %d: "):format(SEED + 4, case))
    end
  end)

  it("are part of one moment at most, and no row goes on beside one", function()
    math.randomseed(SEED + 3)
    for _ = 1, 200 do
      local file = random_file()
      write(dir .. "/make.toml", text_of(file))
      local project = resolve.project(load.load(dir))
      local selection = select.tasks(project, { file.names[1], file.names[2] })
      local some_plan, rows = plan.plan(project, selection, true)
      local row, turns, inside = rows[1], {}, {}
      for _, moment in ipairs(row and row.moments or {}) do
        assert.is_true(#moment.members > 1)
        for _, node in ipairs(moment.members) do
          assert.is_nil(turns[node])
          turns[node] = true
        end
        for _, node in ipairs(moment.inner) do inside[node.index] = true end
      end
      -- However its tasks end, what is in no moment runs alone.
      local running = {}
      while true do
        local id = some_plan:next()
        while id do
          running[#running + 1] = id
          id = some_plan:next()
        end
        if #running == 0 then break end
        for _, each in ipairs(running) do
          assert.is_true(#running == 1 or inside[each] ~= nil, text_of(file))
        end
        local ended = table.remove(running, math.random(#running))
        if math.random(6) == 1 then some_plan:fail(ended) else some_plan:done(ended) end
      end
      assert.is_true(some_plan:finished())
    end
  end)

  it("run in the order that was asked for, where nothing else is said", function()
    math.randomseed(SEED + 2)
    for _ = 1, 100 do
      local file = random_file()
      file.before, file.after, file.depends, file.before_all, file.after_all = {}, {}, {}, nil, nil
      for _, name in ipairs(file.names) do
        file.before[name], file.after[name], file.depends[name] = {}, {}, {}
      end
      write(dir .. "/make.toml", text_of(file))
      local requested = shuffled(file.names)
      assert.are.same(requested, planned(dir, requested))
    end
  end)
end)
