-- Runs the files of a pipeline. Their environment lets nothing happen but reading while they load,
-- and what is read is recorded; functions that run as tasks have the same one, and may do more.
-- SPDX-License-Identifier: MIT
local dsl = require("ggen.dsl")
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local locate = require("ggen.locate")
local progress = require("ggen.loading")
local suggest = require("ggen.suggest")

local M = {}

-- The load that is going on: functions of the environment behave differently afterwards, because
-- the closures of a pipeline use the same environment when they run as tasks.
local loading
-- The same, and kept afterwards: a task's function may require a file that was not needed before.
local latest

local function pure(what, instead)
  local file, line = fault.where(3)
  local when = loading and " while a pipeline is loading" or ""
  fault.raise(("%s%s: %s"):format(what, when, instead), file, line)
end

-- Allowed in functions that run as part of a task, refused while loading.
local function at_run_time(fn, what, instead)
  return function(...)
    if loading then pure(what, instead) end
    return fn(...)
  end
end

local function absolute(path)
  if path:sub(1, 1) == "/" then return path end
  return (dsl.current_dir or fs.cwd()) .. "/" .. path
end

local function make_os()
  local in_task = "do it in a task (run = function(ctx) ... end)"
  local env = {}
  for name, fn in pairs(os) do env[name] = fn end
  env.getenv = function(name)
    if loading and type(name) == "string" then return loading.inputs:variable(name) end
    return os.getenv(name)
  end
  for _, name in ipairs({ "time", "date", "clock" }) do
    env[name] = at_run_time(os[name], "os." .. name .. " reads the clock", in_task)
  end
  for _, name in ipairs({ "remove", "rename", "tmpname" }) do
    env[name] = at_run_time(os[name], "os." .. name .. " changes files", in_task)
  end
  local spawn = "use a task, or ctx.sh within one"
  env.execute = function() pure("os.execute starts a program", spawn) end
  env.exit = function() pure("os.exit ends the program", 'raise an error("...") instead') end
  env.setlocale = nil
  return env
end

local function make_io()
  local env = { type = io.type, stderr = io.stderr, stdout = io.stderr }
  local function reading(path)
    if not loading or type(path) ~= "string" then return path end
    path = absolute(path)
    loading.inputs:read(path)
    return path
  end
  env.open = function(path, mode)
    if loading and mode and not mode:match("^rb?$") then
      pure("io.open for writing", "do it in a task (run = function(ctx) ... end)")
    end
    return io.open(reading(path), mode)
  end
  env.lines = function(path, ...) return io.lines(reading(path), ...) end
  env.popen = function() pure("io.popen starts a program", "use a task, or ctx.sh within one") end
  return env
end

local function read_source(path, display, from_file, from_line)
  local bytes, message, kind = progress.read(path)
  if not bytes then
    message = message:match(": ([^:]+)$") or message -- the system's words without the path
    if kind == "permission" then
      message = message .. " (make it readable: chmod u+r " .. display .. ")"
    end
    fault.raise(("cannot read %s: %s"):format(display, message), from_file, from_line)
  end
  if bytes:byte(1) == 27 then
    fault.raise("this is compiled Lua, not text", display)
  end
  local nul = bytes:find("\0", 1, true)
  if nul then
    local _, lines = bytes:sub(1, nul):gsub("\n", "")
    fault.raise("there is a NUL byte in this line: is this a text file?", display, lines + 1)
  end
  return (bytes:gsub("^\239\187\191", ""):gsub("^#[^\n]*", ""))
end

---How messages name a file of the load.
---@param path string absolute
---@return string
function M.display_name(path) return locate.display(path, latest.cwd) end

