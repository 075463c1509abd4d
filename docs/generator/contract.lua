-- The pages of the contract, one for each kind of plugin: what the host calls, in which order, what
-- is pure, what may wait, what happens after an error. From lua/ggen/types/kinds.lua,
-- lua/ggen/kinds.lua and docs/contract/examples/.
-- SPDX-License-Identifier: MIT
local api = require("api")
local lua_page = require("lua")
local markdown = require("markdown")
local sorted = require("ggen.sorted")

local M = {}

-- The kinds in the order of the list, with what each decides.
M.ORDER = {
  { "frontend", "what the tasks are" },
  { "workspaces", "which directories are workspaces, and what each builds upon" },
  { "fingerprint", "what makes a key" },
  { "cache", "whether a result is served or kept, and what goes when it gets full" },
  { "store", "where results live" },
  { "scheduler", "who is next, and who may start" },
  { "executor", "where and how a task runs" },
  { "hooks", "in which order hooks run, and how many at once" },
  { "containers", "which containers are warm, and what tasks lease" },
  { "observer", "what is recorded, shown and sent" },
  { "watch", "when to run again" },
  { "command", "a new subcommand" },
}

---@param kind string
---@return string
function M.class_name(kind)
  return ("ggen.%s%sPlugin"):format(kind:sub(1, 1):upper(), kind:sub(2))
end

-- Cuts a comment in two where a line begins with a label.
local function cut(lines, label)
  local before, after, found = {}, {}, false
  for _, line in ipairs(lines) do
    local rest = line:match("^" .. label .. ":%s*(.*)$")
    if rest then
      found = true
      after[1] = rest:sub(1, 1):upper() .. rest:sub(2)
    else
      table.insert(found and after or before, line)
    end
  end
  return before, found and after or nil
end

local function yes(value) return value and "yes" or "" end

-- "10 ms": budgets are whole milliseconds, or seconds.
local function budget(row)
  if not row then return "" end
  local text = row.budget >= 1 and ("%d s"):format(row.budget)
    or ("%d ms"):format(row.budget * 1000 + 0.5)
  return row.each and text .. " between two waits" or text
end

local function with_self(item)
  return (item.name .. item.signature:gsub("%(", "(self, "):gsub("%(self, %)", "(self)"))
end

-- What the line with the rules says again.
local RULES_IN_TEXT = { "%s*Must%s+not%s+wait%.", "Pure: must not%s+wait, and the%s+same arguments"
  .. "%s+give%s+the same%s+answer%.%s*" }

