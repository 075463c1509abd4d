-- The command line: which command is meant, and its options. Each command is a module of its own,
-- read only when it is asked for.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")

local M = {}

---The built-in commands, in the order of the help.
M.COMMANDS = { "run", "watch", "list", "show", "graph", "why", "check", "state", "cache", "perf",
  "diff", "simulate", "hash", "containers", "plugin", "doctor", "init", "lua", "completion",
  "version", "help" }

local is_command = {}
for _, name in ipairs(M.COMMANDS) do is_command[name] = true end

local DEFAULT_LOAD_TIMEOUT = 10 -- seconds

-- Options that may stand before the command, and whether a value follows.
local GLOBAL = {
  ["-C"] = true, ["--directory"] = true, ["--color"] = true, ["--load-timeout"] = true,
  ["-e"] = true, ["--env"] = true,
  ["-v"] = false, ["--verbose"] = false, ["--reload"] = false,
}

---@class ggen.Command a module ggen.commands.<name>
---@field summary string
---@field description string?
---@field configure fun(parser: table)? adds options
---@field parse (fun(parser: table, words: string[]): boolean, any)? instead of the parser's pparse
---@field needs_words boolean? at least one
---@field words (fun(): table)? what the parser gives when there are only words, without these
---@field run fun(args: table): integer? exit code
---@field raw boolean? takes its arguments as they are
---@field subcommands string[]? it is only the head of these: no configure and run of its own
---@field subcommand (fun(name: string): ggen.Command)?

---@param name string
---@return boolean whether ggen-lua itself has a command of this name
function M.is_command(name) return is_command[name] == true end

---@param name string
---@return ggen.Command
function M.command(name) return require("ggen.commands." .. name) end

---Adds the options that every command has.
---@param parser table of argparse
function M.add_globals(parser)
  parser:option("-C --directory", "Work as if started in this directory."):argname("DIR")
  parser:option("--color", "When to use colour: auto, always, never."):argname("WHEN")
    :choices({ "auto", "always", "never" }):default("auto")
  parser:option("--load-timeout", "Give up loading pipeline.lua after this long."):argname("TIME")
    :default(DEFAULT_LOAD_TIMEOUT .. "s"):convert(function(value)
      local seconds, message = require("ggen.units").duration(tonumber(value) or value)
      if seconds == 0 then message = "must be above zero" end
      if message then return nil, "--load-timeout: " .. message end
      return seconds
    end)
  parser:option("-e --env", "The environment of the phases of a make.toml: GGEN_ENV, and what they"
    .. " say for it."):argname("NAME")
  parser:flag("--reload", "Evaluate pipeline.lua even if its snapshot is valid.")
  parser:flag("-v --verbose", "Show more, such as the host's own frames in a traceback.")
end

---@param name string
---@param command ggen.Command
---@return table parser
function M.parser(name, command)
  local argparse = require("argparse")
  local parser = argparse("ggen-lua " .. name, command.description or command.summary)
  if command.configure then command.configure(parser) end
  M.add_globals(parser)
  parser.get_help = function(self) return require("ggen.help_page").render(name, command, self) end
  return parser
end

