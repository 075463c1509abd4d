-- Removes containers and volumes that nobody has any more, by the books of their project. Whoever
-- does it (a run, its reaper, `ggen-lua containers gc`), and however many at once, comes to the
-- same: each container is taken before it is looked at for the last time.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local books = require("ggen.std.docker.owned.books")

local M = {}

-- What the labels begin with, and are called.
M.BOOKS, M.RUN, M.NONCE = "ggen.books", "ggen.run", "ggen.nonce"

---@alias docker.Fate "used"|"kept"|"over"

---What is to become of a container of these books.
---@param book docker.Books
---@param id string
---@param labels table<string, string>
---@param now number
---@return docker.Fate
function M.fate(book, id, labels, now)
  if book:is_held(id) or book:runs_on(labels[M.RUN] or "") then return "used" end
  local keep = book:keep_of(id)
  return keep and books.time_left(keep, now) > 0 and "kept" or "over"
end

---Removes a container that is in nobody's hands.
---@async
---@param engine ggen.docker.Engine
---@param book docker.Books
---@param id string
---@param still fun(): boolean asked when nobody else can take it any more
---@return boolean? removed nil: it could not be
---@return string? message
---@return string? kind
function M.remove(engine, book, id, still)
  if not book:take(id) then return false end
  local removed, message, kind = false, nil, nil
  -- A coroutine that is cancelled while it waits must not go on holding it.
  local ok, problem = pcall(function()
    if not still() then return end
    removed, message, kind = engine:remove(id, { force = true, volumes = true })
    if removed or kind == "no_such_container" then
      removed, message, kind = true, nil, nil
      book:drop_keep(id)
    end
  end)
  book:give_back(id)
  if not ok then error(problem, 0) end
  return removed, message, kind
end

local function sweep_volumes(engine, book, result)
  local volumes, message, kind = engine:volumes({ labels = { [M.BOOKS] = book.id } })
  if not volumes then return nil, message, kind end
  for _, volume in ipairs(volumes) do
    result.nonces[volume.labels[M.NONCE] or ""] = true
    if not book:runs_on(volume.labels[M.RUN] or "") then
      local removed, text, why = engine:volume_remove(volume.name)
      if removed then
        result.volumes = result.volumes + 1
      elseif why ~= "conflict" and why ~= "no_such_container" and why ~= "no_such_volume" then
        -- A conflict: a container that is kept has it.
        result.problem = result.problem or text
      end
    end
  end
  return true
end

---@class docker.Swept
---@field containers string[] ids of those that were removed
---@field volumes integer
---@field problem? string why something could not be removed
---@field nonces table<string, true> of the containers and volumes that are there, or were

---Removes what is over of these books on one engine.
---@async
---@param engine ggen.docker.Engine
---@param book docker.Books
---@return docker.Swept?
---@return string? message
---@return string? kind
function M.sweep(engine, book)
  local list, message, kind = engine:list({ labels = { [M.BOOKS] = book.id }, all = true })
  if not list then return nil, message, kind end
  local result = { containers = {}, volumes = 0, nonces = {} }
  for _, container in ipairs(list) do
    local id, labels = container.id, container.labels
    result.nonces[labels[M.NONCE] or ""] = true
    local function over() return M.fate(book, id, labels, os.time()) == "over" end
    if over() then
      local taken, text = M.remove(engine, book, id, function()
        -- Held by us now, so that would be no reason.
        return not book:runs_on(labels[M.RUN] or "")
          and books.time_left(book:keep_of(id) or {}, os.time()) == 0
      end)
      if taken then
        table.insert(result.containers, id)
      elseif taken == nil then
        result.problem = result.problem or text
      end
    end
  end
  local done
  done, message, kind = sweep_volumes(engine, book, result)
  if not done then return nil, message, kind end
  return result
end

-- What is just being made or removed by others may refuse; a moment later it does not.
local TRIES, PAUSE = 4, 0.1 -- seconds, twice as long each time

---The same, again while something refuses.
---@async
---@param engine ggen.docker.Engine
---@param book docker.Books
---@return docker.Swept?
---@return string? message
---@return string? kind
function M.settle(engine, book)
  local all = { containers = {}, volumes = 0, nonces = {} }
  for try = 1, TRIES do
    local result, message, kind = M.sweep(engine, book)
    if not result then return nil, message, kind end
    for _, id in ipairs(result.containers) do table.insert(all.containers, id) end
    for nonce in pairs(result.nonces) do all.nonces[nonce] = true end
    all.volumes, all.problem = all.volumes + result.volumes, result.problem
    if not result.problem then break end
    if try < TRIES then ggen.async.sleep(PAUSE * 2 ^ (try - 1)) end
  end
  return all
end

return M
