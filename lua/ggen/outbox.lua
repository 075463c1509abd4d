-- Letters that could not be sent, kept in a directory until a later run can: bounded by number and
-- size, the oldest go first. A run claims the ones that it sends, so that two do not send the same.
--
-- A file is the body of one letter; its name is
--   <box>-<13 digits: ms since 1970>-<random>-<kind>[.claimed-<seconds since 1970>]
-- Beside them, <box>-unanswered says when a run has waited for an answer in vain: seconds since
-- 1970.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")

local M = {}

local CLAIM = 600 -- seconds, after which whoever claimed a letter is taken for dead
local DOUBT = 60 -- seconds for which nobody waits for an answer after one did in vain

---@class ggen.Outbox
local Outbox = {}
Outbox.__index = Outbox

---@class ggen.Letter
---@field kind string letters and digits
---@field body string
---@field file string? its name in the outbox, where it came from

---@param dir string
---@param name string whose letters these are: letters and digits
---@param limits { files: integer, bytes: integer }
---@param now fun(): number seconds since 1970
---@return ggen.Outbox
function M.open(dir, name, limits, now)
  return setmetatable({ _dir = dir, _name = name, _limits = limits, _now = now }, Outbox)
end

-- Oldest first; `claimed` is when somebody took it.
function Outbox:_list()
  local letters = {}
  for _, entry in ipairs(fs.list(self._dir) or {}) do
    local box, kind, claimed = entry.name:match("^(%w+)%-%d+%-%x+%-(%w+)(.*)$")
    if box == self._name and entry.type == "file" then
      local since = claimed:match("^%.claimed%-(%d+)$")
      if claimed == "" or since then
        letters[#letters + 1] = { file = entry.name, kind = kind, claimed = tonumber(since) }
      end
    end
  end
  return letters
end

local function plain(file) return (file:gsub("%.claimed%-%d+$", "")) end

---Claims what is there.
---@return ggen.Letter[] letters oldest first, without their bodies
function Outbox:take()
  local taken, now = {}, math.floor(self._now())
  for _, letter in ipairs(self:_list()) do
    if not letter.claimed or now - letter.claimed > CLAIM or letter.claimed > now + CLAIM then
      local file = plain(letter.file) .. ".claimed-" .. now
      if fs.rename(self._dir .. "/" .. letter.file, self._dir .. "/" .. file) then
        taken[#taken + 1] = { file = file, kind = letter.kind }
      end
    end
  end
  return taken
end

---@param letter ggen.Letter one that was taken
---@return string? body
function Outbox:read(letter)
  return (fs.read(self._dir .. "/" .. letter.file, self._limits.bytes))
end

---A letter was sent, or nobody will ever take it.
---@param letter ggen.Letter
function Outbox:remove(letter)
  if letter.file then fs.remove(self._dir .. "/" .. letter.file) end
end

---Keeps letters for later; what is too much goes, the oldest first.
---@param letters ggen.Letter[]
---@return integer lost how many letters are gone for ever
---@return string? message when the directory cannot be written
function Outbox:keep(letters)
  if #letters == 0 then return 0 end
  local lost, message = 0, nil
  fs.mkdir(self._dir)
  for i, letter in ipairs(letters) do
    if letter.file then
      fs.rename(self._dir .. "/" .. letter.file, self._dir .. "/" .. plain(letter.file))
    else
      local file = ("%s-%013d-%04x%s-%s"):format(self._name, self._now() * 1000, i,
        require("ggen.random").hex(4), letter.kind)
      local ok, why = fs.write(self._dir .. "/" .. file, letter.body)
      if not ok then lost, message = lost + 1, why end
    end
  end
  return lost + self:_bound(), message
end

---A run has waited for an answer: in vain, or not.
---@param answered boolean
function Outbox:waited(answered)
  local file = self._dir .. "/" .. self._name .. "-unanswered"
  if not answered then
    fs.mkdir(self._dir)
    fs.write(file, ("%d\n"):format(self._now()))
  elseif fs.stat(file) then
    fs.remove(file)
  end
end

---Whether it makes no sense to wait for an answer.
---@return boolean
function Outbox:in_doubt()
  local since = tonumber((fs.read(self._dir .. "/" .. self._name .. "-unanswered", 64)))
  return since ~= nil and since <= self._now() and self._now() - since < DOUBT
end

function Outbox:_bound()
  local letters, bytes, lost = self:_list(), 0, 0
  for i = #letters, 1, -1 do
    local letter = letters[i]
    local found = fs.stat(self._dir .. "/" .. letter.file)
    bytes = bytes + (found and found.size or 0)
    if #letters - i + 1 > self._limits.files or bytes > self._limits.bytes then
      fs.remove(self._dir .. "/" .. letter.file)
      lost = lost + 1
    end
  end
  return lost
end

return M
