-- What may be written in a declaration: the one description of every field, used to check
-- pipelines, to complete names, and to write the reference page.
-- SPDX-License-Identifier: MIT
local M = {}

local text = { type = "string" }

local function list(of, desc, single)
  return { type = "list", of = of, desc = desc, single = single ~= false }
end

local function no_nul(what)
  return function(value)
    if value:find("\0", 1, true) then return ("a %s cannot hold a NUL byte"):format(what) end
  end
end

local word = { type = "string", check = no_nul("path or argument") }

local check_nul = no_nul("path or argument")

-- Everything on this machine. Patterns with a directory in front are as large as that is.
local function is_the_whole_disk(path)
  local first = path:match("^/+([^/]*)")
  return first and (path:find("^[/.]+$") or first:find("^%*+$") and path:find("**", 1, true))
end

---Looks at a path or glob among the inputs or outputs of a task.
---@param value string
---@return string? message why it means nothing, or too much
function M.check_pattern(value)
  local message = check_nul(value)
  if message then return message end
  local path = value:match("^!?(.*)$")
  if is_the_whole_disk(path) and path == value then
    return ("%q goes through all files of this machine (name the directory)"):format(value)
  end
  -- Nothing else can be wrong with one; most have none of it.
  if not path:find("[%[{\\]") and #path < 4096 then return nil end
  local matches
  matches, message = require("ggen.core.fs").match(path, "")
  if matches == nil then return message end
end

local pattern = { type = "string", check = M.check_pattern }

-- A task's name is shown, typed, and joined with "#" and ":" to an id.
local function check_name(value)
  if value == "" then return "a name cannot be empty" end
  local bad = value:match("[%s%c#:^*?%[%]{}!,\"']")
  if bad then
    return ("the character %q cannot be part of a name"):format(bad):gsub("\\\n", "\\n")
  end
  if value:sub(1, 1) == "-" then return "a name cannot begin with a dash" end
end

M.name = { type = "string", check = check_name }

local environment = {
  type = "map",
  of = { type = "union", expects = "a text or a number", any_of = { word, { type = "number" } } },
  desc = "Environment variables of the task; they enter its key",
  check = function(value)
    for name in pairs(value) do
      if name == "" or name:find("[=%z]") then
        return ("%q cannot be the name of an environment variable"):format(name)
      end
    end
  end,
}

local command = { type = "string", check = function(value)
  if value:match("^%s*$") then return "the command is empty" end
  return no_nul("command")(value)
end }

local argv = { type = "list", of = word, check = function(value)
  if #value == 0 then return "a command needs at least the program's name" end
  if value[1] == "" then return "the program's name is empty" end
end }

local shell_step = { type = "record", fields = {
  sh = { type = "string", required = true, check = command.check },
  shell = { type = "string" },
} }

local step = { type = "union", any_of = { command, argv, shell_step, { type = "function" } },
  expects = "a command (text), an argv (list of texts), { sh = command } or a function" }

---A list whose first element is a text is one argv; any other list is a sequence of steps.
local run = { type = "any",
  desc = "What to run: a command, an argv, a Lua function, or a list of them in order" }

M.step = step

local size_or_cores = { type = "record",
  desc = "What the task uses of the machine, for schedulers", fields = {
  cpu = { type = "number", min = 0, desc = "Cores that the task keeps busy" },
  memory = { type = "size", desc = "Peak memory" },
  io = { type = "union", any_of = { { type = "boolean" }, { type = "number", min = 0 } },
    expects = "true or a number",
    desc = "Share of the disk or network, 1 is all of it; true: some. Without cpu: it mostly"
      .. " waits" },
} }

