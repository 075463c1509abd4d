-- [tasks.X]: the part of cargo-make's language that has a meaning here. The keys of a phase work in
-- a task, too.
-- SPDX-License-Identifier: MIT
local phase = require("ggen.make_toml.phase")
local source = require("ggen.make_toml.source")

local read = source.read
local join = source.join

local M = {}

local texts = read.texts("texts")

local condition_fields = {
  env_set = { "env_set", texts }, env_not_set = { "env_not_set", texts },
  env_true = { "env_true", texts }, env_false = { "env_false", texts },
  files_exist = { "files_exist", texts }, files_not_exist = { "files_not_exist", texts },
  platforms = { "platforms", texts }, os = { "os", texts }, profiles = { "profiles", texts },
  fail_message = { "fail_message", read.text },
  env = { "env", function(self, container, key, path)
    return require("ggen.make_toml.env").flat(self, read.table(self, container, key, path),
      join(path, key), self.env)
  end },
}

-- A condition that cannot be judged here (rust_version, channels) does not keep a task back.
local condition_keys = setmetatable({}, { __index = function(_, key)
  return condition_fields[key] or { "unknown", function(self, container, name, path)
    self:note(container, name, path, "ignored",
      "is not judged here: the task runs as if it held", require("ggen.suggest").hint(key,
        condition_fields))
  end }
end })

local function condition(self, container, key, path)
  return self:record(read.table(self, container, key, path), join(path, key), condition_keys, {})
end

local script_fields = { file = { "file", read.text }, main = { "main", texts },
  pre = { "pre", texts }, post = { "post", texts } }

