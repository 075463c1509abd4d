-- In which order the phases of a make.toml run: adds the hooks of the phases of a run to it, and
-- puts the phases of each file in one row. A phase runs once, after its before hooks and what it
-- depends on and before its after hooks; where the files leave a choice, as if each phase called
-- its hooks itself. Works on plain data (`lifecycle` of specs); knows nothing of running.
-- SPDX-License-Identifier: MIT
local cycles = require("ggen.lifecycle.cycles")
local fault = require("ggen.fault")
local row_of = require("ggen.lifecycle.row")

local M = {}

---@class ggen.PhaseNode a phase of the run
---@field index integer of its task
---@field task ggen.Task
---@field needs ggen.PhaseNode[] what it depends on
---@field hooks ggen.PhaseNode[] its before hooks, but for those that it depends on
---@field before ggen.PhaseNode[] needs and hooks, in this order
---@field after ggen.PhaseNode[]
---@field waits ggen.PhaseNode[] phases that it is an after hook of, and runs after
---@field turn integer? 0: runs with before_all; n: with the nth phase that was asked for
---@field frees ggen.PhaseNode[] its after hooks that wait for it
---@field pulled boolean? somebody asked for it, or needs it
---@field behind ggen.PhaseNode[] those that it comes after in its row
---@field place integer? in the order of its row
---@field has_turn boolean? among the hooks of a moment

---@class ggen.PhaseRow the phases of one make.toml that take part
---@field pipeline ggen.Pipeline
---@field nodes ggen.PhaseNode[]
---@field sorted ggen.PhaseNode[] in the order in which they run
---@field first integer where those begin that before_all stands around
---@field last integer where those end that after_all stands around
---@field ends ggen.PhaseNode[] nothing of the row comes behind these
---@field moments ggen.Moment[] hooks that may run at the same time

-- Collecting the phases of a run ------------------------------------------------------------------

local Order = {}
Order.__index = Order

local function complain_of_unknown(what, list, file)
  for _, entry in ipairs(list or {}) do
    if entry.alone then fault.raise(entry.text, entry.file, entry.line) end
    fault.raise(("%s: %s"):format(what, entry.text), file, entry.line)
  end
end

