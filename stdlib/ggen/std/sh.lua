-- Commands: quoting, taking apart, and running them for their output. A task that only runs
-- commands needs none of this; see its `run` field, and ctx.sh.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

---@class ggen.std.sh
local M = {}

local CAPTURE = 16 * 1024 * 1024

---Quotes a text so that a shell takes it as one word, whatever is in it.
---   > sh.quote("it's"), sh.quote("plain-1.2"), sh.quote("")
---   < "'it'\\''s'", "plain-1.2", "''"
---@param word string without NUL bytes
---@return string
function M.quote(word)
  if word:find("%z") then error("sh.quote: no shell takes a NUL byte", 2) end
  -- "a=b" would be an assignment before a command.
  if word:find("^[%w_./:=@%%+,-]+$") and not word:find("^[%a_]?[%w_]*=") then return word end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

---A command line of an argv, each word quoted where it must be.
---   > sh.join({ "grep", "-e", "a b", "it's" })
---   < "grep -e 'a b' 'it'\\''s'"
---@param argv string[]
---@return string
function M.join(argv)
  local words = {}
  for i, word in ipairs(argv) do words[i] = M.quote(word) end
  return table.concat(words, " ")
end

local ESCAPED_IN_QUOTES = { ['"'] = true, ["\\"] = true, ["$"] = true, ["`"] = true }