local condition = { type = "union",
  desc = "Takes part in the run only if this holds; of a table all conditions must",
  expects = "true or false, a function, or a table with env, os, arch or file",
  any_of = {
    { type = "boolean" }, { type = "function" },
    { type = "record", fields = {
      env = { type = "union", expects = "a variable's name, or a table of names and values",
        desc = "A variable of the caller that is set, or variables with these values",
        any_of = { text, { type = "map", of = text } } },
      os = list(text, 'One of these: "linux", "macos"'),
      arch = list(text, 'One of these: "x64", "arm64"'),
      file = list(text, "Files that are all there, relative to this file"),
    } },
  } }

local readiness = { type = "record", desc = "When a service is ready: one of port, log, http, cmd",
  fields = {
  port = { type = "integer", min = 1, max = 65535,
    desc = "Ready when this TCP port of this machine accepts" },
  host = { type = "string", default = "127.0.0.1", desc = "Where the port is" },
  log = { type = "string", desc = "Ready when the output has this text" },
  http = { type = "string", desc = "Ready when this http:// address answers 2xx or 3xx",
    check = function(value)
      if not value:match("^http://[^/%s]+") then return "an address that begins with http://"
        .. " is expected" end
    end },
  cmd = { type = "union", any_of = { command, argv }, expects = "a command or an argv",
    desc = "Ready when this command ends with 0" },
  timeout = { type = "duration", default = "30s", desc = "Not ready by then: the service failed" },
  interval = { type = "duration", default = "100ms", desc = "Between two looks" },
}, check = function(value)
  local ways = 0
  for _, way in ipairs({ "port", "log", "http", "cmd" }) do
    if value[way] then ways = ways + 1 end
  end
  if ways ~= 1 then return "say exactly one of port, log, http and cmd" end
end }

M.readiness = readiness

local leased = { type = "record", desc = "A service, and how the task has it", fields = {
  [1] = { type = "string", required = true, desc = "Its name" },
  shared = { type = "boolean", desc = "Of a container: others that say so may use it meanwhile" },
  env = { type = "function", desc = "Of a container: env(lease) returns a table of variables for"
    .. " the task" },
} }

local service = { type = "union", any_of = { text, leased },
  expects = "a name, or { name, shared = true, env = function(lease) ... end }" }

local services = list(service, "Services that the task has while it runs: tasks with service ="
  .. " true, or containers that it leases")
services.named = ' (one with options is a table of its own: { { "db", shared = true } })'

local retries = { type = "union", desc = "How often to try again after a failure",
  expects = "a whole number, or a table with count, delay, factor and max_delay",
  any_of = {
    { type = "integer", min = 0, max = 100 },
    { type = "record", fields = {
      count = { type = "integer", min = 0, max = 100, required = true,
        desc = "Tries after the first one" },
      delay = { type = "duration", default = "1s", desc = "Wait before the first retry" },
      factor = { type = "number", min = 1, default = 2,
        desc = "Each wait is so many times the one before" },
      max_delay = { type = "duration", default = "1m", desc = "The longest wait" },
    } },
  } }

-- Values and names of axes become parts of the task's name, which is shown.
local function check_axis(what, value)
  if not value:find("%c") and not value:find("\194[\128-\159]") then return nil end
  return (("the %s %q of an axis has a control character; it becomes part of the task's name")
    :format(what, value):gsub("\\\n", "\\n"))
end

local axis_text = { type = "string", check = function(value) return check_axis("value", value) end }

local axis_value = { type = "union", expects = "a text, a number or true/false",
  any_of = { axis_text, { type = "number" }, { type = "boolean" } } }

local MOST_COMBINATIONS = 10000

local function check_names(axes)
  for name in pairs(axes) do
    local message = check_axis("name", name)
    if message then return message end
  end
end

local function check_matrix(value)
  if next(value) == nil then return "there is no axis" end
  for _, combination in ipairs(value) do
    local message = check_names(combination)
    if message then return message end
  end
  if value[1] then return nil end
  local message, count = check_names(value), 1
  if message then return message end
  for _, values in pairs(value) do count = count * #values end
  if count > MOST_COMBINATIONS then
    return ("%.0f combinations are more than a matrix may have (%d)"):format(count,
      MOST_COMBINATIONS)
  end
