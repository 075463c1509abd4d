-- What most commands begin with: the loaded project and the plugins that it uses.
-- SPDX-License-Identifier: MIT
local budget = require("ggen.budget")
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local heap = require("ggen.heap")
local locate = require("ggen.locate")
local plugin_use = require("ggen.plugin_use")
local registry = require("ggen.registry")
local snapshot = require("ggen.snapshot")

local M = {}

local PLUGIN_TIME = 10 -- seconds for the files and the setup of a plugin

-- The project that try_open() loaded, for the command that turns out to be meant.
local opened

---@class ggen.Host what plugins get beside their params (public)
---@field screen userdata? standard output, shared by all that write to it
---@field options table of the command line
---@field style ggen.Style
---@field project_dir string absolute
---@field project ggen.Project? where a plugin is set up for one
---@field note fun(level: "info"|"warning"|"error", text: string, task: ggen.Task?) says something
---@field attach_notes fun(events: ggen.Events) for the run
---@field now fun(): number monotonic seconds
---@field unix fun(): number seconds since 1970
---@field output_sink fun(fn: fun(stream: "out"|"err", bytes: string)): userdata a sink that calls
---fn

local function tell(args, what, why)
  if args.verbose then io.stderr:write(("ggen-lua: %s: %s\n"):format(what, why)) end
end

