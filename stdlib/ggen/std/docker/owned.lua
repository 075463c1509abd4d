-- Containers that do not outlive their run, however it ends: each carries labels, the project keeps
-- books about them (owned/books.lua), and a process that outlives the run clears up behind it
-- (owned/reaper.lua). Failing that, the next run does, or `ggen-lua containers gc`. What is to be
-- kept for the next run is let go, and adopted by it.
--
-- In use is a container whose run goes on, or that a run has adopted; nobody else touches it. Both
-- are locks, which end with their process: no process number is compared, and no clock.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local env = require("ggen.core.env")
local fs = require("ggen.core.fs")
local hash = require("ggen.core.hash")
local successor = require("ggen.core.successor")
local books = require("ggen.std.docker.owned.books")
local sweep = require("ggen.std.docker.owned.sweep")

---@class ggen.docker.owned
local M = {}

-- What was not asked for any more, and whose books are gone, is nobody's after this long.
local LOST = 24 * 3600 -- seconds

-- What the reaper gets of the environment: where the engine is, and nothing that is secret.
local PASSED = { "DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "CONTAINER_HOST",
  "XDG_RUNTIME_DIR", "HOME", "PATH", "TMPDIR", "LANG", "GGEN_LUA_PATH" }

-- What all owners of one project have in common in this process: one run, one reaper.
---@class docker.House
---@field book docker.Books
---@field run string
---@field host string? of the engine
---@field mine table<string, true> containers that this run made or adopted, and has not let go
---@field waiting string[] nonces of those that are being made
---@field reaper ggen.Successor?
---@field refs integer
local houses = {} -- project directory -> House

---@class ggen.docker.Owner
---@field package _house docker.House
---@field package _project string
---@field package _engine fun(): ggen.docker.Engine?, string?, string?
---@field package _closed boolean?
local Owner = { __name = "ggen.docker.Owner" }
Owner.__index = Owner

---@class ggen.docker.OwnerOptions
---@field project_dir string absolute
---@field engine fun(): ggen.docker.Engine?, string?, ggen.docker.Kind? asked when one is needed

---Opens the books of a project, and asks no engine. Owners of one project in one process are one
---run: what one has made the other does not remove.
---@param options ggen.docker.OwnerOptions
---@return ggen.docker.Owner? owner
---@return string? message why there can be no books
function M.open(options)
  local project = fs.realpath(options.project_dir) or options.project_dir
  local house = houses[project]
  if not house then
    local book, message = books.open(books.directory(project))
    if not book then
      return nil, ("the books of the containers cannot be kept: %s"):format(message)
    end
    house = { book = book, run = ggen.random.hex(6), mine = {}, waiting = {}, refs = 0 }
    houses[project] = house
  end
  house.refs = house.refs + 1
  return setmetatable({ _house = house, _project = project, _engine = options.engine }, Owner)
end

---What all containers of a project have as their label ggen.project.
---@param project_dir string absolute
---@return string
function M.project_digest(project_dir) return hash.bytes(project_dir):sub(1, 16) end

