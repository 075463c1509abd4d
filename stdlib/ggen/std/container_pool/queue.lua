-- Tasks that wait for a container: first come, first served, each for a limited time. Knows no
-- containers and no clock.
-- SPDX-License-Identifier: MIT
local M = {}

---Answers one who waits; once.
---@param entry ggen.PoolEntry
---@param ... any
function M.answer(entry, ...)
  local answer = entry.answer
  entry.answer = nil
  if answer then answer(...) end
end

---@class ggen.PoolEntry one who waits
---@field task string id
---@field shared boolean
---@field answer fun(lease: table?, message: string?, kind: string?)? nil once answered or given up
---@field since number
---@field before integer how many waited when it came
---@field duration number seconds for which it is expected to have it

---@class ggen.PoolQueue
local Queue = {}
Queue.__index = Queue

---@return ggen.PoolQueue
function M.new() return setmetatable({ _list = {} }, Queue) end

---@param entry ggen.PoolEntry
function Queue:add(entry) self._list[#self._list + 1] = entry end

---Puts one back that had its turn and got nothing.
---@param entry ggen.PoolEntry
function Queue:add_first(entry) table.insert(self._list, 1, entry) end

---@param entry ggen.PoolEntry
function Queue:remove(entry)
  for i, other in ipairs(self._list) do
    if other == entry then
      table.remove(self._list, i)
      return
    end
  end
end

---@return ggen.PoolEntry?
function Queue:first() return self._list[1] end

---@return ggen.PoolEntry[] the first one first
function Queue:entries() return self._list end

---@return integer
function Queue:count() return #self._list end

---@param shared boolean
---@return integer
function Queue:count_of(shared)
  local count = 0
  for _, entry in ipairs(self._list) do
    if entry.shared == shared then count = count + 1 end
  end
  return count
end

---Answers all who wait, the first one first.
---@param ... any
function Queue:answer_all(...)
  local list = self._list
  self._list = {}
  for _, entry in ipairs(list) do M.answer(entry, ...) end
end

return M