end

local matrix = { type = "union", check = check_matrix,
  desc = "One task for each combination of these values",
  expects = "a table of axes (name = list of values), or a list of such combinations",
  any_of = {
    { type = "map", of = { type = "list", of = axis_value, single = true, check = function(value)
      if #value == 0 then return "an axis needs at least one value" end
    end } },
    { type = "list", of = { type = "map", of = axis_value } },
  } }

---The fields of a task.
M.task = { type = "record", fields = {
  run = run,
  desc = { type = "string", desc = "One line that says what the task is for" },
  needs = list(text, "Tasks that must be done first; they enter the key"),
  after = list(text, "Tasks that come first if they take part in the run; only an order"),
  inputs = list(pattern, "Files and globs that the result depends on (default: the workspace's"
    .. " files)"),
  outputs = list(pattern, "Files and directories that the task makes"),
  env = environment,
  pass_env = list(text, "Variables handed through from the caller; they do not enter the key"),
  key_env = list(text, "Variables handed through that do enter the key"),
  inherit_env = { type = "boolean",
    desc = "Hands the caller's whole environment through; it does not enter the key" },
  cwd = { type = "string", desc = "Directory to run in, relative to this file",
    check = no_nul("path") },
  shell = { type = "string", desc = "The shell for commands with shell syntax (default sh)" },
  stdin = { type = "string", desc = "Bytes for the standard input (default: none)" },
  interactive = { type = "boolean", desc = "Takes over the terminal; nothing else runs beside it" },
  weight = size_or_cores,
  pool = { type = "string", desc = "Named limit on tasks running at once" },
  jobserver = { type = "boolean", desc = "false: its commands do not share the slots of -j (GNU"
    .. " make's jobserver, MAKEFLAGS)" },
  exclusive = { type = "union", any_of = { { type = "boolean" }, text },
    expects = "true or a name",
    desc = "true: nothing runs beside it; a name: no other task with this name does" },
  timeout = { type = "duration", check = function(value)
    if value == 0 then return "must be above zero" end
  end, desc = "After this the task is ended and fails with 124" },
  grace = { type = "duration", desc = "Between the request to end and the kill (default 5 s)" },
  retries = retries,
  services = services,
  service = { type = "boolean", desc = "Runs beside the others until the end of the run" },
  ready = readiness,
  matrix = matrix,
  when = condition,
  optional = { type = "boolean", desc = "A failure is reported and does not fail the run" },
  finally = { type = "boolean", desc = "Runs at the end, also after failures and Ctrl-C" },
  tags = list(text, "Words to select tasks by"),
  cache = { type = "boolean", desc = "false: always run" },
  tools = { type = "union", expects = "false or a list of programs",
    desc = "More programs whose digests enter the key; false: not even the command's own",
    any_of = { { type = "boolean" }, list(text) } },
  missing_outputs = { type = "enum", values = { "error", "warn", "ok" },
    desc = "What it means when a declared output was not made (default error)" },
  version = { type = "string", desc = "Changes the key of a Lua function that cannot be digested" },
  container = { type = "string", desc = "Image of the container that the task runs in",
    check = function(value)
      if value == "" then return "the name of an image is expected" end
      return no_nul("name of an image")(value)
    end },
  cleanroom = { type = "boolean", desc = "The task sees nothing but its declared inputs, and no"
    .. " network" },
  fast = { type = "record", desc = "A quicker form of the task, for run --fast",
    fields = { run = run, inputs = list(pattern, "What the quick form depends on") } },
} }

M.workspace = { type = "record", fields = {
  depends_on = list(text, "Workspaces that this one builds upon: what ^name means in needs"),
} }

M.pipeline = { type = "record", fields = {
  desc = { type = "string" },
  jobs = { type = "integer", min = 1, max = 1024,
    desc = "How many tasks run at once when -j does not say it" },
} }

return M