local function without_rules(lines)
  local text = table.concat(lines, "\n")
  for _, pattern in ipairs(RULES_IN_TEXT) do text = text:gsub(pattern, "") end
  local left = {}
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do left[#left + 1] = line end
  return left
end

local function method_section(item, row, where, problem)
  local text, after = cut(item.text, "After an error")
  text = without_rules(text)
  if #text == 0 then problem(("%s.%s: nothing is said about it"):format(where, item.name)) end
  if not after then
    problem(("%s.%s: nothing about what happens \"After an error:\""):format(where, item.name))
  end
  if row and item.async ~= row.waits then
    problem(("%s.%s: @async and `waits` of lua/ggen/kinds.lua differ"):format(where, item.name))
  end
  local rules = row and (row.pure and "Pure: must not wait, and the same arguments give the same"
    .. " answer." or row.waits and "May wait." or "Must not wait.") or ""
  local parts = { "### " .. markdown.code(with_self(item)) .. "\n", api.text(text) }
  item = setmetatable({ async = false }, { __index = item })
  parts[#parts + 1] = api.details(item, "")
  parts[#parts + 1] = rules .. " Budget: " .. budget(row) .. ".\n"
  parts[#parts + 1] = "**After an error:** " .. table.concat(after or {}, "\n") .. "\n"
  return table.concat(parts, "\n")
end

local function method_table(kind, items)
  local rows = {}
  for i, item in ipairs(items) do
    local row = kind.methods[item.name]
    rows[i] = { markdown.code(item.name), yes(row and row.pure), yes(row and row.waits),
      budget(row) }
  end
  return markdown.table({ "method", "pure", "may wait", "budget" }, rows)
end

local function compare(kind, kind_name, items, problem)
  local described = {}
  for _, item in ipairs(items) do described[item.name] = true end
  for _, method in ipairs(sorted.keys(kind.methods)) do
    if not described[method] then
      problem(("lua/ggen/types/kinds.lua: kind %s has nothing about %s"):format(kind_name, method))
    end
    described[method] = nil
  end
  for _, method in ipairs(sorted.keys(described)) do
    problem(("lua/ggen/kinds.lua: kind %s has no method %s"):format(kind_name, method))
  end
end

-- The example without its licence.
local function example(text) return (text:gsub("%-%- SPDX[^\n]*\n", "")) end

---@param name string a kind
---@param kind ggen.Kind
---@param files table<string, luacats.File> of lua/ggen/types/
---@param source string? the example
---@param problem fun(text: string)
---@return string page
function M.page(name, kind, files, source, problem)
  local classes, functions = lua_page.index(files)
  local class_name = M.class_name(name)
  local class, items = classes[class_name], functions[class_name] or {}
  if not class then
    problem(("lua/ggen/types/kinds.lua: nothing about the kind %s"):format(name))
    return ""
  end
  compare(kind, name, items, problem)
  local text, order = cut(class.text, "Order of calls")
  if not order then problem(("%s: nothing about the \"Order of calls:\""):format(class_name)) end
  if not source then problem(("docs/contract/examples/%s.lua is missing"):format(name)) end
  local decides
  for _, row in ipairs(M.ORDER) do if row[1] == name then decides = row[2] end end
  local parts = {
    markdown.made_by("lua/ggen/types/kinds.lua, lua/ggen/kinds.lua and docs/contract/examples/"),
    ("# %s: %s\n"):format(name, decides or ""), api.text(text),
    ("API level %d. %s What holds for every kind is in [the contract](index.md); what is built in,"
      .. " and what the arguments are, in [the reference](../reference/plugins.md#%s).\n")
      :format(kind.api, kind.many and "A run may have several."
      or "A run has one: the last that is named.", name),
    "```lua\n" .. example(source or "") .. "```\n",
    "## Order of calls\n", table.concat(order or {}, "\n") .. "\n",
    "## Methods\n", method_table(kind, items),
  }
  if #class.fields > 0 then
    parts[#parts + 1] = "Beside its methods the table may have:\n"
    parts[#parts + 1] = api.fields(class)
  end
  for _, item in ipairs(items) do
    parts[#parts + 1] = method_section(item, kind.methods[item.name], class_name, problem)
  end
  return table.concat(parts, "\n")
end

local INTRODUCTION = [[
# The contract of plugins

A plugin is a Lua file that returns one table. The host checks the table, calls `setup` once, and
then the methods of what `setup` returned. This is the contract of level 1; each kind has a page
with its methods.
]]

local RULES = [[
## The level

`api` says for which level a plugin is written: `1`, or a range such as `"^1"`. Each kind has its
own level, a whole number, which grows when plugins of that kind have to be changed. Within a level
methods, optional arguments at the end, and fields of what a method sees may be added; none goes
away, and none changes its meaning. What will go away in the next level is said before, by
`ggen.deprecate`. A plugin for another level is refused with one sentence, and nothing of it runs.

## From the file to the end

1. The file is read and returns its table. A module does nothing when it is loaded but define.
2. The table is checked: `name`, `kind`, `version`, `api`, `desc` and `setup` must be there.
3. The params of `p:use` are checked against `params`, and defaults are filled in.
4. `setup(params, host)` returns the table of methods. It must not wait, and is called once for
   each `p:use`: two of the same plugin know nothing of each other. It is idempotent: called again
   with the same params, it returns methods that do the same, and changes nothing outside. What does
   not fit it says by `nil, message`; all plugins together have ten seconds.
5. Methods are called, as the kind's page says. A method that the kind does not have is an error, as
   a misspelling is; what begins with `_` is yours.
6. `close(self)`, once, when the work with it is over; the plugin set up last first.

## Pure

A method that is *pure* gives the same answer for the same arguments, however often and in whatever
order it is asked, changes nothing that can be seen outside, and does not wait. Its answers may be
remembered, and it may not be asked at all. The contract suite asks twice, and compares.

## Waiting

A method that *may wait* runs in a coroutine. What waits (`ggen.async`, `ggen.http`, `ctx:step`)
looks like a call that returns; meanwhile other tasks go on, so the method may be called again
before it has returned. Where a method must not wait, what waits raises an error. A wait ends by a
cancellation when nobody wants its result any more, after Ctrl-C for example:
`ggen.async.CANCELLED` is raised, and a `pcall` that sees it raises it again.

## Budgets

All methods run on the thread of the loop: while one computes, nothing else moves. The budget is the
time in Lua that one call may take, without what it waits. A call that takes longer is not cut off;
at the end of the run the plugin and the method are named, with how often and how long. A plugin
that does not come back for ten seconds ends the run, with its name and exit code 1
([both can be set](../guides/write-a-plugin.md)). A function that a plugin hands over to be called
later is held to both as well, by the name of the method that handed it over; what it raises, and
nobody waits for, ends the run.

## Errors

Wrong arguments raise. What the world refuses is `nil, message`. Whatever a method raises is caught,
and told with the names of plugin and method; what happens then depends on the method, and is said
under "After an error". A method that returns something that it may not return counts as one that
raised. No error of a plugin damages what is stored.

## What it sees

Tables of the host are not to be changed, whether they come as arguments, as `params`, as `host` or
as an answer (`view:durations()`, `run:record()`): others see the same ones. An installed plugin
([trust](../trust.md)) cannot. What holds for the whole program, as `math.randomseed` and the
modules of ggen, is not a plugin's to set, and programs are started through ggen only: `os.execute`
and `io.popen` hold everything up. Times are seconds, sizes bytes, monotonic time is `host.now()`,
the date `host.unix()`. [The reference](../reference/plugins.md#what-plugins-see) has all classes.

## Methods of every kind
]]

---The page that all others refer to.
---@param kinds table<string, ggen.Kind>
---@param any table<string, ggen.KindMethod>
---@param files table<string, luacats.File> of lua/ggen/types/
---@param problem fun(text: string)
---@return string page
function M.index(kinds, any, files, problem)
  local _, functions = lua_page.index(files)
  local rows, listed = {}, {}
  for i, row in ipairs(M.ORDER) do
    local kind = kinds[row[1]]
    local names = {}
    for j, item in ipairs(functions[M.class_name(row[1])] or {}) do
      names[j] = markdown.code(item.name)
    end
    listed[row[1]] = true
    rows[i] = { ("[%s](%s.md)"):format(row[1], row[1]), row[2], table.concat(names, ", "),
      tostring(kind.api) }
  end
  for _, name in ipairs(sorted.keys(kinds)) do
    if not listed[name] then
      problem(("docs/generator/contract.lua: ORDER has nothing about the kind %s"):format(name))
    end
  end
  local parts = { markdown.made_by("lua/ggen/types/kinds.lua and lua/ggen/kinds.lua"), INTRODUCTION,
    markdown.table({ "kind", "decides", "methods", "level" }, rows), RULES }
  for _, item in ipairs(functions["ggen.AnyPlugin"]) do
    parts[#parts + 1] = method_section(item, any[item.name], "ggen.AnyPlugin", problem)
  end
  return table.concat(parts, "\n")
end

return M
