-- What there is on an engine of runs of this program, and what is to become of each: for those who
-- want to look, and to clear up by hand.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local books = require("ggen.std.docker.owned.books")
local sweep = require("ggen.std.docker.owned.sweep")

local M = {}

---A container that a run has made.
---@class docker.Found
---@field id string
---@field lease string what the run calls it
---@field image string
---@field state string of the engine: "running", "paused", "exited", ...
---@field fate docker.Fate|"lost"|"foreign" used: by a run; kept: for the next one; over: nobody's;
---lost: its books are gone, so nobody knows whether a run still has it; foreign: the books are not
---here, because another user or another machine made it
---@field kept_for number? seconds
---@field dir string of the project
---@field run string
---@field created number? seconds since 1970
---@field name string of the engine

---@class docker.Survey
---@field engine ggen.docker.Engine
---@field found docker.Found[]
---@field package _books table<string, docker.Books|false> by directory
local Survey = {}
Survey.__index = Survey

-- The books of the project, when they are those that the container belongs to.
local function books_of(survey, labels)
  local dir, known = labels["ggen.dir"] or "", survey._books
  if known[dir] == nil then known[dir] = books.find(books.directory(dir)) or false end
  local book = known[dir]
  if book and book.id == labels[sweep.BOOKS] then return book end
  -- The project was moved.
  for _, other in pairs(known) do
    if other and other.id == labels[sweep.BOOKS] then return other end
  end
end

local function lost(labels, who, now)
  if labels["ggen.user"] ~= who.user or labels["ggen.host"] ~= who.host then return "foreign" end
  return now > (tonumber(labels["ggen.expires"]) or math.huge) and "over" or "lost"
end

local function describe(survey, container, who)
  local labels, now = container.labels, os.time()
  local book = books_of(survey, labels)
  local keep = book and book:keep_of(container.id)
  local fate = book and sweep.fate(book, container.id, labels, now) or lost(labels, who, now)
  return { id = container.id, name = container.name, lease = labels["ggen.lease"] or "?",
    image = container.image, state = container.state, fate = fate, run = labels[sweep.RUN] or "?",
    kept_for = fate == "kept" and books.time_left(keep, now) or nil,
    dir = book and fs.realpath(book.dir .. "/../..") or labels["ggen.dir"] or "?",
    created = container.created }
end

---All containers of one project, or of all of them.
---@async
---@param engine ggen.docker.Engine
---@param project { dir: string, digest: string }? nil: of all
---@param who { user: string, host: string }
---@return docker.Survey?
---@return string? message
function M.of(engine, project, who)
  local survey = setmetatable({ engine = engine, found = {}, _books = {} }, Survey)
  local filters = { { [sweep.BOOKS] = true } }
  if project then
    local book = books.find(books.directory(project.dir))
    survey._books[project.dir] = book or false
    -- By its books, if it was moved; by its directory, if the books are gone.
    filters = { { ["ggen.project"] = project.digest }, book and { [sweep.BOOKS] = book.id } }
  end
  local seen = {}
  for _, filter in ipairs(filters) do
    local list, message = engine:list({ labels = filter, all = true })
    if not list then return nil, message end
    for _, container in ipairs(list) do
      if not seen[container.id] then
        seen[container.id] = true
        table.insert(survey.found, describe(survey, container, who))
      end
    end
  end
  table.sort(survey.found, function(a, b)
    if a.dir ~= b.dir then return a.dir < b.dir end
    if a.lease ~= b.lease then return a.lease < b.lease end
    return a.id < b.id
  end)
  return survey
end

---Removes one of them.
---@async
---@param one docker.Found
---@param force boolean also when it is in use
---@return boolean? removed false: a run has it
---@return string? message why it could not be
function Survey:remove(one, force)
  local book
  for _, other in pairs(self._books) do
    if other and fs.realpath(other.dir) == books.directory(one.dir) then book = other end
  end
  local ours = book and one.fate ~= "lost" and one.fate ~= "foreign"
  if ours and not force then
    return sweep.remove(self.engine, book, one.id, function() return not book:runs_on(one.run) end)
  end
  local removed, message, kind = self.engine:remove(one.id, { force = true, volumes = true })
  if not removed and kind ~= "no_such_container" then return nil, message end
  if ours then book:drop_keep(one.id) end
  return true
end

---Removes what is over, containers and volumes, of all books that were found.
---@async
---@return { containers: string[], volumes: integer, problem: string? } swept
function Survey:sweep()
  local swept = { containers = {}, volumes = 0 }
  for _, book in pairs(self._books) do
    local result, message
    if book then result, message = sweep.settle(self.engine, book) end
    if result then
      for _, id in ipairs(result.containers) do table.insert(swept.containers, id) end
      swept.volumes = swept.volumes + result.volumes
      message = result.problem
      if not message then book:close_pages(self.engine.endpoint.shown) end
    end
    swept.problem = swept.problem or message
  end
  return swept
end

return M
