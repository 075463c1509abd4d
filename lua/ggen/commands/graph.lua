-- ggen-lua graph: what needs what, as text, DOT, Mermaid or JSON.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local select = require("ggen.select")

local M = { summary = "Show what needs what" }

function M.configure(parser)
  parser:argument("tasks",
    "Tasks whose needs are shown (default: the pipeline's default tasks)."):args("*")
    :argname("TASK")
  select.configure(parser)
  parser:option("--why", "Why task A comes before task B: the shortest way, and who wrote it."
    .. " Exit code 1 when nothing orders them so."):argname({ "A", "B" }):args(2)
  parser:mutex(
    parser:flag("--dot", "In the language of Graphviz."),
    parser:flag("--mermaid", "As a Mermaid flowchart."),
    parser:flag("--json", "Nodes and edges as JSON."))
end

-- Nodes and edges of the plan. A phase's begin and end are drawn as one node.
local function collect(project, selection, left_out)
  local graph, ids = project.graph, require("ggen.plan").plan(project, selection):wanted()
  local nodes, edges, wanted, seen = {}, {}, {}, {}
  for _, id in ipairs(ids) do wanted[id] = not (left_out and left_out[id]) or nil end
  local phase_of = {}
  for _, phase in ipairs(project.phases) do
    phase_of[phase.begin], phase_of[phase.finish] = phase, phase
  end
  local function node_of(index)
    return phase_of[index] and phase_of[index].id or project:id(index)
  end
  local function add_edge(from, to, kind)
    local key = from .. "\0" .. to
    if from ~= to and not seen[key] then
      seen[key] = true
      edges[#edges + 1] = { from = from, to = to, kind = kind }
    end
  end
  for _, id in ipairs(ids) do
    if wanted[id] and not project:begins()[id] then
      nodes[#nodes + 1] = { id = node_of(id), phase = phase_of[id] ~= nil }
    end
    for _, need in ipairs(wanted[id] and graph:needs(id) or {}) do
      if wanted[need] then add_edge(node_of(need), node_of(id), "needs") end
    end
    for _, before in ipairs(wanted[id] and graph:needs(id, "after") or {}) do
      if wanted[before] and not phase_of[before] then
        add_edge(node_of(before), node_of(id), "after")
      end
    end
  end
  return nodes, edges
end

local writers = {}

function writers.dot(nodes, edges)
  local function quote(text) return '"' .. text:gsub('[\\"]', "\\%0") .. '"' end
  io.write("digraph pipeline {\n  rankdir = LR;\n  node [shape = box];\n")
  for _, node in ipairs(nodes) do
    io.write("  ", quote(node.id), node.phase and " [shape = ellipse]" or "", ";\n")
  end
  for _, edge in ipairs(edges) do
    io.write("  ", quote(edge.from), " -> ", quote(edge.to), edge.kind == "after"
      and " [style = dashed]" or "", ";\n")
  end
  io.write("}\n")
end

function writers.mermaid(nodes, edges)
  local names = {}
  io.write("flowchart LR\n")
  for i, node in ipairs(nodes) do
    names[node.id] = "t" .. i
    local text = '"' .. node.id:gsub('"', "#quot;") .. '"'
    io.write("  t", i, node.phase and "([" .. text .. "])" or "[" .. text .. "]", "\n")
  end
  for _, edge in ipairs(edges) do
    io.write("  ", names[edge.from], edge.kind == "after" and " -.-> " or " --> ", names[edge.to],
      "\n")
  end
end

function writers.json(nodes, edges)
  local json = require("ggen.core.json")
  local document = { nodes = json.array(nodes), edges = json.array(edges) }
  io.write(json.encode(document, { indent = 2, invalid_utf8 = "replace" }),
    "\n")
end

-- A tree from what nothing needs down to what needs nothing; a subtree is written once.
function writers.text(nodes, edges)
  local needs, needed = {}, {}
  for _, edge in ipairs(edges) do
    needs[edge.to] = needs[edge.to] or {}
    table.insert(needs[edge.to], edge)
    needed[edge.from] = true
  end
  local written = {}
  -- A stack of our own: a pipeline may be a chain of many thousands.
  local stack = {}
  for i = #nodes, 1, -1 do
    if not needed[nodes[i].id] then stack[#stack + 1] = { id = nodes[i].id, depth = 0,
      mark = "" } end
  end
  while #stack > 0 do
    local entry = table.remove(stack)
    local children = needs[entry.id] or {}
    local again = written[entry.id] and #children > 0
    io.write(("  "):rep(entry.depth), entry.id, entry.mark, again and " ..." or "", "\n")
    if not written[entry.id] then
      written[entry.id] = true
      for i = #children, 1, -1 do
        stack[#stack + 1] = { id = children[i].from, depth = entry.depth + 1,
          mark = children[i].kind == "after" and " (after)" or "" }
      end
    end
  end
end

-- Why ---------------------------------------------------------------------------------------------

local function one_task(project, name)
  local found = select.tasks(project, { name })
  if #found == 1 then return found[1] end
  fault.raise(("--why: %q means %d tasks, it takes one: %s%s"):format(name, #found,
    project:id(found[1]), #found > 1 and ", " .. project:id(found[2]) .. ", ..." or ""))
end

local WORDS = {
  needs = "%s needs %s", after = "%s comes after %s", services = "%s uses the service %s",
  phase = "phase %s has %s",
}

local function write_steps(project, steps)
  local width, rows = 0, {}
  for i, step in ipairs(steps) do
    local from, to = project:task(step.from), project:task(step.to)
    local text
    if from.phase and from.phase.role == "begin" then
      text = ("phase %s begins"):format(from.phase.id)
    else
      text = WORDS[step.kind]:format(step.hook
        and ("%s, a hook of %s,"):format(project:id(step.hook), to.id) or to.id, from.id)
    end
    rows[i] = { text, ("%s:%d"):format(step.file, step.line) }
    width = math.max(width, #text)
  end
  width = math.min(width, 60)
  for _, row in ipairs(rows) do
    io.write(("%s%s  %s\n"):format(row[1], (" "):rep(width - #row[1]), row[2]))
  end
end

local function why(project, args)
  local before = require("ggen.why_before")
  local first, last = one_task(project, args.why[1]), one_task(project, args.why[2])
  if first == last then fault.raise("--why: it takes two different tasks") end
  local steps = before.steps(project, first, last)
  if args.json then
    local json, list = require("ggen.core.json"), {}
    for i, step in ipairs(steps or {}) do
      list[i] = { from = project:id(step.from), to = project:id(step.to), kind = step.kind,
        file = step.file, line = step.line, hook = step.hook and project:id(step.hook) or nil }
    end
    io.write(json.encode({ steps = json.array(list) }, { indent = 2, invalid_utf8 = "replace" }),
      "\n")
  elseif steps then
    write_steps(project, steps)
  else
    local back = before.steps(project, last, first)
    local a, b = project:id(first), project:id(last)
    io.write(back and ("%s does not come before %s, it is the other way round:\n"):format(a, b)
      or ("nothing orders %s and %s\n"):format(a, b))
    if back then write_steps(project, back) end
  end
  return steps and 0 or 1
end

---@param args table
---@return integer
function M.run(args)
  local session = require("ggen.session")
  local project = session.open(args)
  if args.why then return why(project, args) end
  local selection, choice
  if #args.tasks == 0 and #args.tag == 0 and not select.chooses(args) then
    selection = select.phases(project)
  end
  if not selection then selection, choice = select.of(project, args) end
  local nodes, edges = collect(project, selection, choice and choice.left_out)
  session.save(args, project)
  local kind = args.dot and "dot" or args.mermaid and "mermaid" or args.json and "json" or "text"
  writers[kind](nodes, edges)
  return 0
end

return M
