-- Puts the phases of one make.toml in a row, each with all that belongs to it. Says of each which
-- ones it comes behind: the one before it, or, where hooks of one moment may run at the same time,
-- those that stood in front of all of them. Knows neither graph nor run.
-- SPDX-License-Identifier: MIT
local contains = require("ggen.contains")
local cycles = require("ggen.lifecycle.cycles")

local M = {}

---@class ggen.Moment hooks of one moment that may run at the same time
---@field node ggen.PhaseNode? whose hooks they are; nil: those of all
---@field first integer place of the first node that was placed for them
---@field outer ggen.Moment? the one that its phase is a part of
---@field members ggen.PhaseNode[]
---@field inner ggen.PhaseNode[] the members and what was placed for them

-- Whether an after hook may run now, when all that it is an after hook of is done: unless somebody
-- who is in the middle of it waits for it.
local function may_follow(state, node)
  local seen = {}
  local function free(inner)
    if state[inner] == "done" or seen[inner] then return true end
    if state[inner] == "open" then return false end
    seen[inner] = true
    for _, other in ipairs(inner.before) do
      if not free(other) then return false end
    end
    for _, other in ipairs(inner.waits) do
      if not free(other) then return false end
    end
    return true
  end
  return free(node)
end

local Sorter = {}
Sorter.__index = Sorter

-- What is placed from here on comes behind `nodes`.
function Sorter:_go_on_behind(nodes) self.ends = nodes end

function Sorter:_is_of_row(node) return node.task.declaration.owner == self.row.pipeline end

-- Hooks of one moment. What comes for their sake alone is none of its members.
function Sorter:_place_hooks(hooks, owner, depth)
  if not self.together or #hooks < 2 then
    for _, hook in ipairs(hooks) do self:place(hook, depth) end
    return
  end
  local front, ends, new = self.ends, {}, {}
  local moment = { node = owner, outer = self.moment, first = #self.row.sorted + 1, members = {},
    inner = {} }
  for _, hook in ipairs(hooks) do
    if not self.state[hook] and self:_is_of_row(hook) then new[#new + 1] = hook end
  end
  self.moment = moment
  for _, hook in ipairs(new) do
    if not self.state[hook] then
      self:_go_on_behind(front)
      self:place(hook, depth)
      for _, node in ipairs(self.ends) do ends[#ends + 1] = node end
    end
    -- One that stands in a moment within this one has its turn there.
    if not hook.has_turn then moment.members[#moment.members + 1] = hook end
  end
  self.moment = moment.outer
  if #ends > 0 then self:_go_on_behind(ends) end
  if #moment.members > 1 then
    table.insert(self.row.moments, moment)
    for _, hook in ipairs(moment.members) do hook.has_turn = true end
  end
end

-- What a phase needs, one after another but for what it lets run at the same time.
function Sorter:_place_needs(node, depth)
  local names = node.task.spec.lifecycle.together
  local front, ends = nil, {}
  for _, need in ipairs(node.needs) do
    if names and not self.state[need] and contains(names, need.task.name) then
      front = front or self.ends
      self:_go_on_behind(front)
      self:place(need, depth)
      for _, other in ipairs(self.ends) do ends[#ends + 1] = other end
    else
      if front and #ends > 0 then self:_go_on_behind(ends) end
      front, ends = nil, {}
      self:place(need, depth)
    end
  end
  if front and #ends > 0 then self:_go_on_behind(ends) end
end

-- After hooks of a phase that is placed now.
function Sorter:_follow(list, owner)
  local free = {}
  for _, hook in ipairs(list) do
    if not self.state[hook] and not self.at_end[hook] and self.left[hook] == 0 then
      if may_follow(self.state, hook) then
        free[#free + 1] = hook
        if not self.together then
          self:place(hook)
          free = {}
        end
      else
        self.late[#self.late + 1] = hook
      end
    end
  end
  self:_place_hooks(free, owner)
end

---Places a phase behind what it waits for and before its after hooks.
---@param node ggen.PhaseNode
---@param depth integer?
function Sorter:place(node, depth)
  local state = self.state
  if state[node] or not self:_is_of_row(node) then return end
  depth = (depth or 0) + 1
  if depth > cycles.DEEPEST then cycles.too_deep(node) end
  state[node] = "open"
  local around = node.task.spec.lifecycle.around
  if not around then self:_place_needs(node, depth) end
  self:_place_hooks(node.hooks, node, depth)
  if around then self:_place_needs(node, depth) end
  for _, other in ipairs(node.waits) do self:place(other, depth) end
  state[node] = "done"
  table.insert(self.row.sorted, node)
  node.behind, node.place = self.ends, #self.row.sorted
  local outer = self.moment
  while outer do
    table.insert(outer.inner, node)
    outer = outer.outer
  end
  self:_go_on_behind({ node })
  for _, hook in ipairs(node.frees) do self.left[hook] = self.left[hook] - 1 end
  self:_follow(node.after, node)
  if #self.late > 0 then
    local waiting = self.late
    self.late = {}
    self:_follow(waiting)
  end
end

---Fills in `sorted`, `first`, `last`, `ends` and `moments` of a row.
---@param row ggen.PhaseRow
---@param nodes table<integer, ggen.PhaseNode|false> by the index of their task
---@param requested ggen.PhaseNode[] in the order in which they were asked for
---@param together boolean? hooks of one moment may run at the same time
function M.sort(row, nodes, requested, together)
  -- Those in at_end wait for the end, unless something needs them; `late` could have run, but for
  -- somebody who is in the middle of it; left: how many phases a hook still waits for.
  local self = setmetatable({ row = row, together = together, state = {}, at_end = {}, late = {},
    ends = {}, left = setmetatable({}, { __index = function(_, node) return #node.waits end }),
  }, Sorter)
  local function of_all(indices)
    local list = {}
    for _, index in ipairs(indices) do
      if nodes[index] then list[#list + 1] = nodes[index] end
    end
    return list
  end
  local last = of_all(row.after_all)
  for _, node in ipairs(last) do
    if not node.pulled then self.at_end[node] = true end
  end
  self:_place_hooks(of_all(row.before_all))
  row.first = #row.sorted + 1
  for _, node in ipairs(requested) do
    if node.row == row then self:place(node) end
  end
  for _, node in ipairs(row.nodes) do
    if not self.at_end[node] then
      -- Hooks have their place already, or get it with the phase that they belong to.
      if node.pulled or #node.waits == 0 then self:place(node) end
    end
  end
  for _, node in ipairs(self.late) do self:place(node) end
  row.last = #row.sorted
  self:_place_hooks(last)
  for _, node in ipairs(row.nodes) do self:place(node) end
  row.ends = self.ends
end

return M
