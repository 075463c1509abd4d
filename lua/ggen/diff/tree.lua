-- The tree view of a comparison: what has changed, and the way to it. What is the same is folded
-- into a line; nothing below what is shown is looked at.
-- SPDX-License-Identifier: MIT
local words = require("ggen.diff.words")

local M = {}

local MARKS = { added = "+", removed = "-", modified = "~", unchanged = " " }
local COLORS = { added = "green", removed = "red", modified = "yellow" }
-- Levels that can be shown: each of them makes all lines below it longer.
M.DEEPEST = 500

local FEW = 3 -- attributes of a span that are named

---@class ggen.diff.View
---@field depth integer levels that are shown
---@field all boolean? also what is the same
---@field durations boolean whether they are compared
---@field style ggen.Style

local function attributes_of(diff, index, all)
  local list, out = diff:attributes(index), {}
  table.sort(list, function(x, y) return x.name < y.name end)
  for i, change in ipairs(list) do
    if i > FEW and not all then
      out[i] = ("%d more attributes"):format(#list - FEW)
      break
    end
    local reason = change.name == "cache" and diff:value(index, "reason")
    out[i] = ("%s: %s -> %s%s"):format(words.name(change.name), words.value(change.before),
      words.value(change.after), reason and " (" .. words.value(reason) .. ")" or "")
  end
  return out
end

-- "1.00 s -> 1.20 s (+200 ms, +20 %), status: ok -> failed, cache: fresh -> miss"
local function details(diff, index, node, view)
  local out = {}
  if node.duration or node.explained then
    out[1] = words.change(node.duration_before, node.duration_after)
      .. (node.explained and ", by what is below it" or "")
  elseif node.duration_before or node.duration_after then
    out[1] = words.time(node.duration_after or node.duration_before)
  end
  if node.status then
    out[#out + 1] = ("status: %s -> %s"):format(words.value(node.status_before),
      words.value(node.status_after))
  end
  for _, text in ipairs(node.attributes and attributes_of(diff, index, view.all) or {}) do
    out[#out + 1] = text
  end
  local folded = (node.mark == "added" or node.mark == "removed") and not view.all
  if folded and node.spans > 1 then out[#out + 1] = words.count(node.spans, "span") end
  return table.concat(out, ", ")
end

local function line_of(diff, index, node, view)
  local style, color = view.style, COLORS[node.mark]
  local text = MARKS[node.mark] .. " " .. words.name(node.name)
  if color then text = style[color](style, text) end
  local more = details(diff, index, node, view)
  return more == "" and text or text .. "  " .. more
end

-- The children that are shown, and a text for those that are not.
local function shown(diff, node, view)
  local list, same = {}, 0
  for index = node.first, node.first + node.count - 1 do
    local changes, spans = diff:changes(index)
    if changes > 0 or view.all then list[#list + 1] = index else same = same + spans end
  end
  if same > 0 then list[#list + 1] = view.style:dim(("... %d unchanged"):format(same)) end
  return list
end

local function is_folded(node, view)
  return not view.all and (node.mark == "added" or node.mark == "removed") or node.count == 0
end

-- Lines of a forest, depth first, without recursion.
local function write_nodes(diff, view, write)
  local utf8 = view.style.utf8
  local tee, corner, bar = "|- ", "`- ", "|  "
  if utf8 then tee, corner, bar = "├─ ", "└─ ", "│  " end
  local levels = { { list = shown(diff, diff:node(0), view), at = 0, prefix = "" } }
  while #levels > 0 do
    local level = levels[#levels]
    level.at = level.at + 1
    local entry = level.list[level.at]
    if entry == nil then
      levels[#levels] = nil
    else
      local top, last = #levels == 1, level.at == #level.list
      local lead = level.prefix .. (top and "" or last and corner or tee)
      local below = level.prefix .. (top and "" or last and "   " or bar)
      if type(entry) == "string" then
        write(lead .. (top and "  " or "") .. entry)
      else
        local node = diff:node(entry)
        write(lead .. line_of(diff, entry, node, view))
        local own = node.mark == "unchanged" and 0 or 1
        if is_folded(node, view) or not view.all and node.changes == own then
          -- What is below it is the same, or part of what was added or removed.
          if not is_folded(node, view) and node.spans > 1 then
            write(below .. corner .. view.style:dim(("... %d unchanged"):format(node.spans - 1)))
          end
        elseif #levels == view.depth then
          local more = view.depth < M.DEEPEST
            and (" (--depth %d shows more)"):format(math.min(2 * view.depth, M.DEEPEST)) or ""
          write(below .. corner .. view.style:dim(("... %s below, in %s%s"):format(
            words.count(node.changes - own, "change"), words.count(node.spans - 1, "span"), more)))
        else
          levels[#levels + 1] = { list = shown(diff, node, view), at = 0, prefix = below }
        end
      end
    end
  end
end

local function heading(sign, side)
  local about = side.about
  local what = { side.detail, words.count(about.spans, "span") }
  if not side.run then what = { about.format, words.count(about.spans, "span") } end
  if about.roots > 1 then what[#what + 1] = ("%d roots"):format(about.roots) end
  return ("%s %s  %s"):format(sign, words.name(side.label), table.concat(what, ", "))
end

local function summary(totals, a, b, view)
  local parts = {}
  for _, mark in ipairs({ "added", "removed", "modified" }) do
    if totals[mark] > 0 then parts[#parts + 1] = ("%d %s"):format(totals[mark], mark) end
  end
  parts[#parts + 1] = ("%d unchanged"):format(totals.unchanged)
  local text = totals.same and "no difference: " .. words.count(totals.unchanged, "span")
    or table.concat(parts, ", ")
  if view.durations and a.about.wall and b.about.wall then
    text = ("%s; wall %s"):format(text, words.change(a.about.wall, b.about.wall))
  end
  return text
end

---@param diff userdata of ggen.core.spans
---@param a ggen.diff.Side
---@param b ggen.diff.Side
---@param view ggen.diff.View
function M.write(diff, a, b, view)
  local out, size = {}, 0
  local function write(line)
    out[#out + 1], size = line, size + #line
    if size > 65536 then
      io.write(table.concat(out, "\n"), "\n")
      out, size = {}, 0
    end
  end
  local totals = diff:totals()
  write(view.style:red(heading("---", a)))
  write(view.style:green(heading("+++", b)))
  if not totals.same or view.all then write_nodes(diff, view, write) end
  write(view.style:bold(summary(totals, a, b, view)))
  io.write(table.concat(out, "\n"), "\n")
end

return M
