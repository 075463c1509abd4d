-- Which phases wait for which: decides which after hooks can be kept, and tells of cycles. A phase
-- that would have to run before itself is a cycle. A hook that has run already when its turn comes
-- is not run again and makes none.
-- SPDX-License-Identifier: MIT
local contains = require("ggen.contains")
local fault = require("ggen.fault")

local M = {}

-- The way from a node to another one along links(node), as a list of nodes; nil without one.
local function way(from, to, links)
  local seen, path = {}, {}
  local function go(node)
    if seen[node] then return false end
    seen[node] = true
    path[#path + 1] = node
    if node == to then return true end
    for _, list in ipairs(links(node)) do
      for _, other in ipairs(list) do
        if go(other) then return true end
      end
    end
    path[#path] = nil
    return false
  end
  return go(from) and path or nil
end

local function waited_for(node) return { node.before, node.waits } end
local function needed(node) return { node.before } end
local function called(node) return { node.before, node.after } end

-- Why a phase waits for another one, and where that stands.
local function reason(node, other)
  local data, name = node.task.spec.lifecycle, other.task.name
  local lines = data.lines or {}
  if contains(data.before, name) then
    return ("before_%s = %s"):format(node.task.name, name), lines.before
  end
  local outer = other.task.spec.lifecycle
  if contains(outer.after, node.task.name) then
    return ("after_%s = %s"):format(name, node.task.name), (outer.lines or {}).after
  end
  return ("%s depends on %s"):format(node.task.name, name), node.task.declaration.line
end

-- A cycle as its phases, each of which waits for the next.
local function report(path)
  local names, lines, first, first_line = {}, {}, path[1].task.declaration, nil
  for i, node in ipairs(path) do
    local text, line = reason(node, path[i + 1] or path[1])
    names[i] = node.task.id
    lines[i] = ("  %-20s %s:%d: %s"):format(node.task.id, node.task.declaration.file, line, text)
    first_line = first_line or line
  end
  names[#names + 1] = names[1]
  fault.raise(("these phases wait for each other: %s\n%s\nRemove one of these."):format(
    table.concat(names, " -> "), table.concat(lines, "\n")), first.file, first_line)
end

M.DEEPEST = 3000 -- phases that wait for each other in a row: what works on them calls itself

---@param node ggen.PhaseNode
function M.too_deep(node)
  local place = node.task.declaration
  fault.raise(("phase %q waits for, or is waited for by, more than %d others in a row"):format(
    node.task.id, M.DEEPEST), place.file, place.line)
end

-- A phase that waits for itself through before hooks and depends_on.
local function find_cycle(nodes)
  local state, path = {}, {}
  local function go(node)
    if state[node] == "done" then return end
    if state[node] == "open" then
      local from = 1
      while path[from] ~= node do from = from + 1 end
      report({ unpack(path, from) })
    end
    state[node] = "open"
    path[#path + 1] = node
    if #path > M.DEEPEST then M.too_deep(path[1]) end
    for _, other in ipairs(node.before) do go(other) end
    path[#path] = nil
    state[node] = "done"
  end
  for _, node in ipairs(nodes) do go(node) end
end

-- Everything that waits for a node, along the links that `leads` has.
local function waiting_for(node, leads)
  local found, queue = { [node] = true }, { node }
  for _, from in ipairs(queue) do
    for _, other in ipairs(leads[from] or {}) do
      if not found[other] then
        found[other] = true
        queue[#queue + 1] = other
      end
    end
  end
  return found
end

local function add(map, key, value)
  local list = map[key] or {}
  map[key] = list
  list[#list + 1] = value
end

-- Who runs before whom, because of the moment or of the order of the request: before_all, then one
-- phase after another, each with all that it calls and that had no turn before.
local function give_turns(before_all, requested)
  local turn = 0
  local function give(nodes)
    for _, node in ipairs(nodes) do
      if not node.turn then
        node.turn = turn
        for _, list in ipairs(called(node)) do
          for _, other in ipairs(list) do nodes[#nodes + 1] = other end
        end
      end
    end
  end
  local function take(node)
    if node.turn then return end
    turn = turn + 1
    if node.task.spec.lifecycle.around then
      give({ unpack(node.hooks) })
      for _, need in ipairs(node.needs) do take(need) end
      turn = turn + 1
    end
    give({ node })
  end
  give(before_all)
  for _, node in ipairs(requested) do take(node) end
end

-- Whether a hook has run already when the phase that it is an after hook of has its turn.
local function comes_earlier(hook, node)
  return (hook.turn or math.huge) < (node.turn or math.huge)
end

---Fills in `turn`, `waits` and `frees` of phases. Raises a fault when there is a cycle.
---@param nodes ggen.PhaseNode[]
---@param before_all ggen.PhaseNode[] of all rows; not kept as it is
---@param requested ggen.PhaseNode[] in the order in which they were asked for
function M.settle(nodes, before_all, requested)
  find_cycle(nodes)
  give_turns(before_all, requested)
  local leads, owners, hooks = {}, {}, {}
  for _, node in ipairs(nodes) do
    for _, other in ipairs(node.before) do add(leads, other, node) end
    for _, hook in ipairs(node.after) do
      if not comes_earlier(hook, node) then
        if not owners[hook] then hooks[#hooks + 1] = hook end
        add(owners, hook, node)
      end
    end
  end
  for _, hook in ipairs(hooks) do
    local later = waiting_for(hook, leads)
    for _, node in ipairs(owners[hook]) do
      if not later[node] then
        hook.waits[#hook.waits + 1] = node
        node.frees[#node.frees + 1] = hook
        add(leads, node, hook)
      elseif way(hook, node, called) and not way(node, hook, needed) then
        -- The hook waits for the phase, and the phase for the hook.
        local path = way(node, hook, waited_for)
        report({ hook, unpack(path, 1, #path - 1) })
      end
    end
  end
end

return M
