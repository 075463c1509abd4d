-- The page of a task's fields, and their LuaCATS types; both from lua/ggen/fields.lua.
-- SPDX-License-Identifier: MIT
local markdown = require("markdown")
local schema = require("ggen.schema")
local sorted = require("ggen.sorted")

local M = {}

-- Fields by what they are about, in the order of the page. A field that is missing here fails the
-- check, so that no field stays undocumented.
local GROUPS = {
  { "What runs", { "run", "desc", "cwd", "shell", "stdin", "interactive", "env", "pass_env",
    "inherit_env" },
    [[
`run` is one of these, or a list of them that runs in order and stops at the first failure:

```lua
-- a command: it runs without a shell when it has no shell syntax
p:task "a" { run = "cc -c main.c" }
-- an argv: a list whose first element is a text
p:task "b" { run = { "cc", "-c", "two words.c" } }
-- a command for another shell
p:task "c" { run = { sh = "shopt -s globstar; ls **/*.c", shell = "bash" } }
-- a Lua function
p:task "d" { run = function(ctx) ctx.log.info(ctx.cwd) end }
-- several, in order
p:task "e" { run = { { "mkdir", "-p", "build" }, "cc -c main.c", function(ctx) end } }
```

A task without `run` is a name for what it needs.

The environment is strict: `PATH`, `HOME`, `USER`, `LOGNAME`, `SHELL`, `LANG`, `LC_*`, `TERM` and
`TMPDIR` pass, and what the task declares. Standard input is empty unless `stdin` or `interactive`
says otherwise.]] },
  { "Order and selection", { "needs", "after", "when", "optional", "finally", "tags", "matrix" },
    [[
In `needs` and `after`, `build` is a task of the same file, `lib#build` one of the workspace lib,
`#codegen` one of the root file, `^build` the task build of the workspaces that this one depends on.
The name of a matrix task means all its instances; `test:*` is a glob.

A matrix makes one task for each combination. `${matrix.suite}` is replaced in every text of the
task:

```lua
p:task "test" { matrix = { suite = { "unit", "it" } }, run = "ctest -L ${matrix.suite}" }
-- makes test:suite=unit and test:suite=it
```]] },
  { "Limits", { "pool", "exclusive", "jobserver", "timeout", "grace", "retries" } },
  { "Services and containers", { "services", "service", "ready", "container", "cleanroom" }, [[
A service is a task that stays running (`service = true`), or a container of the plugin that the
pipeline uses for them, which the task leases while it runs:

```lua
p:use "containers.pool" { db = { image = "postgres:16", ports = { 5432 } } }
p:task "test" { run = "ctest", services = { "db" } }             -- DB_HOST, DB_PORT
p:task "look" { run = "ctest -L ro", services = { { "db", shared = true } } }
p:task "load" { run = "load.sh", services = { { "db", env = function(lease)
  return { PGPORT = lease.port }
end } } }
```]] },
  { "What the result depends on", { "inputs", "outputs", "missing_outputs", "key_env", "tools",
    "cache", "version" },
    [[
A task does not run again while its key and its outputs are what they were; what is in the key is
told in [caching](../guides/caching.md). Patterns are relative to the directory of the file; `!x`
takes out what patterns before it took in, `../lib/*.h` and absolute paths lead elsewhere. No two
tasks may have the same output.]] },
  { "For schedulers, and a quicker form", { "weight", "fast" } },
}

local RECORDS = { services = "ggen.TaskService", when = "ggen.TaskWhen", ready = "ggen.TaskReady",
  weight = "ggen.TaskWeight", retries = "ggen.TaskRetries", fast = "ggen.TaskFast" }

-- The record inside a description, for its own table: "ready" itself, or one arm of a union, or of
-- what a list has.
local function record_in(spec)
  if spec.type == "record" then return spec end
  if spec.type == "list" then return record_in(spec.of) end
  for _, option in ipairs(spec.any_of or {}) do
    if option.type == "record" then return option end
  end
end

-- The fields of a record, an element without a name first.
local function names_of(record)
  return sorted.keys(record.fields, function(a, b)
    if type(a) ~= type(b) then return type(a) == "number" end
    return a < b
  end)
end

local function default_text(spec)
  return spec.default ~= nil and markdown.code(tostring(spec.default)) or ""
end

local function type_text(spec)
  if spec.type == "record" then return "table" end
  if spec.type == "list" then
    local of = type_text(spec.of)
    return spec.single and of .. ", or list of them" or "list of " .. of
  end
  if spec.type == "map" then return "table: name = " .. type_text(spec.of) end
  return schema.type_name(spec)
end

