-- The page of what a pipeline's Lua can call, from lua/ggen/types/. Checks that what exists is
-- described there, and that what is described exists.
-- SPDX-License-Identifier: MIT
local api = require("api")
local markdown = require("markdown")
local sorted = require("ggen.sorted")

local M = {}

-- The order of the page: class, how its members are called there, heading.
local SECTIONS = {
  { "ggen", "ggen.", "The module ggen" },
  { "ggen.Pipeline", "p:", "A pipeline or workspace" },
  { "ggen.UserContext", "ctx.", "ctx, what functions get" },
  { "ggen.UserTask", "ctx.task.", "ctx.task" },
  { "ggen.UserLog", "ctx.log.", "ctx.log" },
  { "ggen.ShellOptions", "", "The options of ctx.sh" },
  { "ggen.Result", "result.", "The result of ctx.sh" },
  { "ggen.Usage", "result.usage.", "What a command used" },
  { "ggen.fs", "ctx.fs.", "ctx.fs" },
  { "ggen.async", "ggen.async.", "ggen.async" },
  { "ggen.json", "ggen.json.", "ggen.json" },
  { "ggen.http", "ggen.http.", "ggen.http" },
  { "ggen.HttpRequest", "", "The options of ggen.http.request" },
  { "ggen.HttpResponse", "response.", "What it returns" },
  { "ggen.HttpUpgrade", "", "The options of ggen.http.upgrade" },
  { "ggen.Stream", "stream:", "The stream that it returns" },
  { "ggen.delivery", "ggen.delivery.", "ggen.delivery" },
  { "ggen.DeliveryOptions", "", "The options of ggen.delivery.new" },
  { "ggen.Delivery", "delivery:", "A delivery" },
  { "ggen.DeliveryReport", "report.", "What finish() and close() return" },
  { "ggen.files", "ggen.files.", "ggen.files" },
  { "ggen.random", "ggen.random.", "ggen.random" },
  { "ggen.units", "ggen.units.", "ggen.units" },
  { "ggen.environment", "ggen.environment.", "ggen.environment" },
  { "ggen.evict", "ggen.evict.", "ggen.evict" },
  { "ggen.history", "ggen.history.", "ggen.history" },
  { "ggen.History", "history:", "What ggen.history.open returns" },
  { "ggen.HistoryQuery", "", "What history:lines is asked" },
  { "ggen.recommendations", "ggen.recommendations.", "ggen.recommendations" },
  { "ggen.Recommendation", "", "What ggen.recommendations.of returns a list of" },
  { "ggen.suggest", "ggen.suggest.", "ggen.suggest" },
  { "ggen.schema", "ggen.schema.", "ggen.schema" },
  { "ggen.report", "ggen.report.", "ggen.report" },
  { "ggen.report.Blocks", "blocks:", "What ggen.report.blocks returns" },
  { "ggen.targets", "ggen.targets.", "ggen.targets" },
  { "ggen.TargetRow", "", "A row of ggen.targets" },
  { "ggen.Targets", "targets:", "What ggen.targets.new returns" },
  { "ggen.make_toml", "ggen.make_toml.", "ggen.make_toml" },
  { "ggen.metrics", "ggen.metrics.", "ggen.metrics" },
  { "ggen.trace", "ggen.trace.", "ggen.trace" },
  { "ggen.local_service", "ggen.local_service.", "ggen.local_service" },
  { "ggen.LocalServiceSpec", "", "What ggen.local_service.start takes" },
  { "ggen.LocalServiceOptions", "", "And its options" },
  { "ggen.LocalService", "service:", "What it returns" },
  { "ggen.readiness", "ggen.readiness.", "ggen.readiness" },
  { "ggen.ReadinessProbe", "", "How ggen.readiness.wait asks" },
  { "ggen.contract", "contract.", 'The contract suite: require("ggen.contract")' },
  { "ggen.contract.Options", "", "Its options" },
  { "ggen.contract.Report", "", "What check returns" },
  { "ggen.contract.Check", "", "One check of it" },
}

-- Parts of the module ggen that are read on first use.
local PARTS = { "async", "delivery", "environment", "evict", "files", "history", "http", "json",
  "local_service", "make_toml",
  "metrics", "random", "readiness", "recommendations", "report", "schema", "std",
  "suggest", "targets",
  "trace", "units" }