function Order:_row(pipeline)
  local row = self.rows[pipeline]
  if not row then
    row = { pipeline = pipeline, nodes = {}, sorted = {}, moments = {} }
    self.rows[pipeline] = row
    self.rows[#self.rows + 1] = row
    local own = pipeline.lifecycle
    complain_of_unknown(own.file, own.unknown, own.file)
    for _, moment in ipairs({ "before_all", "after_all" }) do
      row[moment] = self:_indices(pipeline, own[moment])
      for _, index in ipairs(row[moment]) do self.found[#self.found + 1] = index end
    end
  end
  return row
end

-- The tasks that names in a make.toml mean.
function Order:_indices(pipeline, names)
  local list, project = {}, self.project
  for _, name in ipairs(names or {}) do
    -- "^name" is none of these.
    list[#list + 1] = project:find(project.prefix_of(pipeline) .. name)
      or project:find((name:gsub("^#", "")))
  end
  return list
end

function Order:_take(index)
  if self.nodes[index] ~= nil then return end
  local task = self.project:task(index)
  local data = task.spec.lifecycle
  if not data or task.spec.finally then
    self.nodes[index] = false
    return
  end
  local pipeline = task.declaration.owner
  complain_of_unknown(("phase %q"):format(task.id), data.unknown, task.declaration.file)
  local node = { index = index, task = task, waits = {}, frees = {},
    hooks = self:_indices(pipeline, data.before), after = self:_indices(pipeline, data.after) }
  self.nodes[index] = node
  if data.kind == "phase" or data.kind == "group" then
    local row = self:_row(pipeline)
    row.nodes[#row.nodes + 1] = node
    node.row = row
  end
  for _, list in ipairs({ node.hooks, node.after }) do
    for _, hook in ipairs(list) do self.found[#self.found + 1] = hook end
  end
end

-- All phases of a run: those that are wanted, their hooks, and what these need.
function Order:_collect(wanted)
  self.found = wanted
  while #self.found > 0 do
    local indices = self.graph:plan(self.found):wanted()
    self.found = {}
    for _, index in ipairs(indices) do self:_take(index) end
  end
end

-- Makes indices to nodes, without those that were seen.
function Order:_nodes_of(indices, seen)
  local nodes = {}
  for _, index in ipairs(indices) do
    local node = self.nodes[index]
    if node and not seen[node] then
      seen[node] = true
      nodes[#nodes + 1] = node
    end
  end
  return nodes
end

function Order:_link(node)
  local task = node.task
  local needs = self:_indices(task.declaration.owner, task.spec.needs)
  for _, index in ipairs(self.graph:needs(node.index)) do needs[#needs + 1] = index end
  local seen, before = {}, {}
  node.needs = self:_nodes_of(needs, seen)
  node.hooks = self:_nodes_of(node.hooks, seen)
  for _, list in ipairs({ node.needs, node.hooks }) do
    for _, other in ipairs(list) do
      before[#before + 1] = other
      other.pulled = true
    end
  end
  node.before, node.after = before, self:_nodes_of(node.after, {})
end

-- The before_all hooks of all files.
function Order:_first()
  local list = {}
  for _, row in ipairs(self.rows) do
    for _, index in ipairs(row.before_all) do list[#list + 1] = self.nodes[index] or nil end
  end
  return list
end

-- Edges -------------------------------------------------------------------------------------------

-- What a group of phases needs does not run when a hook before the group fails.
local function add_edges_within(graph, node, place)
  for _, hook in ipairs(node.hooks) do
    for _, need in ipairs(node.needs) do
      if (place[hook] or math.huge) < (place[need] or 0) then graph:edge(hook.index, need.index) end
    end
  end
end

-- Who fails takes with him those that wait for him, but not a hook that others asked for as well.
---@param firm boolean? who fails ends the row: others go on, in other workspaces
local function add_edges(graph, row, firm)
  local place = {}
  for i, node in ipairs(row.sorted) do
    place[node] = i
    if node.task.spec.lifecycle.around then add_edges_within(graph, node, place) end
    for _, other in ipairs(node.before) do graph:edge(other.index, node.index) end
    for _, other in ipairs(node.waits) do
      graph:edge(other.index, node.index, node.pulled and "after" or nil)
    end
    for _, other in ipairs(node.behind) do
      graph:edge(other.index, node.index, not firm and "after" or nil)
    end
    if i >= row.first and i <= row.last then
      for j = 1, row.first - 1 do graph:edge(row.sorted[j].index, node.index) end
      for j = row.last + 1, #row.sorted do graph:edge(node.index, row.sorted[j].index) end
    end
  end
end

-- Collects and links the phases of a run.
local function gather(project, frozen, selection)
  local self = setmetatable({ project = project, graph = frozen, nodes = {}, rows = {} }, Order)
  self:_collect(selection)
  local linked, nodes = {}, {}
  for index, node in pairs(self.nodes) do
    if node then linked[#linked + 1] = index end
  end
  table.sort(linked)
  for i, index in ipairs(linked) do
    nodes[i] = self.nodes[index]
    self:_link(nodes[i])
  end
  return self, nodes
end

---Raises a fault when something about the phases of a make.toml keeps one of them from running: a
---cycle, or a name that means nothing.
---@param project ggen.Project
---@param pipeline ggen.Pipeline
function M.check(project, pipeline)
  local selection = {}
  for i = 1, project:count() do
    local task = project:task(i)
    if task.spec.lifecycle and task.declaration.owner == pipeline then
      selection[#selection + 1] = i
    end
  end
  local self, nodes = gather(project, require("ggen.plan").freeze(project), selection)
  cycles.settle(nodes, self:_first(), {})
end

---Whether the workspaces of a make.toml run one after another. The first phase that is asked for
---says so, or else all of the file.
---@param project ggen.Project
---@param selection integer[]
---@return boolean? in_turn nil when there are no workspaces, or no make.toml is above them
function M.in_turn(project, selection)
  local root = project.loaded.root.lifecycle
  if not root or #project.loaded.workspaces == 0 or not selection[1] then return nil end
  local parallel = (root.parallel or {})[project:task(selection[1]).name]
  if parallel == nil then parallel = root.workspaces_parallel end
  return not parallel
end

-- In the order of their names, but each behind those that it depends on.
local function workspaces_in_turn(project, graph, rows)
  local by_name, names, placed, previous = {}, {}, {}, nil
  for _, row in ipairs(rows) do
    if row.pipeline.kind == "workspace" then
      by_name[row.pipeline.name] = row
      names[#names + 1] = row.pipeline.name
    end
  end
  table.sort(names)
  local pipelines = {}
  for _, workspace in ipairs(project.loaded.workspaces) do pipelines[workspace.name] = workspace end
  local function place(name)
    if placed[name] then return end
    placed[name] = true
    local before = { unpack(pipelines[name].depends_on) }
    table.sort(before)
    for _, other in ipairs(before) do place(other) end
    local row = by_name[name]
    if not row or #row.sorted == 0 then return end
    for _, node in ipairs(previous and row.sorted or {}) do
      if #node.behind == 0 then
        for _, other in ipairs(previous) do graph:edge(other.index, node.index, "after") end
      end
    end
    previous = row.ends
  end
  for _, name in ipairs(names) do place(name) end
end

---Adds hooks and the order of phases to a run.
---@param project ggen.Project
---@param frozen userdata its graph
---@param selection integer[]
---@param together boolean? hooks of one moment may run at the same time
---@return userdata? graph thawed, with the order; nil when no phase takes part
---@return integer[] selection with the hooks
---@return ggen.PhaseRow[] rows
function M.of(project, frozen, selection, together)
  local self, nodes = gather(project, frozen, selection)
  if #self.rows == 0 then return nil, selection, self.rows end
  local requested, all = {}, {}
  for i, index in ipairs(selection) do
    local node = self.nodes[index]
    if node then
      node.pulled = true
      requested[#requested + 1] = node
    end
    all[i] = index
  end
  cycles.settle(nodes, self:_first(), requested)
  local graph = frozen:thawed()
  for _, row in ipairs(self.rows) do row_of.sort(row, self.nodes, requested, together) end
  local in_turn = M.in_turn(project, selection)
  self.rows.side_by_side = in_turn == false
  if in_turn then workspaces_in_turn(project, graph, self.rows) end
  for _, row in ipairs(self.rows) do
    add_edges(graph, row, in_turn == false)
    for _, node in ipairs(row.sorted) do all[#all + 1] = node.index end
  end
  return graph, all, self.rows
end

return M