-- One quoted part that begins at `i`; returns its text and where it ends.
local function quoted(command, i)
  if command:sub(i, i) == "'" then
    local close = command:find("'", i + 1, true)
    if not close then return nil, ("the ' at character %d is not closed"):format(i) end
    return command:sub(i + 1, close - 1), close
  end
  local open, text = i, {}
  i = i + 1
  while i <= #command do
    local c = command:sub(i, i)
    if c == '"' then return table.concat(text), i end
    if c == "$" or c == "`" then
      return nil, ('it needs a shell: "%s" at character %d'):format(c, i)
    end
    if c == "\\" then
      local after = command:sub(i + 1, i + 1)
      if ESCAPED_IN_QUOTES[after] then
        c = after
        i = i + 1
      elseif after == "\n" then
        c = ""
        i = i + 1
      end
    end
    text[#text + 1] = c
    i = i + 1
  end
  return nil, ('the " at character %d is not closed'):format(open)
end

-- Each of these means something to a shell when it is not quoted. "=" and "%" do not; "~" and "#"
-- do at the start of a word, and "!" and "{" as a word.
local SHELL = "[|&;<>()$`*?%[%]{}\n]"

---Takes a simple command apart as a shell would: words, quotes, backslashes. A command with
---anything else in it (variables, globs, pipes, ...) is refused, because only a shell can say what
---it means.
---   > sh.split([[cc -c "a b.c" -DX='"y"']])
---   < { "cc", "-c", "a b.c", [[-DX="y"]] }
---   > sh.split("cat *.c | wc")
---   < nil, 'it needs a shell: "*" at character 5'
---@param command string
---@return string[]? argv
---@return string? message
function M.split(command)
  local argv, word, i = {}, nil, 1
  while i <= #command do
    local c = command:sub(i, i)
    if c == "'" or c == '"' then
      local text, ending = quoted(command, i)
      if not text then return nil, ending end
      word, i = (word or "") .. text, ending
    elseif c == "\\" then
      if i == #command then return nil, "nothing follows the last backslash" end
      i = i + 1
      local after = command:sub(i, i)
      if after ~= "\n" then word = (word or "") .. after end
    elseif c == " " or c == "\t" then
      argv[#argv + 1] = word
      word = nil
    elseif c:find(SHELL) or (not word and c:find("[~#!]")) then
      return nil, ('it needs a shell: "%s" at character %d'):format(c == "\n" and "\\n" or c, i)
    else
      word = (word or "") .. c
    end
    i = i + 1
  end
  argv[#argv + 1] = word
  if command:find("^%s*[%a_][%w_]*=") then
    return nil, "it needs a shell: it begins with an assignment"
  end
  return argv
end

---@class ggen.std.sh.Options
---@field ctx? ggen.UserContext of the task: its environment, directory, time limit and Ctrl-C apply
---@field cwd? string
---@field env? table<string, string|number> added to the environment
---@field stdin? string bytes for its standard input
---@field timeout? ggen.Duration
---@field shell? string the shell for a command with shell syntax (sh)
---@field limit? integer bytes to keep of each stream (16 MiB)

local function require_run(name)
  if ggen.loading() then
    error(("sh.%s starts a program while a pipeline is loading: do it in a task "
      .. "(run = function(ctx) ... end)"):format(name), 3)
  end
  if not ggen.async.can_wait() then
    error(("sh.%s waits, and only code that runs as part of a task may wait"):format(name), 3)
  end
end

local function environment(more)
  local env = ggen.environment.base()
  for name, value in pairs(more or {}) do env[name] = tostring(value) end
  return env
end

-- Runs the command without a task.
local function start(command, options)
  local process = require("ggen.core.process")
  local timeout, message
  if options.timeout then
    timeout, message = ggen.units.duration(options.timeout)
    if not timeout then return nil, message end
  end
  local request = {
    argv = type(command) == "table" and command or nil,
    shell = type(command) == "string" and command or nil,
    shell_program = options.shell, cwd = options.cwd or ".", env = environment(options.env),
    stdin = options.stdin and { bytes = options.stdin } or nil,
    timeout = timeout, capture = options.limit or CAPTURE,
  }
  local refused
  local result = ggen.async.await(function(resume)
    local handle
    handle, refused = process.run(request, resume)
    if not handle then resume(nil) end
    return handle
  end)
  if not result then return nil, refused end
  if result.error then
    result.message = result.error.message
  elseif result.timed_out then
    result.message = "timed out after " .. ggen.units.format_duration(timeout)
  elseif result.signal then
    result.message = "ended by signal " .. result.signal
  end
  return result
end

local function run(command, options)
  options = options or {}
  if not options.ctx then return start(command, options) end
  return options.ctx.sh(command, {
    capture = options.limit or true, check = false, cwd = options.cwd, env = options.env,
    shell = options.shell, stdin = options.stdin, timeout = options.timeout,
  })
end

---Runs a command and waits for its end; a failure is a result like any other. Without `ctx` it gets
---the strict environment of a task that declares none.
---   > sh.run({ "sh", "-c", "echo out; echo err >&2; exit 3" }).code
---   < 3
---   > sh.run("cat", { stdin = "hello" }).stdout
---   < "hello"
---@async
---@param command string|string[] a command line, or an argv
---@param options? ggen.std.sh.Options
---@return ggen.Result? result with stdout and stderr
---@return string? message when it could not be tried at all
function M.run(command, options)
  require_run("run")
  return run(command, options)
end

---Runs a command and returns what it wrote, without line ends behind it: `$(command)` of a shell.
---   > sh.capture("printf 'a\\nb\\n\\n'")
---   < "a\nb"
---   > sh.capture("echo oops >&2; exit 4")
---   < nil, "echo oops >&2; exit 4: exit code 4: oops"
---@async
---@param command string|string[] a command line, or an argv
---@param options? ggen.std.sh.Options
---@return string? output
---@return string? message when it failed: the command, how it ended, its last line on stderr
function M.capture(command, options)
  require_run("capture")
  local result, refused = run(command, options)
  local shown = type(command) == "table" and M.join(command) or command
  if not result then return nil, ("%s: %s"):format(shown, refused) end
  if result.code ~= 0 then
    local why = result.message or ("exit code %d"):format(result.code)
    local last = (result.stderr or ""):gsub("%s+$", ""):match("[^\n]*$")
    return nil, ("%s: %s%s"):format(shown, why, last ~= "" and ": " .. last or "")
  end
  if result.truncated then
    return nil, ("%s: wrote more than %d bytes (limit = ... keeps more)"):format(shown,
      (options and options.limit) or CAPTURE)
  end
  return (result.stdout:gsub("\n+$", ""))
end

return M
