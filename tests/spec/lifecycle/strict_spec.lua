-- Random make.toml files with compat = "strict", against an interpreter of the original's rules.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local json = require("ggen.core.json")
local load = require("ggen.load")
local process = require("ggen.core.process")
local resolve = require("ggen.resolve")
local strict = require("ggen.lifecycle.strict")

local PHASES = { "fmt", "lint", "init", "build", "test", "deploy" }
local BINARY = fs.realpath("/proc/self/exe")

-- The rules, as they are described: run(name) calls the hooks of a phase, which call theirs.
local function interpret(model, requested)
  local seen = { turns = {}, ran = {}, recorded = {} }
  local chain = {}
  local function run(name)
    for i, active in ipairs(chain) do
      if active == name then
        local cycle = table.concat({ unpack(chain, i) }, " -> ") .. " -> " .. name
        return false, ("Hook recursion detected: phase '%s' called recursively through chain: %s")
          :format(name, cycle)
      end
    end
    local phase = model.phases[name]
    if not phase then return false, ("Phase '%s' not found in configuration"):format(name) end
    chain[#chain + 1] = name
    local function hooks(...)
      for _, key in ipairs({ ... }) do
        for _, hook in ipairs(model.hooks[key] or {}) do
          local good, message = run(hook)
          if not good then return false, message end
        end
      end
      return true
    end
    local good, message = hooks("before_all", "before_" .. name)
    if not good then return false, message end
    seen.turns[#seen.turns + 1] = name
    if phase.commands > 0 then
      for i = 1, phase.commands do
        seen.ran[#seen.ran + 1] = name .. i
        if phase.fails == i then return false, "failed" end
      end
      seen.recorded[#seen.recorded + 1] = name
      good, message = hooks("after_" .. name, "after_all")
      if not good then return false, message end
    end
    chain[#chain] = nil
    return true
  end
  for _, name in ipairs(requested) do
    seen.good, seen.message = run(name)
    if not seen.good then break end
  end
  return seen
end

local function pick(list) return list[math.random(#list)] end

local function random_model()
  local model = { phases = {}, hooks = {} }
  for _, name in ipairs(PHASES) do
    if math.random(20) > 1 then
      model.phases[name] = { commands = math.random(5) == 1 and 0 or math.random(2) }
    end
  end
  for _ = 1, math.random(0, 4) do
    local target = math.random(8) == 1 and "all" or pick(PHASES)
    local list = {}
    for i = 1, math.random(1, 3) do list[i] = pick(PHASES) end
    model.hooks[pick({ "before_", "after_" }) .. target] = list
  end
  local requested = {}
  for i = 1, math.random(1, 3) do requested[i] = pick(PHASES) end
  return model, requested
end

local function quoted(list)
  local out = {}
  for i, text in ipairs(list) do out[i] = ("%q"):format(text) end
  return "[" .. table.concat(out, ", ") .. "]"
end

local function text_of(model)
  local out = { 'compat = "strict"', "[lifecycle]" }
  for _, name in ipairs(PHASES) do
    local phase, commands = model.phases[name], {}
    for i = 1, phase and phase.commands or 0 do
      commands[i] = ("echo %s%d >> log%s"):format(name, i, phase.fails == i and "; exit 3" or "")
    end
    if phase then out[#out + 1] = ("%s.commands = %s"):format(name, quoted(commands)) end
  end
  out[#out + 1] = "[hooks]"
  for key, list in pairs(model.hooks) do out[#out + 1] = ("%s = %s"):format(key, quoted(list)) end
  return table.concat(out, "\n") .. "\n"
end

local function lines_of(path)
  local lines = {}
  for line in (fs.read(path) or ""):gmatch("[^\n]+") do lines[#lines + 1] = line end
  return lines
end

describe("compat = strict", function()
  local dir

  before_each(function() dir = fs.make_temp_dir(fs.temp_dir(), "ggen-strict-") end)
  after_each(function() fs.remove(dir, { recursive = true }) end)

  it("plans what the rules say", function()
    local seed = os.time()
    math.randomseed(seed)
    local long, recursions = 0, 0
    for round = 1, 300 do
      local model, requested = random_model()
      local text = text_of(model)
      fs.write(dir .. "/make.toml", text)
      local script = strict.script(resolve.project(load.load(dir)), requested)
      local expected = interpret(model, requested)
      local turns, failure = {}, nil
      for i, task in ipairs(script.tasks) do
        assert.is_nil(failure)
        failure = task.failure
        if not failure then turns[i] = task.name end
      end
      local where = ("seed %d, round %d, run %s\n%s"):format(seed, round, table.concat(requested,
        " "), text)
      assert.same(expected.turns, turns, where)
      -- A suggestion may follow.
      assert.equal(expected.message, failure and failure:sub(1, #(expected.message or "")), where)
      if #turns > 4 then long = long + 1 end
      if failure and failure:find("recursion") then recursions = recursions + 1 end
    end
    assert.is_true(long > 10, long .. " long ones")
    assert.is_true(recursions > 10, recursions .. " recursions")
  end)

  it("runs what the rules say, and leaves the state that they say", function()
    local seed = os.time()
    math.randomseed(seed)
    for round = 1, 25 do
      local model, requested = random_model()
      local unlucky = model.phases[pick(PHASES)]
      if unlucky and unlucky.commands > 0 then unlucky.fails = math.random(unlucky.commands) end
      local own = ("%s/%d"):format(dir, round)
      fs.mkdir(own)
      fs.write(own .. "/make.toml", text_of(model))
      local result = async.await(function(resume)
        return assert(process.run({ argv = { BINARY, "run", "-o", "none", unpack(requested) },
          cwd = own, env = require("ggen.environment").base() }, resume))
      end)
      local expected = interpret(model, requested)
      local where = ("seed %d, round %d, run %s\n%s"):format(seed, round, table.concat(requested,
        " "), text_of(model))
      assert.same(expected.ran, lines_of(own .. "/log"), where)
      assert.equal(expected.good and 0 or 1, result.code, where)
      local bytes, recorded, keys = fs.read(own .. "/.ggen/state.json"), {}, {}
      local state = bytes and json.decode(bytes) or { phase_history = {}, cache_keys = {} }
      for i, record in ipairs(state.phase_history) do recorded[i] = record.phase end
      for i, key in ipairs(state.cache_keys) do keys[i] = key.phase end
      assert.same(expected.recorded, recorded, where)
      assert.same(expected.recorded, keys, where)
      assert.equal(expected.recorded[#expected.recorded], state.last_phase, where)
    end
  end)
end)