-- Each file is read once, however many workspaces there are and wherever one stands.
local function parsed_files(loaded)
  local parts = {}
  for file, count in pairs(loaded.parsed) do parts[#parts + 1] = ("%d %s"):format(count, file) end
  table.sort(parts)
  return table.concat(parts, ", ")
end

local function load(dir, args, functions)
  local loaded = require("ggen.load").load(dir, { timeout = args.load_timeout,
    verbose = args.verbose, environment = args.env, functions = functions })
  if #loaded.workspaces > 0 then tell(args, "files that were evaluated", parsed_files(loaded)) end
  return loaded
end

local function evaluate(dir, args)
  local loaded = load(dir, args)
  heap.loaded()
  return require("ggen.resolve").project(loaded)
end

---Opens the project, from its snapshot if that is valid.
---@param args table the global options
---@param options { remember: boolean? }? remember = false: evaluate it, whatever the snapshot says
---@return ggen.Project
function M.open(args, options)
  heap.loading()
  local dir = cli.directory(args)
  local wanted = not args.reload and not (options and options.remember == false)
  if opened and opened.dir == dir and wanted then
    local project = opened.project
    opened = nil
    return project
  end
  local why = "--reload was given"
  if wanted then
    local project
    project, why = snapshot.open(dir, function(functions) return load(dir, args, functions) end,
      args.env)
    if project then return project end
  end
  if not options then tell(args, "the pipeline is evaluated", why) end
  return evaluate(dir, args)
end

---Writes the snapshot of a project, if there is something to write. A command calls it when it
---knows that the pipeline is good, and before it runs anything.
---@param args table the global options
---@param project ggen.Project
function M.save(args, project)
  local written, why = snapshot.save(project)
  if not written and why then tell(args, "no snapshot was written", why) end
end

-- Goes through what a pipeline uses, for its files and what they set up: plugins together have no
-- more time than that.
local function with_plugins(uses, fn)
  local watchdog = require("ggen.core.watchdog")
  -- All of it is done once, so machine code would cost more than it saves; and where there is none,
  -- the watchdog can say in which line a plugin hangs.
  local compiles = jit.status()
  jit.off()
  local ok, result = pcall(function()
    for _, entry in ipairs(uses) do
      watchdog.start(PLUGIN_TIME, ("plugin %q: still setting up after %d s"):format(entry.name,
        PLUGIN_TIME))
      local found = fn(entry)
      if found ~= nil then return found end
    end
  end)
  watchdog.stop()
  if compiles then jit.on() end
  if not ok then error(result, 0) end
  return result
end

---Opens the project for a word that may be the command of a plugin; nil without a project. A
---pipeline that does not load raises its own fault.
---@param rest string[] arguments that follow the word
---@return ggen.Project?
function M.try_open(rest)
  local directory
  for i, word in ipairs(rest) do
    if word == "-C" or word == "--directory" then directory = rest[i + 1] end
    directory = word:match("^%-C(.+)$") or word:match("^%-%-directory=(.+)$") or directory
  end
  local dir = cli.directory({ directory = directory })
  if not locate.find(dir) then return nil end
  local project = M.open({ directory = directory })
  opened = { dir = dir, project = project }
  return with_plugins(project.loaded.root.uses, function(entry)
    if plugin_use.kind(entry) == "command" then return project end
  end)
end

-- Names the classes of argparse: by that an installed plugin sees what is public of them.
local function name_parsers()
  local parser = require("argparse")("any")
  getmetatable(parser).__name = "ggen.Parser"
  getmetatable(parser:argument("any")).__name = "ggen.ParserArgument"
  getmetatable(parser:option("--any")).__name = "ggen.ParserOption"
end

-- A command of ggen-lua that is a plugin's. Its arguments may be checked and converted by functions
-- of the plugin: that is a part of `args`.
local function command_of(plugins, instance, host)
  local function checked(ok, ...)
    if not ok then fault.raise((...), instance.file, instance.line) end
    return ...
  end
  return {
    summary = instance.plugin.desc,
    configure = function(parser)
      name_parsers()
      budget.watch()
      checked(registry.call(instance, "args", parser))
    end,
    parse = function(parser, words)
      return checked(registry.call_for(instance, "args", parser.pparse, parser, words))
    end,
    run = function(args)
      local ok, code = registry.call(instance, "run", args)
      plugins:close()
      host.screen:flush()
      budget.say_rest()
      return tonumber(checked(ok, code)) or 0
    end,
  }
end

---@param project ggen.Project
---@param name string
---@return ggen.Command?
function M.plugin_command(project, name)
  return with_plugins(project.loaded.root.uses, function(entry)
    if plugin_use.kind(entry) ~= "command" then return nil end
    local plugin = registry.load(entry.name, entry)
    if plugin.name ~= name then return nil end
    local host = M.host(project, { color = "auto" }, {})
    local plugins = registry.new(host)
    return command_of(plugins, plugins:use(entry.name, entry.params, entry), host)
  end)
end

local LEVELS = { info = true, warning = true, error = true }

-- What plugins say goes to the observers of the run, once there is one.
local function notes()
  local events
  return function(level, text, task)
    if not LEVELS[level] or type(text) ~= "string" then
      error('host.note: a level ("info", "warning" or "error") and a text expected', 2)
    end
    if events then return events:note(level, text, task) end
    io.stderr:write("ggen-lua: ", level, ": ", require("ggen.harmless").text(text), "\n")
  end, function(of) events = of end
end

---@param project ggen.Project
---@param args table the global options
---@param options table of the command
---@return ggen.Host
function M.host(project, args, options)
  local output, clock = require("ggen.core.output"), require("ggen.core.clock")
  local note, attach_notes = notes()
  return setmetatable({
    note = note, attach_notes = attach_notes,
    screen = output.screen(1), options = options, project_dir = project.dir, project = project,
    now = clock.monotonic, unix = clock.unix, output_sink = output.callback,
    style = require("ggen.style").new(cli.use_color(args.color, 1)),
  }, { __name = "ggen.Host" })
end

---Sets up the plugins that the pipeline uses; `skip` names kinds that the command chooses itself.
---@param project ggen.Project
---@param host ggen.Host
---@param skip table<string, true>?
---@param all boolean? also those that are only called while the pipeline is loaded
---@return ggen.Registry
function M.plugins(project, host, skip, all)
  local plugins = registry.new(host)
  with_plugins(project.loaded.root.uses, function(entry)
    local kind = plugin_use.kind(entry)
    if kind == "command" or skip and skip[kind] then
      registry.load(entry.name, entry) -- it is not called, and has to be there
    elseif all or not plugin_use.is_of_loading(entry) then
      plugins:use(entry.name, entry.params, entry)
    end
  end)
  budget.watch()
  return plugins
end

return M
