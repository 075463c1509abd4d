-- The globals of an isolated plugin: the part of the standard library that touches nothing outside
-- of it, in copies of its own. There is no io, debug, ffi, package or jit, nothing of os but the
-- time, and chunks are texts.
-- SPDX-License-Identifier: MIT
local CANCELLED = require("ggen.async").CANCELLED

local M = {}

local BYTECODE = 27 -- the first byte of a compiled chunk

local function copy_of(library, left_out)
  local copy = {}
  for name, value in pairs(library) do
    if not left_out[name] then copy[name] = value end
  end
  return copy
end

-- A method call on a text looks in the metatable of all texts: there, too, nothing is to be had
-- that writes bytecode. string.dump itself stays where the host finds it.
local function hide_dump()
  local meta = getmetatable("")
  if rawget(meta.__index, "dump") then
    meta.__index = copy_of(string, { dump = true })
  end
end

-- Calls that catch errors let a cancelled wait pass.
local function caught(ok, ...)
  if not ok and (...) == CANCELLED then error(CANCELLED, 0) end
  return ok, ...
end

local function add_calls(env)
  function env.pcall(...) return caught(pcall(...)) end
  function env.xpcall(fn, handler, ...)
    return caught(xpcall(fn, function(value)
      if value == CANCELLED then return value end
      return handler(value)
    end, ...))
  end
end

-- A coroutine of the host belongs to the loop: a plugin waits by ggen.async in it, and yields only
-- in those that it has made.
local function coroutines(resume_host)
  local own = setmetatable({}, { __mode = "k" })
  local library = { status = coroutine.status }
  local function resume(co, ...) return caught(resume_host(co, ...)) end
  function library.create(fn)
    local co = coroutine.create(fn)
    own[co] = true
    return co
  end
  function library.resume(co, ...)
    if not own[co] then error("this coroutine is not the plugin's", 2) end
    return resume(co, ...)
  end
  function library.wrap(fn)
    local co = library.create(fn)
    local function result(ok, ...)
      if not ok then error((...), 0) end
      return ...
    end
    return function(...) return result(resume(co, ...)) end
  end
  function library.running()
    local co = coroutine.running()
    return own[co] and co or nil
  end
  function library.yield(...)
    if not own[coroutine.running() or false] then
      error("coroutine.yield: only in a coroutine that the plugin made (ggen.async waits)", 2)
    end
    return coroutine.yield(...)
  end
  return library
end

local function add_load(env)
  local function load_text(text, name, scope)
    if text:byte(1) == BYTECODE then return nil, "compiled chunks are not loaded" end
    local chunk, message = loadstring(text, name)
    if not chunk then return nil, message end
    return setfenv(chunk, scope == nil and env or scope)
  end

  function env.load(chunk, name, mode, ...)
    if mode ~= nil and not tostring(mode):find("t", 1, true) then
      return nil, "compiled chunks are not loaded"
    end
    if type(chunk) == "function" then
      local pieces = {}
      repeat
        local piece = chunk()
        if piece ~= nil and type(piece) ~= "string" then
          return nil, "reader function must return a string"
        end
        pieces[#pieces + 1] = piece
      until piece == nil or piece == ""
      chunk = table.concat(pieces)
    elseif type(chunk) ~= "string" then
      error(("load: a text or a function expected, got a %s"):format(type(chunk)), 2)
    end
    local scope = ...
    if select("#", ...) > 0 and type(scope) ~= "table" then
      error("load: the environment has to be a table", 2)
    end
    return load_text(chunk, name or "=(load)", scope)
  end

  function env.loadstring(text, name)
    if type(text) ~= "string" then
      error(("loadstring: a text expected, got a %s"):format(type(text)), 2)
    end
    return load_text(text, name or text)
  end
end

local PLAIN = { "assert", "error", "ipairs", "next", "pairs", "rawequal", "rawget", "rawset",
  "select", "setmetatable", "tonumber", "tostring", "type", "unpack", "_VERSION" }

---@param require_module fun(name: string): any what `require` is inside
---@param say fun(text: string) where `print` leads
---@param resume? fun(co: thread, ...): boolean, ... instead of coroutine.resume
---@return table env nothing may be added to it
function M.new(require_module, say, resume)
  hide_dump()
  local env = {}
  for _, name in ipairs(PLAIN) do env[name] = _G[name] end
  env.string = copy_of(string, { dump = true })
  env.table, env.bit = copy_of(table, {}), copy_of(require("bit"), {})
  env.math = copy_of(math, { randomseed = true })
  env.os = { clock = os.clock, date = os.date, difftime = os.difftime, time = os.time }
  env.coroutine, env.require = coroutines(resume or coroutine.resume), require_module
  function env.print(...)
    local texts = {}
    for i = 1, select("#", ...) do texts[i] = tostring((select(i, ...))) end
    say(table.concat(texts, "\t"))
  end
  function env.getmetatable(value)
    return type(value) == "table" and getmetatable(value) or nil
  end
  function env.collectgarbage(option)
    if option ~= "count" then error('collectgarbage: only "count" is there', 2) end
    return collectgarbage("count")
  end
  add_calls(env)
  add_load(env)
  env._G = env
  return setmetatable(env, { __metatable = false, __newindex = function(_, name)
    error(("assignment to the global %q (write: local %s = ...)"):format(tostring(name),
      tostring(name)), 2)
  end })
end

return M