---@param fields table the module ggen.fields
---@param problem fun(text: string)
---@return string page
function M.page(fields, problem)
  local out = { markdown.made_by("lua/ggen/fields.lua"), [[
# Fields of a task

What may stand in `p:task "name" { ... }`. Durations are seconds or texts (`"250ms"`, `"10s"`,
`"1h30m"`), sizes bytes or texts (`"512KiB"`, `"1GB"`). Paths are relative to the directory of the
file that declares the task. Anything else is an error that names the line.
]] }
  local seen = {}
  local function rows_of(record, names, where)
    local rows = {}
    for _, name in ipairs(names) do
      local spec = record.fields[name]
      if not spec then
        problem(("%s: there is no such field (docs/generator/tasks.lua)"):format(where .. name))
      else
        if not spec.desc then
          problem(("lua/ggen/fields.lua: field %s%s has no desc"):format(where, name))
        end
        local shown = type(name) == "number" and ("[%d]"):format(name) or name
        rows[#rows + 1] = { markdown.code(shown), type_text(spec), default_text(spec),
          spec.desc or "" }
      end
    end
    return rows
  end
  local head = { "field", "type", "default", "" }
  for _, group in ipairs(GROUPS) do
    local title, names, text = group[1], group[2], group[3]
    out[#out + 1] = "## " .. title .. "\n"
    if text then out[#out + 1] = text .. "\n" end
    out[#out + 1] = markdown.table(head, rows_of(fields.task, names, ""))
    for _, name in ipairs(names) do
      seen[name] = true
      local record = fields.task.fields[name] and record_in(fields.task.fields[name])
      if record then
        out[#out + 1] = ("As a table, `%s` has these fields:\n"):format(name)
        out[#out + 1] = markdown.table(head,
          rows_of(record, names_of(record), name .. "."))
      end
    end
  end
  for name in pairs(fields.task.fields) do
    if not seen[name] then
      problem(("field %s is in no group of docs/generator/tasks.lua"):format(name))
    end
  end
  return table.concat(out, "\n")
end

-- Types that are written out in the head of the types.
local ALIASES = { run = "ggen.RunStep|ggen.RunStep[]", matrix = "ggen.TaskMatrix",
  ["services.env"] = "fun(lease: ggen.Lease): table<string, string|number>" }

local to_type

local function union_type(spec, path)
  local names, seen = {}, {}
  for _, option in ipairs(spec.any_of) do
    local name = to_type(option, path)
    if not seen[name] then names[#names + 1] = name end
    seen[name] = true
  end
  return table.concat(names, "|")
end

local PLAIN = { string = "string", boolean = "boolean", number = "number", integer = "integer",
  any = "any", duration = "ggen.Duration", size = "ggen.Size",
  ["function"] = "fun(ctx: ggen.UserContext): any" }

to_type = function(spec, path)
  if PLAIN[spec.type] then return PLAIN[spec.type] end
  if spec.type == "record" then
    return RECORDS[path] or error("docs/generator/tasks.lua: RECORDS has no name for " .. path)
  end
  if spec.type == "union" then return union_type(spec, path) end
  if spec.type == "enum" then return '"' .. table.concat(spec.values, '"|"') .. '"' end
  if spec.type == "map" then return ("table<string, %s>"):format(to_type(spec.of, path)) end
  local of = to_type(spec.of, path)
  local list = (of:find("|", 1, true) and "(" .. of .. ")" or of) .. "[]"
  return spec.single and of .. "|" .. list or list
end

local RECORD_TEXTS = { ["ggen.TaskReady"] = "When a service is ready.",
  ["ggen.TaskRetries"] = "How often a task is tried again, and when." }

local function class(out, name, record, names, prefix, text)
  out[#out + 1] = text and ("---%s"):format(text) or nil
  out[#out + 1] = ("---@class %s"):format(name)
  for _, key in ipairs(names) do
    local spec = record.fields[key]
    local kind = ALIASES[key] or ALIASES[prefix .. key] or to_type(spec, prefix .. key)
    local shown = type(key) == "number" and ("[%d]"):format(key) or key
    local line = ("---@field %s%s %s"):format(shown, spec.required and "" or "?", kind)
    local desc = spec.desc and " " .. spec.desc or ""
    if #line + #desc > 100 then
      line, desc = "---" .. spec.desc .. "\n" .. line, ""
    end
    out[#out + 1] = line .. desc
  end
  out[#out + 1] = ""
end

---@param fields table the module ggen.fields
---@return string file lua/ggen/types/task.lua
function M.types(fields)
  local out = { [[
---@meta
-- The types of a task's fields. Made by docs/generate.lua from lua/ggen/fields.lua: do not edit.
-- SPDX-License-Identifier: MIT

---One thing to run: a command (without a shell when it has no shell syntax), an argv, a command for
---a shell of its own, or a Lua function.
---@alias ggen.RunStep
---| string
---| string[]
---| { sh: string, shell?: string }
---| fun(ctx: ggen.UserContext): any

---Axes with their values, or a list of combinations.
---@alias ggen.TaskMatrix
---| table<string, string|number|boolean|(string|number|boolean)[]>
---| table<string, string|number|boolean>[]
]] }
  local order = {}
  for _, group in ipairs(GROUPS) do
    for _, name in ipairs(group[2]) do
      if fields.task.fields[name] then order[#order + 1] = name end
    end
  end
  class(out, "ggen.TaskSpec", fields.task, order, "", "What may stand in p:task \"name\" { ... }.")
  for _, name in ipairs(sorted.keys(RECORDS)) do
    local record = record_in(fields.task.fields[name])
    class(out, RECORDS[name], record, names_of(record), name .. ".", RECORD_TEXTS[RECORDS[name]]
      or ("What `%s` of a task may have."):format(name))
  end
  return (table.concat(out, "\n"):gsub("\n+$", "\n"))
end

return M
