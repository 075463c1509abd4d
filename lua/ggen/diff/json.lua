-- A comparison as JSON (docs/formats.md): one object, with a flat list of what has changed.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local json = require("ggen.core.json")

local M = {}

local LONGEST_PATH = 100 -- names; a list of them for each change of a deep trace would be endless

local function side_of(side)
  local about = side.about
  return { source = side.label, run = side.run, format = side.run and "run" or about.format,
    spans = about.spans, roots = about.roots, wall = about.wall, notes = json.array(about.notes) }
end

local function path_to(names, depth)
  local path = json.array({})
  for i = math.max(1, depth - LONGEST_PATH + 1), depth do path[#path + 1] = names[i] end
  return path
end

local function change_of(diff, index, node, names, depth)
  local mark = node.mark == "unchanged" and "explained" or node.mark
  local change = { change = mark, depth = depth, path = path_to(names, depth) }
  if node.mark == "added" or node.mark == "removed" then change.spans = node.spans end
  if node.explained then change.explained = true end
  if node.status then
    change.status = { before = node.status_before, after = node.status_after }
  end
  local known = node.duration_before or node.duration_after
  if known and (node.duration or node.explained or node.mark ~= "modified") then
    change.duration = { before = node.duration_before, after = node.duration_after }
  end
  if node.attributes then
    local list = diff:attributes(index)
    table.sort(list, function(x, y) return x.name < y.name end)
    change.attributes = json.array(list)
  end
  return change
end

-- All that has changed, depth first. Of what was added or removed the outermost spans.
local function changes_of(diff, most)
  local list, names, top = json.array({}), {}, diff:node(0)
  local levels = { { at = top.first, stop = top.first + top.count } }
  while #levels > 0 do
    local depth = #levels
    local level = levels[depth]
    if level.at == level.stop then
      levels[depth] = nil
    else
      local index = level.at
      level.at = index + 1
      if diff:changes(index) > 0 then
        local node = diff:node(index)
        names[depth] = node.name
        if node.mark ~= "unchanged" or node.explained then
          list[#list + 1] = change_of(diff, index, node, names, depth)
        end
        local whole = node.mark == "added" or node.mark == "removed"
        if not whole and depth ~= most then
          levels[depth + 1] = { at = node.first, stop = node.first + node.count }
        end
      end
    end
  end
  return list
end

---@param diff userdata of ggen.core.spans
---@param a ggen.diff.Side
---@param b ggen.diff.Side
---@param options { depth: integer? }
function M.write(diff, a, b, options)
  local totals = diff:totals()
  local same = totals.same
  totals.same = nil
  local document = { schema = "ggen-diff", version = 1, a = side_of(a), b = side_of(b),
    same = same, totals = totals, changes = changes_of(diff, options.depth) }
  io.write(fault.check(json.encode(document, { invalid_utf8 = "replace" })), "\n")
end

return M