-- The time limit of loading stands on a debug hook, and hooks do not fire in machine code: while a
-- pipeline loads, its own code is only interpreted. Ours is compiled, and has no endless loop.
local function interpreted(chunk)
  if loading then
    jit.off(chunk, true)
    loading.chunks[#loading.chunks + 1] = chunk
  end
  return chunk
end

local function compile(path, from_file, from_line)
  local display = M.display_name(path)
  local source = read_source(path, display, from_file, from_line)
  if loading then loading.sources[display] = source end
  local chunk, message = loadstring(source, "@" .. display)
  if not chunk then
    local line, text = message:match("^[^\n]-:(%d+): (.*)$")
    fault.raise(text or message, display, tonumber(line))
  end
  return setfenv(interpreted(chunk), latest.env)
end

local function dirname(path) return path:match("^(.*)/[^/]*$") end

---Runs a user's file with its own directory as the base of relative paths.
---@param path string absolute
---@param from_file string? where it is asked for
---@param from_line integer?
---@return any value that it returns
function M.run_file(path, from_file, from_line)
  local chunk = compile(path, from_file, from_line)
  local dir_before, file_before = dsl.current_dir, dsl.current_file
  dsl.current_dir, dsl.current_file = dirname(path), M.display_name(path)
  local value = chunk()
  dsl.current_dir, dsl.current_file = dir_before, file_before
  return value
end

local LIBRARIES = { bit = true, coroutine = true, debug = true, ffi = true, io = true, jit = true,
  math = true, os = true, package = true, string = true, table = true, _G = true }

-- Where the modules of a pipeline may lie: beside the file that asks, and beside each pipeline.lua
-- above it (a workspace may be loaded before the root that it belongs to).
local function module_dirs(dir)
  local dirs = { dir }
  while dir and dir ~= "/" do
    local above = dirname(dir)
    dir = locate.find(above ~= "" and above or "/", progress.exists)
    dirs[#dirs + 1] = dir
  end
  return dirs
end

-- A module of an installed rock. Relative entries of the search path are left out: they would find
-- files of the directory that ggen-lua was started in.
local function require_installed(name)
  local path, cpath = package.path, package.cpath
  package.path = (";" .. path):gsub(";[^/;][^;]*", ""):sub(2)
  package.cpath = (";" .. cpath):gsub(";[^/;][^;]*", ""):sub(2)
  local ok, value = pcall(require, name)
  package.path, package.cpath = path, cpath
  return ok, value
end

-- The modules of the host that pipelines may ask for by name.
local PUBLIC = { ["ggen"] = true, ["ggen.std"] = true, ["ggen.async"] = true,
  ["ggen.report"] = true, ["ggen.schema"] = true, ["ggen.units"] = true }

-- require for pipelines.
local function make_require(state)
  return function(name)
    local file, line = fault.where(2)
    if type(name) ~= "string" then fault.raise("require: expected a module's name", file, line) end
    if PUBLIC[name] or name:match("^ggen%.std%.") then
      return require(name)
    end
    if name:match("^ggen%.") then
      fault.raise(("module %q is internal: what it gives is in ggen, ggen.std and ctx"):format(
        name), file, line)
    end
    -- The standard libraries are those of this environment.
    if LIBRARIES[name] then
      local library = rawget(state.env, name)
      if library then return library end
      fault.raise(("module %q is not for pipelines"):format(name), file, line)
    end
    local relative = name:gsub("%.", "/")
    for _, dir in ipairs(module_dirs(dsl.current_dir or state.dir)) do
      for _, path in ipairs({ dir .. "/" .. relative .. ".lua", dir .. "/" .. relative
        .. "/init.lua" }) do
        if state.modules[path] ~= nil then return state.modules[path] end
        if progress.exists(path) then
          local value = M.run_file(path, file, line)
          if value == nil then value = true end
          state.modules[path] = value
          return value
        end
      end
    end
    -- It may read whatever it likes.
    progress.refuse(("it requires %q, a module of a rock"):format(name))
    local ok, value = require_installed(name)
    if ok then return value end
    if not tostring(value):find("^module '[^']*' not found:") then
      fault.raise(("module %q is broken: %s"):format(name, tostring(value)), file, line)
    end
    fault.raise(("module %q was not found beside this file (%s.lua) nor among the installed"
      .. " rocks"):format(
      name, relative), file, line)
  end
end

local FUNCTIONS = { "assert", "error", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget",
  "select", "setmetatable", "tonumber", "tostring", "type", "unpack", "xpcall", "_VERSION" }
local COPIED = { "string", "table", "math", "bit", "coroutine" }

local function make_env(state)
  local env = {}
  for _, name in ipairs(FUNCTIONS) do env[name] = _G[name] end
  -- Copies: whoever changes string.format changes it for the pipeline, not for the host.
  for _, name in ipairs(COPIED) do
    env[name] = {}
    for key, value in pairs(_G[name]) do env[name][key] = value end
  end
  env.getmetatable = function(value)
    if type(value) == "string" then return nil end
    return getmetatable(value)
  end
  env.rawset = function(target, key, value)
    if target == env then env[key] = value end -- raises: a pipeline has no globals
    return rawset(target, key, value)
  end
  env.os, env.io = make_os(), make_io()
  env.require = make_require(state)
  env.dofile = function(path)
    local file, line = fault.where(2)
    if type(path) ~= "string" then fault.raise("dofile: expected a path", file, line) end
    return M.run_file(absolute(path), file, line)
  end
  env.loadstring = function(code, name)
    if type(code) ~= "string" or code:byte(1) == 27 then return nil, "only text can be loaded" end
    local chunk, message = loadstring(code, name)
    if not chunk then return nil, message end
    return setfenv(interpreted(chunk), state.env)
  end
  env.load = env.loadstring
  -- Standard output belongs to what the command prints.
  env.print = function(...)
    local parts = {}
    for i = 1, select("#", ...) do parts[i] = tostring((select(i, ...))) end
    io.stderr:write(table.concat(parts, "\t"), "\n")
  end
  env._G = env
  return setmetatable(env, {
    __newindex = function(_, name)
      local file, line = fault.where(2)
      fault.raise(("assignment to the global %q (write: local %s = ...)"):format(
        tostring(name), tostring(name)), file, line)
    end,
    __index = function(_, name)
      local file, line = fault.where(2)
      local hint = name == "ggen" and ' (begin the file with: local ggen = require "ggen")'
        or suggest.hint(tostring(name), env)
      fault.raise(("unknown global %q%s"):format(tostring(name), hint), file, line)
    end,
  })
end

---From here on what is run is part of a load.
---@param state table of load.lua: dir, cwd, inputs, modules, chunks, sources; env is added
function M.begin(state)
  loading, latest = state, state
  state.env = make_env(state)
end

---The load is over: machine code may be made of what it left.
function M.finish()
  for _, chunk in ipairs(loading.chunks) do jit.on(chunk, true) end
  loading = nil
end

return M