---Splits the arguments at the command: options before it go behind it.
---@param argv string[]
---@return string? name
---@return string[] rest with the field `before`: some of it stood before the command
function M.split(argv)
  local before, i = {}, 1
  while argv[i] do
    local word = argv[i]
    local takes_value = GLOBAL[word]
    if takes_value == nil and not word:match("^%-C.")
      and not word:match("^%-%-[%w-]+=") then break end
    before[#before + 1] = word
    if takes_value then
      i = i + 1
      before[#before + 1] = argv[i]
    end
    i = i + 1
  end
  local name, rest = argv[i], before
  if name == "-h" or name == "--help" then name = "help" end
  if name == "--version" then name = "version" end
  rest.before = #before > 0
  for j = i + 1, #argv do rest[#rest + 1] = argv[j] end
  return name, rest
end

---@type boolean? a program reads what the command prints: nothing is said beside it
M.for_programs = nil

---@param argv string[]
---@return boolean
function M.is_verbose(argv)
  for _, word in ipairs(argv) do
    if word == "-v" or word == "--verbose" then return true end
    if word == "lua" then return false end
  end
  return false
end

---@param argv string[]
---@return boolean
function M.color_on_stderr(argv)
  local choice = (table.concat(argv, " ") .. " "):match("%-%-color[= ](%a+) ")
  return M.use_color(choice or "auto", 2)
end

---@param choice "auto"|"always"|"never"
---@param fd integer
---@return boolean
function M.use_color(choice, fd)
  if choice ~= "auto" then return choice == "always" end
  local no_color = os.getenv("NO_COLOR")
  if no_color and no_color ~= "" then return false end
  return os.getenv("TERM") ~= "dumb" and require("ggen.core.fs").is_tty(fd)
end

---The directory that -C names, absolute.
---@param args { directory: string? }
---@return string
function M.directory(args)
  local fs = require("ggen.core.fs")
  if not args.directory then return fs.cwd() end
  local path = fs.realpath(args.directory)
  if not path then fault.raise(("-C %s: there is no such directory"):format(args.directory)) end
  local info = fs.stat(path)
  if not info or info.type ~= "directory" then
    fault.raise(("-C %s: this is not a directory"):format(args.directory))
  end
  return path
end

-- A command that a plugin of the pipeline adds.
local function plugin_command(name, rest)
  local session = require("ggen.session")
  local opened = session.try_open(rest)
  return opened and session.plugin_command(opened, name)
end

-- "-j -1" gives -1 to -j: no option of ours is a number, and the parser would look for one.
local function join_numbers(words)
  local joined = {}
  for i = 1, #words do
    local before, word = joined[#joined], words[i]
    if before and word:find("^%-%d") and before:find("^%-%a$") then
      joined[#joined] = before .. word
    elseif before and word:find("^%-%d") and before:find("^%-%-[%w-]+$") then
      joined[#joined] = before .. "=" .. word
    else
      joined[#joined + 1] = word
    end
  end
  return joined
end

-- The arguments of a command that takes any number of words, when there is nothing but words: the
-- parser is as large as the rest of the host, and would take longer than many a run.
local function words_only(command, rest)
  if not command.words or #rest == 0 and command.needs_words then return nil end
  for _, word in ipairs(rest) do
    if word:sub(1, 1) == "-" then return nil end
  end
  local args = command.words()
  args.color, args.load_timeout = "auto", DEFAULT_LOAD_TIMEOUT
  args.tasks = { unpack(rest) }
  return args
end

---The arguments of a command as a table.
---@param name string
---@param command ggen.Command
---@param rest string[] what follows the command
---@return table args
function M.parse(name, command, rest)
  local args = words_only(command, rest)
  if args then return args end
  local parser = M.parser(name, command)
  local ok, parsed = (command.parse or parser.pparse)(parser, join_numbers(rest))
  if ok then return parsed end
  fault.raise(("%s\nTry: ggen-lua %s --help"):format(parsed, name))
end

-- Which subcommand is meant. Options may stand before it.
local function subcommand(name, command, rest)
  local word, others = M.split(rest)
  if word == nil then
    fault.raise(("%s: which one? %s\nTry: ggen-lua %s --help"):format(name,
      table.concat(command.subcommands, ", "), name))
  end
  for _, known in ipairs(command.subcommands) do
    if known == word then return name .. " " .. word, command.subcommand(word), others end
  end
  if word == "help" then return word, M.command(word), { name, others[1] } end
  fault.raise(("%s: no subcommand %q%s\nTry: ggen-lua %s --help"):format(name, word,
    require("ggen.suggest").hint(word, command.subcommands), name))
end

---Runs a command.
---@async
---@param argv string[]
---@return integer code
function M.dispatch(argv)
  local name, rest = M.split(argv)
  if name == nil then name = "run" end
  local command
  if is_command[name] then
    command = M.command(name)
  elseif name:sub(1, 1) ~= "-" then
    command = plugin_command(name, rest)
  end
  if not command then
    -- `ggen-lua build` is short for `ggen-lua run build`.
    table.insert(rest, 1, name)
    if name:sub(1, 1) ~= "-" then rest.shorthand = name end
    name, command = "run", M.command("run")
  end
  if command.subcommands then name, command, rest = subcommand(name, command, rest) end
  if command.raw then return command.run(rest) end
  local args = M.parse(name, command, rest)
  M.for_programs = args.json
  args.shorthand, args.argv = rest.shorthand, { name, unpack(rest) }
  return command.run(args)
end

return M
