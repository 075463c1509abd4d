-- What the scripts of this folder share: their options, and runs of the binary that are killed.
-- Knows nothing of what must hold afterwards.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local process = require("ggen.core.process")
local timer = require("ggen.core.timer")

local M = {}

---Reads the options of a script, and begins its random numbers.
---@param script string
---@param kills integer how many by default
---@return { kills: integer, seed: integer, binary: string }? nil: the usage was printed
function M.options(script, kills)
  local options = { kills = kills, seed = os.time() % 1000000, binary = "/proc/self/exe" }
  for i = 1, #arg, 2 do
    local name = arg[i]:match("^%-%-(%a+)$")
    if not name or options[name] == nil or not arg[i + 1] then
      io.stderr:write(("usage: %s.lua [--kills N] [--seed N] [--binary PATH]\n"):format(script))
      return nil
    end
    options[name] = tonumber(arg[i + 1]) or arg[i + 1]
  end
  options.binary = assert(fs.realpath(options.binary))
  math.randomseed(options.seed)
  print(("%s: %d kills, seed %d"):format(script, options.kills, options.seed))
  return options
end

---Runs a command, and kills it some time after its start, if it has not ended before. The delay is
---not for anything to happen meanwhile: any instant will do, and every one must have its turn.
---@async
---@param spec table as for ggen.core.process; its environment is added to
---@param home string
---@param delay number? seconds; nil: it is not killed
---@param before_kill fun()?
---@return table result
function M.run(spec, home, delay, before_kill)
  local env = { PATH = "/usr/local/bin:/usr/bin:/bin", HOME = home, TMPDIR = home }
  for name, value in pairs(spec.env or {}) do env[name] = value end
  spec.env = env
  local killer
  local result = async.await(function(resume)
    local handle = assert(process.run(spec, resume))
    killer = delay and timer.start(delay, function()
      if before_kill then before_kill() end
      -- Only the process itself: a kill to its group would do the guard's work.
      local pid = handle:pid() -- none when it has ended already
      if pid then os.execute("kill -KILL " .. pid .. " 2>/dev/null") end
    end)
    return handle
  end)
  if killer then killer:close() end
  return result
end

return M