---The values that classes describe, to compare the names. What starts with "_" is private.
---@return table<string, table>
function M.reality()
  -- The table of methods behind an __index, which may be a function over it.
  local function behind(index, has)
    if type(index) == "table" then return index end
    for i = 1, 20 do
      local name, value = debug.getupvalue(index, i)
      if not name then return nil end
      if type(value) == "table" and rawget(value, has) then return value end
    end
  end
  local dsl, context = require("ggen.dsl"), require("ggen.context")
  local ggen = require("ggen")
  dsl.current_dir = "/"
  local public = {}
  for i, name in ipairs(PARTS) do public[name] = i end
  for name in pairs(ggen) do public[name] = 1 end
  local history = { damaged = 0, foreign = 0, unread = 0, problem = "" }
  for name, method in pairs(getmetatable(ggen.history.open("/")).__index) do
    history[name] = method
  end
  return {
    ["ggen"] = public,
    ["ggen.Pipeline"] = behind(getmetatable(dsl.pipeline("x")).__index, "task"),
    ["ggen.UserContext"] = behind(getmetatable(context.user({})).__index, "sh"),
    ["ggen.fs"] = require("ggen.core.fs"), ["ggen.async"] = ggen.async,
    ["ggen.json"] = ggen.json,
    ["ggen.environment"] = ggen.environment, ["ggen.suggest"] = ggen.suggest,
    -- The rest of that module is for the run.
    ["ggen.evict"] = { lowest = ggen.evict.lowest },
    ["ggen.history"] = ggen.history,
    ["ggen.History"] = history,
    ["ggen.recommendations"] = ggen.recommendations,
    ["ggen.http"] = ggen.http, ["ggen.files"] = ggen.files, ["ggen.random"] = ggen.random,
    ["ggen.delivery"] = ggen.delivery,
    ["ggen.Delivery"] = behind(getmetatable(ggen.delivery.new({ dir = "/", name = "x" })).__index,
      "post"),
    ["ggen.units"] = ggen.units, ["ggen.schema"] = ggen.schema, ["ggen.report"] = ggen.report,
    ["ggen.make_toml"] = ggen.make_toml,
    ["ggen.targets"] = ggen.targets, ["ggen.metrics"] = ggen.metrics, ["ggen.trace"] = ggen.trace,
    ["ggen.local_service"] = ggen.local_service, ["ggen.readiness"] = ggen.readiness,
  }
end

local function compare(classes, functions, problem)
  for name, value in pairs(M.reality()) do
    local described = {}
    for _, field in ipairs(classes[name].fields) do described[field.name] = true end
    for _, item in ipairs(functions[name] or {}) do described[item.name] = true end
    for key in pairs(value) do
      if type(key) == "string" and not key:find("^_") and not described[key] then
        problem(("lua/ggen/types: %s has nothing about %s"):format(name, key))
      end
    end
    for key in pairs(described) do
      local exists = rawget(value, key) ~= nil
        or name == "ggen.Pipeline" and (key == "name" or key == "dir" or key == "kind")
      if not exists then problem(("lua/ggen/types: %s.%s does not exist"):format(name, key)) end
    end
  end
end

---@param files table<string, luacats.File> of lua/ggen/types/
---@param problem fun(text: string)?
---@return table<string, luacats.Item> classes, table<string, luacats.Item[]> functions by class
function M.index(files, problem)
  local classes, functions = {}, {}
  for _, path in ipairs(sorted.keys(files)) do
    for _, item in ipairs(files[path].items) do
      if item.kind == "class" then
        if classes[item.name] and problem then
          problem(("lua/ggen/types/%s.lua:%d: %s is described twice"):format(path, item.line,
            item.name))
        end
        classes[item.name] = item
      end
      if item.kind == "function" then
        functions[item.class] = functions[item.class] or {}
        table.insert(functions[item.class], item)
      end
    end
  end
  return classes, functions
end

---@param files table<string, luacats.File> of lua/ggen/types/
---@param problem fun(text: string)
---@return string page
function M.page(files, problem)
  local classes, functions = M.index(files, problem)
  compare(classes, functions, problem)
  local out = { markdown.made_by("lua/ggen/types/"), [[
# What Lua can call

`require "ggen"` in `pipeline.lua`, in files that it requires and in plugins. The standard library
has [a page of its own](std.md), the fields of a task [too](tasks.md). Types with a `?` may be nil.

While a pipeline is loading, nothing may happen but reading: the functions of `os` and `io` that
start programs, write files or read the clock raise an error. `require "tools.c"` finds
`tools/c.lua` beside the file that asks or beside the root pipeline.lua. `print` writes to standard
error.

Within a task's function files may be written and the clock read; programs are started by `ctx.sh`.
Relative paths of `io.open` begin where ggen-lua was started, those of `ctx.fs` at the task's `cwd`.
]] }
  for _, section in ipairs(SECTIONS) do
    local name, prefix, title = section[1], section[2], section[3]
    local class = classes[name]
    out[#out + 1] = "## " .. title .. "\n"
    if #class.text > 0 then out[#out + 1] = api.text(class.text) end
    if #class.fields > 0 then out[#out + 1] = api.fields(class) end
    for _, item in ipairs(functions[name] or {}) do
      out[#out + 1] = api.entry(item, markdown.code(api.call(item, prefix)), 3)
    end
  end
  return table.concat(out, "\n")
end

return M