-- Sends the reaper a line; one that died in the meantime is replaced, and told all.
local function tell(house, line)
  if house.reaper and house.reaper:tell(line .. "\n") then return end
  local list, environment = {}, env.all()
  for _, name in ipairs(PASSED) do
    if environment[name] then list[#list + 1] = name .. "=" .. environment[name] end
  end
  if house.reaper then house.reaper:close() end
  -- Without a reaper the next run sees to it.
  house.reaper = successor.start({ "ggen-lua-reaper", "lua", "-e",
    "return require('ggen').std.docker.owned.reap()" }, list, house.book.dir)
  if not house.reaper then return end
  local words = { assert(ggen.json.encode({ run = house.run, books = house.book.id,
    host = house.host })) }
  for _, nonce in ipairs(house.waiting) do words[#words + 1] = "+" .. nonce end
  for _, word in ipairs(words) do house.reaper:tell(word .. "\n") end
end

-- Before the first container: the lock of the run, its page in the books.
local function begin(owner)
  local house = owner._house
  if house.begun then return end
  house.begun = true
  local engine = owner._engine()
  house.host = engine and engine.endpoint.shown or nil
  house.book.own[house.run] = true
  house.book.lock:try("run " .. house.run)
  house.book:write_run(house.run, { host = house.host })
end

---Labels for a container or a volume that is about to be made; call it for each one. From here on
---the reaper waits for it if we die before its id is known.
---@async
---@param options { name: string, config?: string, keep?: number } keep: seconds, at most
---@return table<string, string> labels
function Owner:labels(options)
  local house = self._house
  begin(self)
  local nonce = ggen.random.hex(6)
  house.waiting[#house.waiting + 1] = nonce
  tell(house, "+" .. nonce)
  return {
    [sweep.BOOKS] = house.book.id, [sweep.RUN] = house.run, [sweep.NONCE] = nonce,
    ["ggen.project"] = M.project_digest(self._project), ["ggen.dir"] = self._project,
    ["ggen.lease"] = options.name, ["ggen.config"] = options.config or "",
    ["ggen.user"] = M.user(), ["ggen.host"] = M.host(),
    ["ggen.expires"] = ("%d"):format(os.time() + LOST + (options.keep or 0)),
  }
end

-- The nonce of the labels, or the one that waits longest.
local function take_nonce(house, labels)
  local nonce = labels and labels[sweep.NONCE]
  for i, waiting in ipairs(house.waiting) do
    if waiting == nonce or not nonce then
      table.remove(house.waiting, i)
      return waiting
    end
  end
end

---The container is there, under this id; without one, it was not made, or what was made is a
---volume.
---@param id string?
---@param labels table<string, string>? that it was made with
function Owner:created(id, labels)
  local house = self._house
  local nonce = take_nonce(house, labels)
  if id then house.mine[id] = true end
  if nonce then tell(house, "-" .. nonce) end
end

-- podman makes a directory where the source of a mount is not there: nobody's wish, and it stays.
local function missing_source(spec)
  for _, mount in ipairs(spec.mounts or {}) do
    local is_path = (mount.type or "bind") == "bind" and mount.source
    if is_path and not fs.stat(mount.source) then return mount.source end
  end
end

---Makes a container that is owned: labels, engine:create, created. What it mounts of this machine
---must be there.
---@async
---@param spec ggen.docker.ContainerSpec its labels are added to
---@param options { name: string, config?: string, keep?: number } as of labels
---@return string? id
---@return string? message
---@return ggen.docker.Kind? kind
function Owner:create(spec, options)
  local engine, message, kind = self._engine()
  if not engine then return nil, message, kind end
  local missing = missing_source(spec)
  if missing then
    return nil, ("mounts: there is no %s on this machine"):format(missing), "bad_request"
  end
  local copy, labels = {}, self:labels(options)
  for name, value in pairs(spec) do copy[name] = value end
  copy.labels = {}
  for name, value in pairs(spec.labels or {}) do copy.labels[name] = value end
  for name, value in pairs(labels) do copy.labels[name] = value end
  local id
  id, message, kind = engine:create(copy)
  -- An answer that did not come says nothing about the container: the reaper goes on waiting.
  local unknown = not id and (kind == "timeout" or kind == "closed")
  if not unknown then self:created(id, labels) end
  return id, message, kind
end

---The container was removed.
---@param id string
function Owner:gone(id)
  local house = self._house
  house.mine[id] = nil
  house.book:drop_keep(id)
  house.book:give_back(id)
end

---Lets a container go, for the next run: it is kept for so long. With 0 it is removed when this run
---ends.
---@param id string
---@param keep number seconds
function Owner:let_go(id, keep)
  local house = self._house
  if keep <= 0 then return end
  local written = house.book:write_keep(id, { keep = keep, written = os.time(),
    host = house.host })
  -- What cannot be written down would be lost: then it goes with the run.
  if not written then return end
  house.mine[id] = nil
  house.book:give_back(id)
end

-- Takes one that is kept, if it is still there and nobody's.
local function take(owner, engine, container)
  local book, id = owner._house.book, container.id
  if sweep.fate(book, id, container.labels, os.time()) ~= "kept" or not book:take(id) then
    return nil
  end
  -- It may have expired and gone between the list and the lock.
  local keep = book:keep_of(id)
  local known = keep and books.time_left(keep, os.time()) > 0 and engine:inspect(id)
  if not known then
    book:give_back(id)
    return nil
  end
  return known
end

---Takes over the containers of this name that earlier runs of the project have let go, and removes
---those that were made by another configuration. No engine is asked when none is kept.
---@async
---@param options { name: string, config: string }
---@return { id: string, state: string, container: ggen.docker.Container }[] taken
---@return string? message when the engine could not be asked
---@return ggen.docker.Kind? kind
function Owner:adopt(options)
  local house = self._house
  if not next(house.book:kept()) then return {} end
  local engine, message, kind = self._engine()
  if not engine then return {}, message, kind end
  local list
  list, message, kind = engine:list({ all = true, labels = { [sweep.BOOKS] = house.book.id,
    ["ggen.lease"] = options.name } })
  local taken = {}
  for _, container in ipairs(list or {}) do
    local id, fits = container.id, container.labels["ggen.config"] == options.config
    if fits then
      begin(self)
      local known = take(self, engine, container)
      if known then
        house.mine[id] = true
        tell(house, "") -- the reaper is there before the container depends on it
        house.book:drop_keep(id)
        taken[#taken + 1] = { id = id, state = known.status, container = known }
      end
    elseif sweep.fate(house.book, id, container.labels, os.time()) == "kept" then
      sweep.remove(engine, house.book, id, function() return house.book:keep_of(id) ~= nil end)
    end
  end
  return taken, message, kind
end

-- The hosts of the engines on which something may be over.
local function hosts_to_sweep(book)
  local hosts, now = {}, os.time()
  for run, entry in pairs(book:runs()) do
    if not book:runs_on(run) then hosts[entry.host or ""] = true end
  end
  for id, entry in pairs(book:kept()) do
    if books.time_left(entry, now) == 0 and not book:is_held(id) then
      hosts[entry.host or ""] = true
    end
  end
  return hosts
end


---Removes what runs of this project have left that died, and what is kept no longer. No engine is
---asked when the books say that there is nothing.
---@async
---@return { containers: string[], volumes: integer, problem: string? } swept by their ids
function Owner:sweep() return M.sweep_books(self._house.book, self._engine) end

---The same, of books. Engines are connected to by their host; `engine` is asked first.
---@async
---@param book docker.Books
---@param engine (fun(): ggen.docker.Engine?, string?)?
---@return { containers: string[], volumes: integer, problem: string? } swept
function M.sweep_books(book, engine)
  local swept = { containers = {}, volumes = 0 }
  for host in pairs(hosts_to_sweep(book)) do
    local found, message = engine and engine()
    if not found or (host ~= "" and found.endpoint.shown ~= host) then
      found, message = ggen.std.docker.connect({ host = host ~= "" and host or nil })
    end
    local result
    if found then result, message = sweep.settle(found, book) end
    if result then
      for _, id in ipairs(result.containers) do table.insert(swept.containers, id) end
      swept.volumes = swept.volumes + result.volumes
      message = result.problem
      if not message then book:close_pages(host) end
    end
    swept.problem = swept.problem or message
  end
  return swept
end

---The end of this run. What it has not let go, and not said to be gone, is removed by the reaper.
function Owner:close()
  if self._closed then return end
  self._closed = true
  local house = self._house
  house.refs = house.refs - 1
  if house.refs > 0 then return end
  houses[self._project] = nil
  local nothing_left = not next(house.mine) and #house.waiting == 0
  if house.begun and nothing_left then house.book:drop_run(house.run) end
  house.book:close()
  if house.reaper then
    if nothing_left then house.reaper:tell("bye\n") end
    house.reaper:close()
  end
end

---The engines that the books of a project name.
---@param project_dir string absolute
---@return string[] hosts as docker.connect takes them
function M.hosts(project_dir)
  local book, hosts, list = books.find(books.directory(project_dir)), {}, {}
  if not book then return {} end
  for _, entry in pairs(book:runs()) do hosts[entry.host or false] = true end
  for _, entry in pairs(book:kept()) do hosts[entry.host or false] = true end
  book:close()
  for host in pairs(hosts) do
    if host then list[#list + 1] = host end
  end
  table.sort(list)
  return list
end

---What there is on an engine of the runs of a project, or of all projects.
---@async
---@param engine ggen.docker.Engine
---@param project_dir string? absolute; nil: of all projects
---@return docker.Survey? survey with `found`; survey:remove, survey:sweep
---@return string? message
function M.survey(engine, project_dir)
  local project = project_dir and { dir = project_dir, digest = M.project_digest(project_dir) }
  return require("ggen.std.docker.owned.survey").of(engine, project, { user = M.user(),
    host = M.host() })
end

---What the process that clears up does.
---@async
---@return integer code
function M.reap() return require("ggen.std.docker.owned.reaper").main() end

local function first_line(path)
  local text = fs.read(path, 4096)
  return text and text:match("^[^\n]*")
end

---Who owns what this process makes.
---@return string digits of the user that this process runs as
function M.user()
  local status = fs.read("/proc/self/status", 64 * 1024) or ""
  return status:match("\nUid:%s+(%d+)") or "?"
end

---Where this process runs.
---@return string name of this machine
function M.host() return first_line("/proc/sys/kernel/hostname") or "?" end

return M
