-- What a task runs, step by step: the forms of `run` made one, and shown to readers.
-- SPDX-License-Identifier: MIT
local M = {}

---@class ggen.Step one thing to run
---@field argv string[]?
---@field shell string?
---@field shell_program string?
---@field fn function?

local function step_of(value, spec)
  if type(value) == "function" then return { fn = value } end
  if type(value) == "string" then return { shell = value, shell_program = spec.shell } end
  if value.sh then return { shell = value.sh, shell_program = value.shell or spec.shell } end
  return { argv = value }
end

-- Options after which a text with spaces is surely an argument: sh -c "a b", git commit -m "a b".
local function is_option(word) return word:sub(1, 1) == "-" end

---What a table in `run` is: one argv, or a list of steps. A list of texts is an argv when its first
---text is one word ({ "cc", "-c", "x.c" }), a list of commands when it is not ({ "make all",
---"make test" }). Where both could be meant nothing is guessed.
---@param run table
---@return "argv"|"list"|nil kind, string? message
function M.form(run)
  if type(run[1]) ~= "string" then return "list" end
  for _, value in ipairs(run) do
    if type(value) ~= "string" then return "list" end
  end
  if run[1]:find("%s") then return "list" end
  for i = 2, #run do
    if run[i]:match("^[%w./_-]+%s") and not is_option(run[i]) and not is_option(run[i - 1]) then
      local words, commands = {}, {}
      for j, word in ipairs(run) do
        words[j], commands[j] = ("%q"):format(word), ("{ sh = %q }"):format(word)
      end
      return nil, ("is this one command with arguments, or several commands? For one write "
        .. "{ { %s } }, for several { %s }"):format(table.concat(words, ", "),
        table.concat(commands, ", "))
    end
  end
  return "argv"
end

---The steps of a task, in order.
---@param spec ggen.TaskSpec
---@return ggen.Step[]
function M.of(spec)
  local run = spec.run
  if run == nil then return {} end
  if type(run) ~= "table" or run.sh or M.form(run) == "argv" then return { step_of(run, spec) } end
  local steps = {}
  for i, value in ipairs(run) do steps[i] = step_of(value, spec) end
  return steps
end

---How a step looks to a reader: the command as one would type it.
---@param step ggen.Step
---@return string
function M.describe(step)
  if step.fn then
    return ("function at %s:%d"):format(require("ggen.stand_in").place(step.fn))
  end
  if step.shell then return step.shell end
  local words = {}
  for i, word in ipairs(step.argv) do
    words[i] = word:match("^[%w_./:=@%%+,-]+$") and word or "'" .. word:gsub("'", "'\\''") .. "'"
  end
  return table.concat(words, " ")
end

return M
