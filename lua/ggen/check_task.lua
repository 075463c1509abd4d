-- Whether the table of a task means something: its fields, what it runs, and what does not go
-- together.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local fields = require("ggen.fields")
local records = require("ggen.records")
local schema = require("ggen.schema")
local steps = require("ggen.steps")

local M = {}

local function complain(declaration, message, where)
  fault.raise(("task %q: %s"):format(declaration.name, schema.message(message, where)),
    declaration.file, declaration.line)
end

-- `run` is checked here and not by its schema, because its two list forms want different words.
local function check_run(run)
  if type(run) == "function" then return run end
  if type(run) ~= "table" or run.sh then return schema.check(fields.step, run) end
  if #run == 0 then return nil, "there is nothing in the list", "" end
  local form, ambiguous = steps.form(run)
  if not form then return nil, ambiguous, "" end
  if form == "argv" then return schema.check(fields.step, run) end
  for i, step in ipairs(run) do
    local checked, message, where = schema.check(fields.step, step)
    if checked == nil then return nil, message, ("[%d]%s"):format(i, where) end
  end
  return run
end

local function check_run_field(declaration, path, run)
  if run == nil then return end
  local ok, message, where = check_run(run)
  if ok == nil then complain(declaration, message, path .. where) end
end

-- What cannot be in a container is said now: it would run on this machine with the key of a result
-- from the image.
local function check_container(declaration, checked)
  local function wrong(message, field) complain(declaration, message, field) end
  if not checked.container then
    wrong('a clean room is a container of its own: name its image (container = "IMAGE")',
      "cleanroom")
  end
  if records.count_functions({ run = checked.run, fast = checked.fast }) > 0 then
    wrong("a Lua function runs on this machine and not in the container: make it a task of its own",
      "run")
  end
  if checked.service then
    wrong("a service runs on this machine: a service in a container is one of the plugin"
      .. " containers.pool, which tasks lease", "service")
  end
  if checked.interactive then
    wrong("a container has no terminal: interactive is for tasks on this machine", "interactive")
  end
end

---@param declaration ggen.Declaration
---@param spec any its table, as the user wrote it
---@return table spec raises a fault when it is wrong
function M.check(declaration, spec)
  local checked, message, where = schema.check(fields.task, spec)
  if checked == nil then return complain(declaration, message, where) end
  check_run_field(declaration, "run", checked.run)
  if checked.fast then check_run_field(declaration, "fast.run", checked.fast.run) end
  if checked.service and checked.run == nil then
    complain(declaration, "a service needs something to run", "run")
  end
  if checked.ready and not checked.service then
    complain(declaration, "only a service can become ready (add service = true)", "ready")
  end
  if checked.container or checked.cleanroom then check_container(declaration, checked) end
  return checked
end

return M
