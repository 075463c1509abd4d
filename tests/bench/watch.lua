-- From a file being saved to the start of the task's process, without the pause in which
-- `ggen-lua watch` waits for more: the median of some saves, in seconds. A task named "stamp" reads
-- watched.txt and writes when it started (stamp.c) to FILE.
-- Usage: ggen-lua lua tests/bench/watch.lua GGEN DIR FILE [SAVES]
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local clock = require("ggen.core.clock")
local output = require("ggen.core.output")
local process = require("ggen.core.process")

local ggen, dir, stamp, saves = arg[1], arg[2], arg[3], tonumber(arg[4] or 21)
local QUIET = 0.05

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function save(text)
  local file = assert(io.open(dir .. "/watched.txt", "wb"))
  file:write(text)
  file:close()
end

-- A counter, so that each content is a new one.
local times, said, saved = {}, "", nil

local function on_output(bytes)
  said = said .. bytes
  if not said:find("waiting for changes", 1, true) then return end
  said = ""
  if saved then times[#times + 1] = tonumber(read(stamp)) / 1e9 - saved - QUIET end
  saved = clock.monotonic()
  save(("save %d at %.6f\n"):format(#times, clock.unix()))
end

local env = {}
for _, name in ipairs({ "PATH", "HOME", "GGEN_CACHE_DIR" }) do env[name] = os.getenv(name) end

local code = async.await(function(resume)
  local child
  child = process.run({ argv = { ggen, "-C", dir, "watch", "stamp" }, env = env,
    output = output.callback(function(_, bytes)
      on_output(bytes)
      -- The first is of a run without a history.
      if #times > saves then child:kill("TERM") end
    end) }, resume)
  return child
end)
assert(#times > saves, "watch ended early: " .. tostring(code.code))
table.remove(times, 1)
table.sort(times)
print(("%.6f"):format(times[math.ceil(#times / 2)]))
