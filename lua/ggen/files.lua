-- Small files that plugins keep: written whole or not at all, and changed by one run at a time.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local json = require("ggen.core.json")

local M = {}

local MOST_READ = 4 * 1024 * 1024

local function refuse_while_loading()
  if require("ggen.loading").current() then
    error("while a pipeline is loading no file may be written (do it in a task or in a plugin)", 3)
  end
end

-- With the directories above it.
local function write(path, bytes)
  local ok, message, kind = fs.write(path, bytes)
  if not ok and kind == "not_found" then
    local dir = path:match("^(.*)/[^/]*$")
    if dir and fs.mkdir(dir) then ok, message, kind = fs.write(path, bytes) end
  end
  return ok, message, kind
end

---The bytes of a file; one that is larger than `most` is refused.
---@param path string
---@param most integer? bytes (4 MiB)
---@return string? bytes
---@return string? message
function M.read(path, most)
  local inputs = require("ggen.loading").inputs
  if inputs then return inputs:read(path) end
  return fs.read(path, most or MOST_READ)
end

---Makes the file hold exactly these bytes: whoever reads it sees the old ones or the new ones.
---@param path string
---@param bytes string
---@return boolean? done
---@return string? message
function M.write(path, bytes)
  refuse_while_loading()
  return write(path, bytes)
end

local function with_lock(lock, fn)
  local ok, value, message = pcall(fn)
  lock:close()
  if not ok then error(value, 0) end
  return value, message
end

local function lock_of(path, part)
  refuse_while_loading()
  fs.mkdir(path:match("^(.*)/[^/]*$") or ".")
  local name = path:match("[^/]*$")
  return path .. ".lock", part and name .. "/" .. part or name
end

---Calls a function while no other run does the same. It may wait; whoever comes meanwhile stands
---still, so it has to be short.
---@param path string what is held; a file of that name and `.lock` stays
---@param fn fun(): any
---@return any
function M.hold(path, fn) return with_lock(require("ggen.core.lock").hold(lock_of(path)), fn) end

---Calls a function unless another run does the same just now. Nobody waits for anybody, so it may
---take its time.
---@param path string what is held; a file of that name and `.lock` stays
---@param fn fun(): any
---@param part string? of the file: another one may be held meanwhile, and the whole
---@return boolean called false: another run has it
---@return any
function M.try(path, fn, part)
  local lock = require("ggen.core.lock").try(lock_of(path, part))
  if not lock then return false end
  return true, with_lock(lock, fn)
end

---Changes a file of JSON. Of several runs that do it at once each sees what the one before it left.
---@param path string
---@param change fun(value: any, problem: string?): any gets what the file holds, nil when there is
---none or it is damaged (then also why); returns what it is to hold, nil to leave it as it is.
---Must not wait.
---@return boolean? done
---@return string? message
function M.update(path, change)
  return M.hold(path, function()
    local bytes, value, problem = fs.read(path), nil, nil
    if bytes then value, problem = json.decode(bytes) end
    local changed = change(value, problem)
    if changed == nil then return true end
    local text, why = json.encode(changed)
    if not text then return nil, why end
    return write(path, text .. "\n")
  end)
end

return M
