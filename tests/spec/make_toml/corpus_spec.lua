-- Real make.toml files, which are not ours to keep here: this runs when they are there, in the
-- directory GGEN_CORPUS or in ../shared/corpus beside the checkout. corpus.txt has what comes out
-- of each in a few words. GGEN_CORPUS_UPDATE=1 writes it anew.
-- SPDX-License-Identifier: MIT
local corpus = require("corpus")
local fs = require("ggen.core.fs")
local make_toml = require("ggen.make_toml.read")
local notes = require("ggen.make_toml.notes")

local here = assert(fs.realpath(debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$")))
local golden = here .. "/corpus.txt"

local function count(number, word) return ("%d %s"):format(number, word) end

-- What a phase is made of, without its texts.
local function words_of(phase)
  local words = { phase.name }
  if #phase.commands > 0 then words[#words + 1] = count(#phase.commands, "commands") end
  for _, key in ipairs({ "depends_on", "workspaces", "outputs", "run_task" }) do
    if phase[key] then words[#words + 1] = count(#phase[key], key) end
  end
  for _, key in ipairs({ "watch", "cache", "parallel", "first_run_only", "requires_approval" }) do
    if phase[key] ~= nil then
      words[#words + 1] = key .. (phase[key] == false and " off" or "")
    end
  end
  for _, key in ipairs({ "port", "timeout", "error_handling", "alias" }) do
    if phase[key] then words[#words + 1] = ("%s %s"):format(key, phase[key]) end
  end
  if phase.cache_key then words[#words + 1] = count(#phase.cache_key.files, "keys") end
  if phase.condition then words[#words + 1] = "condition" end
  for _, command in ipairs(phase.commands) do
    if type(command) == "table" then
      words[#words + 1] = command.runner and "by " .. command.runner or "argv"
    end
  end
  local variables, environments = 0, {}
  for _ in pairs(phase.env) do variables = variables + 1 end
  for name in pairs(phase.environments) do environments[#environments + 1] = name end
  if variables > 0 then words[#words + 1] = count(variables, "variables") end
  table.sort(environments)
  if environments[1] then words[#words + 1] = "for " .. table.concat(environments, " ") end
  return ("  %d %s"):format(phase.line, table.concat(words, ", "))
end

local function digest(name)
  local text = assert(fs.read(corpus.path .. "/make-toml/" .. name))
  local ok, model = pcall(make_toml.read, text, name, { getenv = function() return nil end })
  if not ok then return name .. "\n  " .. tostring(model) .. "\n" end
  local lines = { name }
  for _, phase in ipairs(model.phases) do lines[#lines + 1] = words_of(phase) end
  for _, hook in ipairs(model.hooks) do
    lines[#lines + 1] = ("  %d %s_%s: %s"):format(hook.line, hook.moment, hook.target,
      hook.phases and table.concat(hook.phases, " ") or count(#hook.commands, "commands"))
  end
  local variables = 0
  for _ in pairs(model.env) do variables = variables + 1 end
  local environments = {}
  for environment in pairs(model.environments) do environments[#environments + 1] = environment end
  table.sort(environments)
  lines[#lines + 1] = ("  %d variables, environments: %s"):format(variables,
    table.concat(environments, " "))
  lines[#lines + 1] = ("  %d workspaces, %d members, %d pipelines, %d scripts, %d unresolved")
    :format(#model.workspaces, model.members and #model.members or 0, #model.pipelines,
    #model.scripts, #model.unresolved)
  local kinds, order = {}, {}
  for _, note in ipairs(model.notes) do
    if not kinds[note.kind] then order[#order + 1] = note.kind end
    kinds[note.kind] = (kinds[note.kind] or 0) + 1
  end
  for i, kind in ipairs(order) do order[i] = count(kinds[kind], kind) end
  lines[#lines + 1] = ("  notes: %s, in %d lines"):format(table.concat(order, ", "),
    #notes.lines(model))
  return table.concat(lines, "\n") .. "\n"
end

describe("make_toml.read, real files", function()
  local names = corpus.make_tomls()
  if #names == 0 then
    it("has no corpus to read", function() pending("there is no corpus") end)
    return
  end

  it("reads them all as it did before", function()
    local parts = {}
    for i, name in ipairs(names) do parts[i] = digest(name) end
    local text = table.concat(parts)
    if os.getenv("GGEN_CORPUS_UPDATE") then assert(fs.write(golden, text)) end
    assert.equal(assert(fs.read(golden)), text)
  end)

  it("writes a pipeline.lua for each", function()
    local write = require("ggen.make_toml.write").write
    local function found_in(model)
      local found = {}
      for i, one in ipairs(model.workspaces) do
        found[i] = { name = one.name, path = one.path, depends_on = {}, line = one.line,
          missing = i % 2 == 0 }
      end
      return found
    end
    for _, name in ipairs(names) do
      local text = assert(fs.read(corpus.path .. "/make-toml/" .. name))
      local ok, model = pcall(make_toml.read, text, name, { raw = true })
      if ok then assert.is_function(loadstring(write(model, "x", found_in(model))), name) end
    end
  end)

  it("reads or refuses every prefix of a file", function()
    local fault = require("ggen.fault")
    for _, name in ipairs(names) do
      local text = assert(fs.read(corpus.path .. "/make-toml/" .. name))
      for length = 0, #text, math.max(1, math.floor(#text / 60)) do
        local ok, problem = pcall(make_toml.read, text:sub(1, length), name)
        if not ok then assert.is_true(fault.is(problem), tostring(problem)) end
      end
    end
  end)
end)