local function script(self, container, key, path)
  if source.is_table(container[key]) and next(container[key]) ~= nil then
    local parts = self:record(container[key], join(path, key), script_fields, {})
    if parts.file then return parts end
    local lines = {}
    for _, part in ipairs({ "pre", "main", "post" }) do
      for _, line in ipairs(parts[part] or {}) do lines[#lines + 1] = line end
    end
    return { text = table.concat(lines, "\n") }
  end
  return { text = table.concat(texts(self, container, key, path), "\n") }
end

local choice_fields = {
  name = { "names", read.names }, parallel = { "parallel", read.boolean },
  fork = { "fork", read.boolean }, cleanup_task = { "cleanup_task", read.names },
  condition = { "condition", condition },
}

local function choice(self, container, key, path)
  local out = { line = self:line(container, key) }
  self:record(container[key], join(path, key), choice_fields, out)
  if not out.names then
    self:fault(container, key, path, 'expected the name of a task ({ name = "..." })')
  end
  if out.cleanup_task then out.cleanup_task = out.cleanup_task[1] end
  return out
end

-- A name, a list of names, a table, or a list of tables of which the first that may run does.
local function run_task(self, container, key, path)
  local value = container[key]
  if source.is_table(value) and next(value) ~= nil then
    return { choice(self, container, key, path) }
  end
  if type(value) ~= "table" or type(value[1]) ~= "table" then
    return { { line = self:line(container, key), names = read.names(self, container, key, path) } }
  end
  local choices = {}
  for i = 1, #value do
    if not source.is_table(value[i]) then self:mismatch(value, i, join(path, key), "a table") end
    choices[i] = choice(self, value, i, join(path, key))
  end
  return choices
end

-- Names, or tables with a name.
local function dependencies(self, container, key, path)
  local value = container[key]
  local tables = false
  for i = 1, type(value) == "table" and #value or 0 do
    tables = tables or type(value[i]) == "table"
  end
  if not tables then return read.names(self, container, key, path) end
  local names, own = {}, join(path, key)
  for i = 1, #value do
    if type(value[i]) == "string" then
      names[i] = value[i]
      self.references[#self.references + 1] = { name = value[i], line = self:line(value, i),
        key = own }
    else
      if not source.is_table(value[i]) then self:mismatch(value, i, own, "a name") end
      local out = self:record(value[i], join(own, i), { name = { "names", read.names } }, {})
      if not out.names then self:fault(value, i, own, "expected the name of a task") end
      names[i] = out.names[1]
    end
  end
  return names
end

local function alias(self, container, key, path)
  read.text(self, container, key, path)
  return read.names(self, container, key, path)[1]
end

local fields = {
  command = { "program", read.text }, args = { "args", texts }, script = { "script", script },
  script_runner = { "runner", read.text }, dependencies = { "dependencies", dependencies },
  condition = { "condition", condition }, condition_script = { "condition_script", texts },
  run_task = { "run_task", run_task }, alias = { "alias", alias },
  workspace = { "workspace", read.boolean }, category = { "category", read.text },
  private = { "private", read.boolean }, cwd = { "cwd", read.text },
  ignore_errors = { "ignore_errors", read.boolean }, disabled = { "disabled", read.boolean },
  extend = { "extend", read.text },
}
for key, field in pairs(phase.fields) do fields[key] = fields[key] or field end
fields.watch = { "watch", function(self, container, key, path)
  if source.is_table(container[key]) then return self:unknown(container, key, path) end
  return phase.fields.watch[2](self, container, key, path)
end }

local hints = { desc = "description", depends_on = "dependencies", deps = "dependencies",
  cmd = "command", run = "command", arguments = "args", runner = "script_runner",
  ignore_error = "ignore_errors" }

local WORD = "^[%w_@%%+=:,./-]+$"

-- A word of a command line in which only ${NAME} is replaced.
local function quoted(word)
  if word:find(WORD) then return word end
  if not word:find("%${[%a_][%w_]*}") then return "'" .. word:gsub("'", "'\\''") .. "'" end
  word = word:gsub('[\\"`]', "\\%0"):gsub("%$", "\\$")
  return '"' .. word:gsub("\\%$({[%a_][%w_]*})", "$%1") .. '"'
end

-- What command and args run. cargo-make replaces variables in words; here a shell does.
local function argv(program, args)
  local words = { program }
  local variables = program:find("${", 1, true)
  for i, word in ipairs(args or {}) do
    words[i + 1] = word
    variables = variables or word:find("${", 1, true)
  end
  if not variables then return words end
  for i, word in ipairs(words) do words[i] = quoted(word) end
  return table.concat(words, " ")
end

-- The runner of a script: its first line may name one, as cargo-make has it. That also goes before
-- "@shell": such a script was written for the shell that it names.
local function runner_of(text, runner)
  if runner and runner ~= "@shell" then return runner end
  local line = text:match("^%s*#!%s*([^\n]+)")
  if not line then return nil end
  local words = {}
  for word in line:gmatch("%S+") do words[#words + 1] = word end
  if words[1] and words[1]:find("/env$") then
    if words[2] == "-S" then return words[3] end
    return words[2]
  end
  return words[1]
end

local SHELLS = { sh = true, bash = true, dash = true, ksh = true, zsh = true, ash = true }

local function is_shell(runner) return SHELLS[runner:match("([^/]*)$")] ~= nil end

-- cargo-make ends a script of a shell at the first line that fails. For a single command that makes
-- no difference.
local function exit_on_error(text)
  if not text:gsub("%s+$", ""):find("[\n;&]") then return text end
  return "set -e\n" .. text
end

-- A script whose first line chooses what runs it is run as it is, as there.
local function take_script(task, shell)
  local text = task.script.text
  local runner = runner_of(text, task.runner)
  local own = task.runner and task.runner ~= "@shell"
  if (own or runner == nil) and is_shell(runner or shell or "sh") then
    text = exit_on_error(text)
  end
  return runner and { script = text, runner = runner } or text, runner
end

local function take_commands(self, task, value, path)
  local commands = {}
  if task.program then
    if task.program == "" and value.command then
      self:fault(value, "command", path, "the command is empty")
    end
    if not task.args and task.program:find("%s") then
      commands[1] = task.program -- a command line
    else
      commands[1] = argv(task.program, task.args)
    end
    for _, key in ipairs({ "script", "commands" }) do
      if value[key] ~= nil then
        self:note(value, key, path, "ignored", "is not run: command wins")
      end
    end
  elseif task.script and task.script.file then
    local runner = task.runner ~= "@shell" and task.runner or "sh"
    commands[1] = { runner or "sh", task.script.file }
    if is_shell(commands[1][1]) then table.insert(commands[1], 2, "-e") end
    local beside = task.cwd and task.script.file:sub(1, 1) ~= "/"
    task.script_file = (beside and task.cwd .. "/" or "") .. task.script.file
  elseif task.script then
    local command, runner = take_script(task, task.shell or self.shell)
    if runner and runner:sub(1, 1) == "@" and value.script_runner then
      self:note(value, "script_runner", path, "cargo-make",
        ("%s is a runner of cargo-make alone; the task fails when it runs"):format(runner))
    end
    commands[1] = command
  else
    commands = task.commands or {}
  end
  if value.args and not task.program then
    self:note(value, "args", path, "ignored", "has no command to belong to")
  end
  task.commands, task.program, task.args, task.script, task.runner = commands, nil, nil, nil, nil
end

local MOST_EXTENDED = 100 -- in a row

-- What a task does comes as a whole from itself or from the task that it extends.
local DOES = { "program", "args", "script", "runner", "commands", "command", "run_task", "alias" }

local function take_over(task, base)
  local own = false
  for _, key in ipairs(DOES) do own = own or task[key] ~= nil end
  local skip = {}
  for _, key in ipairs(DOES) do skip[key] = own end
  -- Other arguments are those of the same command.
  if task.args and not (task.program or task.script or task.commands) then skip.program = false end
  for key, value in pairs(base) do
    if task[key] == nil and not skip[key] then task[key] = value end
  end
end

-- What [tasks.X] says, with what it has from the task that it extends. Each is read once.
local function fields_of(self, container, name, path, users)
  self.cargo_tasks = self.cargo_tasks or {}
  local known = self.cargo_tasks[name]
  if known then return known end
  phase.check_name(self, container, name, path)
  local value = container[name]
  local own = join(path, name)
  if not source.is_table(value) then
    self:fault(container, name, path, ("expected a table ([%s] with a command), got %s"):format(
      own, self:describe(value)))
  end
  local task = {}
  self:record(value, own, fields, task, hints)
  self.cargo_tasks[name] = task
  local base = task.extend
  task.extend = nil
  if not base then return task end
  if container[base] == nil then
    self:fault(value, "extend", own, ("there is no task %q%s"):format(base,
      require("ggen.suggest").hint(base, container)))
  end
  users = users or { count = 0, names = {} }
  users.count, users.names[name] = users.count + 1, true
  if users.names[base] then
    self:fault(value, "extend", own, ("%q extends itself"):format(base))
  elseif users.count > MOST_EXTENDED then
    self:fault(value, "extend", own, ("more than %d tasks extend each other"):format(
      MOST_EXTENDED))
  end
  take_over(task, fields_of(self, container, base, path, users))
  return task
end

---@param container table
---@param name string
---@param path string "tasks"
---@return table phase
function M.read(self, container, name, path)
  local task = { name = name, line = self:line(container, name), dialect = "tasks" }
  for key, field in pairs(fields_of(self, container, name, path)) do task[key] = field end
  local value, own = container[name], join(path, name)
  take_commands(self, task, value, own)
  phase.finish(self, task, value, own)
  if task.dependencies then
    local needs = { unpack(task.depends_on or {}) }
    for _, dependency in ipairs(task.dependencies) do needs[#needs + 1] = dependency end
    task.depends_on, task.dependencies = needs, nil
  end
  if task.condition_script then
    -- The rest of it may be that of a task that this one extends.
    local own_condition = { script = exit_on_error(table.concat(task.condition_script, "\n")) }
    for key, field in pairs(task.condition or {}) do own_condition[key] = field end
    task.condition, task.condition_script = own_condition, nil
  end
  if task.disabled then
    -- Nothing that it depends on runs because of it either.
    task.condition = { disabled = true }
    task.depends_on, task.run_task, task.alias = nil, nil, nil
  end
  task.disabled = nil
  if task.workspace ~= nil then
    self:note(value, "workspace", own, "cargo-make", "is not followed: a task runs in the"
      .. " workspaces, if the file has any")
  end
  if task.ignore_errors then task.error_handling = task.error_handling or "warn" end
  task.ignore_errors = nil
  return task
end

return M
