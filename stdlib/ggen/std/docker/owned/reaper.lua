-- The process that clears up behind a run: started with its first container, in a session of its
-- own, it waits until the run has ended, however it did. Then it removes what the run has left, and
-- goes on as long as containers of the project are kept, to remove them when they expire. Its
-- working directory is that of the books, which may be moved meanwhile.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local books = require("ggen.std.docker.owned.books")
local docker = require("ggen.std.docker")
local sweep = require("ggen.std.docker.owned.sweep")

local M = {}

local CLEARING = 10 -- seconds, at most, for what is still being made, or an engine that is away
local FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5
-- The clock may be set, and others may write into the books.
local LOOK_AGAIN = 3

---What the run has said before it ended.
---@param text string lines: { run, books, host } as JSON; "+NONCE" asked for, "-NONCE" made; "bye"
---@return table? task { run, books, host }, nil when it died before it had asked for anything
---@return table<string, true> waiting nonces of containers that may still be made
---@return boolean bye it has left nothing
function M.read(text)
  local task, waiting, bye = nil, {}, false
  for line in text:gmatch("([^\n]*)\n") do
    local sign, word = line:match("^([+-])(%x+)$")
    if sign then
      waiting[word] = sign == "+" or nil
    elseif line == "bye" then
      bye = true
    elseif line:sub(1, 1) == "{" then
      task = ggen.json.decode(line)
    end
  end
  return task, waiting, bye
end

-- Calls try() until it returns true, for as long as it makes sense.
local function patiently(seconds, try)
  local clock = require("ggen.core.clock")
  local deadline, pause = clock.monotonic() + seconds, FIRST_PAUSE
  while not try() do
    if clock.monotonic() >= deadline then return false end
    ggen.async.sleep(pause)
    pause = math.min(2 * pause, LONGEST_PAUSE)
  end
  return true
end

local function is_quiet(result, waiting)
  for nonce in pairs(waiting) do
    if not result.nonces[nonce] then return false end
    waiting[nonce] = nil -- it has come, and is removed like any other
  end
  return #result.containers == 0 and result.volumes == 0 and not result.problem
end

-- One look at an engine; connects again when that fails.
local function look(engines, host, book)
  local engine = engines[host] or docker.connect({ host = host ~= "" and host or nil })
  engines[host] = engine
  local result = engine and sweep.sweep(engine, book)
  if not result then engines[host] = nil end
  return result
end

-- Removes what the run has left. As long as we do we hold its lock, so that nobody takes it for
-- done.
local function clear(book, engines, task, waiting)
  -- Of a process that is killed the pipe ends before its locks do.
  local ours = patiently(CLEARING, function() return book.lock:try("run " .. task.run) == true end)
  if not ours then return end
  local last
  patiently(CLEARING, function()
    last = look(engines, task.host or "", book)
    return last ~= nil and is_quiet(last, waiting)
  end)
  if last and not last.problem then book:drop_run(task.run) end
  book.lock:unlock("run " .. task.run)
end

-- Seconds until something expires; nil: nothing is kept. And where something has expired.
local function next_expiry(book)
  local soonest, now, hosts = nil, os.time(), {}
  for id, entry in pairs(book:kept()) do
    -- One that was adopted has another reaper.
    if not book:is_held(id) then
      local left = books.time_left(entry, now)
      soonest = math.min(soonest or left, left)
      if left == 0 then hosts[entry.host or ""] = true end
    end
  end
  return soonest, hosts
end

-- Waits for what is kept, one process for all runs of the project. False: it could not be removed.
local function keep(book, engines)
  local known, failed = {}, 0 -- hosts on which something was kept
  while failed < CLEARING do
    local soonest, hosts = next_expiry(book)
    for _, entry in pairs(book:kept()) do known[entry.host or ""] = true end
    local gone = not book:in_place()
    if gone then hosts = known end -- the books were thrown away, so nobody will come for them
    for host in pairs(hosts) do
      if not look(engines, host, book) then failed = failed + 1 end
    end
    if gone and failed == 0 or not gone and not soonest then return true end
    ggen.async.sleep(next(hosts) and 1 or math.min(soonest or 1, LOOK_AGAIN))
  end
  return false
end

---The whole life of the process.
---@async
---@return integer code
function M.main()
  local book = books.find(".")
  if not book then return 0 end
  -- Nothing else happens in this process, so it may block.
  local task, waiting, bye = M.read(io.stdin:read("*a"))
  if not task or task.books ~= book.id then return 0 end
  local engines = {}
  if not bye then clear(book, engines, task, waiting) end
  -- Whoever has the lock looks at the books once more after giving it back.
  while next(book:kept()) and book.lock:try("keeper") == true do
    local done = keep(book, engines)
    book.lock:unlock("keeper")
    if not done then break end
  end
  return 0
end

return M
