-- The contract of fingerprints: what they add to the key of a task, by its declaration alone.
-- SPDX-License-Identifier: MIT
local graphs = require("ggen.contract.graphs")
local values = require("ggen.contract.values")

local M = { order = { "parts" } }

function M.needs(impl)
  if type(impl.parts) ~= "function" and impl.inputs == nil then
    return "a fingerprint has the method parts, or says by `inputs` what of a file counts"
  end
end

-- A key that remembers what it was told, as it was told.
local function key_of(added)
  local methods = {}
  for _, name in ipairs({ "add", "env", "file" }) do
    methods[name] = function(_, ...)
      local entry = { name, ... }
      entry.n = 1 + select("#", ...)
      added[#added + 1] = entry
    end
  end
  return setmetatable({ _added = added }, { __name = "ggen.KeyBuilder", __index = methods })
end

function M.scene(suite, draw)
  return { task = graphs.task(draw, draw:int(1, 99), suite.dir), added = {} }
end

function M.break_scene(scene, world)
  scene.key = graphs.broken("ggen.KeyBuilder", {}, { "add", "env", "file" }, world)
end

M.calls = {
  parts = function(scene)
    scene.added = {}
    return { scene.task, scene.key or key_of(scene.added) }
  end,
}

function M.added(_, args) return values.text(rawget(args[2], "_added")) end

local VALUES = { string = true, number = true, boolean = true }

-- What is wrong with something that was added.
local function problem_of(entry)
  local method, name, value = entry[1], entry[2], entry[3]
  local shown = ("key:%s(%s)"):format(method, values.show_all({ n = entry.n - 1,
    unpack(entry, 2, entry.n) }))
  if type(name) ~= "string" or name == "" then return shown .. ": a name or path as a text" end
  if method == "add" and not VALUES[type(value)] then
    return shown .. ": a value that is a text, a number or a boolean: of others the key would"
      .. " change from run to run"
  end
  if method == "env" and not name:find("^[%a_][%w_]*$") then
    return shown .. ": the name of a variable"
  end
end

M.answers = {
  parts = function(results, args)
    if results[1] ~= nil then
      return "nothing: what belongs into the key is added, by key:add(name, value)"
    end
    for _, entry in ipairs(rawget(args[2], "_added") or {}) do
      local problem = problem_of(entry)
      if problem then return problem end
    end
  end,
}

-- A key that cannot take something is a key without it.
M.at_once = { parts = "the method raises" }

local KNOWN = { content = true, mtime = true }

local function counts_inputs(suite)
  for round = 1, 10 do
    local instance = suite:set_up_otherwise(suite:draw("inputs", round))
    local inputs = instance and instance.impl.inputs
    if inputs ~= nil and not KNOWN[inputs] then
      return suite:problem(("setup(%s, host)"):format(values.show(instance.params)),
        "returned inputs = " .. values.show(inputs), 'inputs is "content" or "mtime"')
    end
    if instance then suite:close(instance) end
  end
end

M.laws = { { name = "inputs", run = counts_inputs } }

return M
