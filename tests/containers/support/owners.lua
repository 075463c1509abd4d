-- Runs of owner.lua for specs: started, spoken with, killed. And what they have left.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local clock = require("ggen.core.clock")
local fs = require("ggen.core.fs")

local M = {}

local LIMIT = 10 -- seconds

-- A run: a program with a pipe in each direction. The one to it is a FIFO.
local Run = {}
Run.__index = Run

local runs = {}

-- Words of a shell, none of which has a quote in it.
local function quoted(words)
  local list = {}
  for i, word in ipairs(words) do list[i] = "'" .. word .. "'" end
  return table.concat(list, " ")
end

---@param project string directory
---@param ... string what it does, as owner.lua has it
function M.start(project, ...)
  local dir = assert(fs.make_temp_dir())
  local run = setmetatable({ dir = dir, lines = 0, project = project }, Run)
  local words = quoted({ os.getenv("GGEN_LUA") or fs.realpath("/proc/self/exe"), "lua",
    "tests/containers/support/owner.lua", project, ... })
  -- Opened for both directions, so that neither end waits for the other.
  os.execute(("mkfifo %s/in; %s <>%s/in >%s/out 2>&1 & echo $! >%s/pid"):format(dir, words, dir,
    dir, dir))
  run.pid = assert(tonumber((fs.read(dir .. "/pid"))))
  -- Held open: what is written before the run reads must stay.
  run.input = assert(io.open(dir .. "/in", "r+"))
  run.input:setvbuf("no")
  runs[#runs + 1] = run
  return run
end

---Waits until a question is answered with yes.
---@async
function M.wait_until(question, what)
  local deadline = clock.monotonic() + LIMIT
  while not question() do
    assert(clock.monotonic() < deadline, what .. ": not as expected after " .. LIMIT .. " s")
    async.sleep(0.02)
  end
end

---The next line that it has written.
---@async
function Run:read()
  local line
  M.wait_until(function()
    local number = 0
    for text in (fs.read(self.dir .. "/out") or ""):gmatch("([^\n]*)\n") do
      number = number + 1
      if number == self.lines + 1 then line = text end
    end
    return line ~= nil
  end, "a line")
  self.lines = self.lines + 1
  return line
end

function Run:write(text) assert(self.input:write(text)) end

local function is_alive(pid)
  local stat = fs.read("/proc/" .. pid .. "/stat")
  return stat ~= nil and stat:match("^.*%) (%a)") ~= "Z"
end

function M.kill(pid)
  os.execute("kill -s KILL " .. pid)
  M.wait_until(function() return not is_alive(pid) end, "a process that was killed")
end

---@async
function Run:wait()
  M.wait_until(function() return not is_alive(self.pid) end, "the end of a run")
end

---@async
function Run:kill() M.kill(self.pid) end

---Ends what a spec that failed has left, with all that it has made.
---@async
function M.end_all(project)
  for _, run in ipairs(runs) do
    if is_alive(run.pid) then run:kill() end
    run.input:close()
    fs.remove(run.dir, { recursive = true })
  end
  runs = {}
  for _, pid in ipairs(M.reapers(project)) do M.kill(pid) end
  local engine = assert(require("ggen.std").docker.connect())
  for _, container in ipairs(M.containers(engine, project)) do
    engine:remove(container.id, { force = true, volumes = true })
  end
end

---The containers of a project.
---@async
function M.containers(engine, project)
  return assert(engine:list({ labels = { ["ggen.dir"] = project }, all = true }))
end

---The names of the files in the books of a project.
function M.books(project)
  local names = {}
  for i, file in ipairs(fs.list(project .. "/.ggen/containers")) do names[i] = file.name end
  return names
end

---The processes that clear up behind runs of a project: their directory is that of its books, also
---of one that was moved or deleted.
function M.reapers(project)
  local pids = {}
  for _, file in ipairs(fs.list("/proc")) do
    local command = file.name:match("^%d+$") and fs.read("/proc/" .. file.name .. "/cmdline")
    if command and command:find("^ggen%-lua%-reaper") and is_alive(file.name) then
      local dir = fs.realpath("/proc/" .. file.name .. "/cwd") or "a deleted one"
      if dir:find(project, 1, true) or dir:find("^a deleted") then
        pids[#pids + 1] = tonumber(file.name)
      end
    end
  end
  table.sort(pids)
  return pids
end

return M
