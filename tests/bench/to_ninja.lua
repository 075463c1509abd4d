-- Writes a build.ninja with the very same commands as a pipeline.lua, for plain luajit:
--   cd PROJECT && luajit to_ninja.lua TASK > build.ninja
-- Understands what examples/lua54 uses: needs, pool, run as text or a list of { sh = text }. Every
-- command runs every time, as it does under ggen-lua without a cache.
-- SPDX-License-Identifier: MIT
local target = arg[1]
local specs, order = {}, {}

local pipeline = setmetatable({
  task = function(_, name)
    return function(spec)
      specs[name], order[#order + 1] = spec, name
    end
  end,
}, { __index = function() return function() end end }) -- p:default and the like

package.preload["ggen"] = function()
  return { pipeline = function() return pipeline end }
end
package.path = "./?.lua"
dofile("pipeline.lua")

local function command(name)
  local run = specs[name].run or "true"
  if type(run) == "string" then run = { { sh = run } } end
  local steps = {}
  for i, step in ipairs(run) do
    steps[i] = assert(step.sh, name .. ": only commands that are texts can run under ninja")
  end
  return (table.concat(steps, " && "):gsub("%$", "$$"))
end

local function list(names)
  if type(names) == "string" then names = { names } end
  local outputs = {}
  for i, name in ipairs(names or {}) do outputs[i] = "task/" .. name end
  return table.concat(outputs, " ")
end

-- The outputs are names of no file, so that ninja finds all of them missing.
print("pool link\n  depth = 1\n")
for i, name in ipairs(order) do
  print(("rule r%d\n  command = %s"):format(i, command(name)))
  if specs[name].pool then print("  pool = " .. specs[name].pool) end
  print(("build task/%s: r%d | %s\n"):format(name, i, list(specs[name].needs)))
end
print("default " .. list(target))
