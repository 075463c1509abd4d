-- The process of a plugin with trust = "process". It shuts itself in before it gets the first byte
-- of the plugin, and from then on takes calls of its functions and asks the host for all that it
-- has not itself (process.lua is the other side, and has what the messages are). What the plugin
-- sees of the language is what the other tier gives it, from globals.lua.
-- SPDX-License-Identifier: MIT
local CANCELLED = require("ggen.async").CANCELLED
local client = require("ggen.isolation.client")
local globals = require("ggen.isolation.globals")
local modules = require("ggen.isolation.modules")
local peer = require("ggen.isolation.peer")
local sandbox = require("ggen.core.sandbox")
local views = require("ggen.isolation.views")

local FOR_EVER = -1
local WAIT = {} -- yielded by a coroutine that waits for the host, with the number of its question

local channel = sandbox.inherited()
local refs -- the references that we share with the host
local epoch = 0 -- messages so far: what was asked of an object before may have changed
local current -- the call that is being carried out
local waiting = {} -- by the number of the question: { co, call }
local asked = 0
-- Messages that have come while something else had to be answered.
local backlog, oldest, newest = {}, 1, 0

local function send(...)
  local list = refs and refs:releases()
  if list then assert(channel:send(FOR_EVER, "release", list)) end
  local ok, message, kind = channel:send(FOR_EVER, ...)
  if ok then return end
  if kind == "value" or kind == "limit" then error(message, 0) end
  error("the host is gone", 0)
end

-- Questions to the host ------------------------------------------------------------------------

local answer_until

local function answered(ok, ...)
  if ok then return ... end
  if ok == nil then error(CANCELLED, 0) end
  error((...), 0)
end

local receive, carry_out

-- Waits for the answer. As long as the host does not say that this takes its time, nothing else of
-- the plugin has a turn: reading a field is no wait. Then the coroutine of the call stops, and
-- others go on; where a coroutine cannot stop (inside of a C function such as gsub), what comes is
-- carried out from within.
local function wait_for(id)
  local function parked()
    if coroutine.isyieldable() then return coroutine.yield(WAIT, id) end
    return answer_until(id)
  end
  local function look(what, which, ...)
    if which == id and what == "reply" then return ... end
    if which == id and what == "waits" then return parked() end
    -- For what is called "now" the host itself stands still.
    if what == "now" or what == "release" then carry_out(what, which, ...)
    else
      newest = newest + 1
      backlog[newest] = { n = select("#", ...), what, which, ... }
    end
    return look(receive())
  end
  return look(receive())
end

local function ask(what, ...)
  asked = asked + 1
  local id = asked
  send(what, id, current, ...)
  return answered(wait_for(id))
end

-- A coroutine of the plugin in which something waits for the host: so does who resumed it.
local function passed_on(co, ok, first, ...)
  if ok and first == WAIT then
    if coroutine.isyieldable() then
      return passed_on(co, coroutine.resume(co, coroutine.yield(WAIT, (...))))
    end
    return passed_on(co, coroutine.resume(co, answer_until((...))))
  end
  return ok, first, ...
end

local function resume_plugins(co, ...) return passed_on(co, coroutine.resume(co, ...)) end

-- Objects of the host --------------------------------------------------------------------------

local fields_of = setmetatable({}, { __mode = "k" }) -- view -> what is known of it

local function refuse_change(_, name)
  error(("what the host gives cannot be changed (field %q)"):format(tostring(name)), 2)
end

local methods = {} -- by name: the same for all objects
local function method(name)
  local known = methods[name]
  if known then return known end
  known = function(view, ...)
    if fields_of[view] == nil then
      error(("call it with a colon: object:%s(...)"):format(name), 2)
    end
    return ask("method", view, name, ...)
  end
  methods[name] = known
  return known
end

-- data: fixed = fields that stay as they are, absent = those of them that are nil, now = fields as
-- they are at this moment, without = methods that it does not have, stays = all fields stay.
local function refresh(view, data)
  local fields = fields_of[view]
  for name, value in pairs(data.fixed or {}) do fields.fixed[name] = value end
  for name in pairs(data.absent or {}) do fields.absent[name] = true end
  fields.now, fields.epoch = data.now or {}, epoch
end

local function field(view, fields, name, stays)
  local value = fields.fixed[name]
  if value ~= nil then return value end
  if fields.absent[name] then return nil end
  if fields.epoch ~= epoch then fields.now, fields.epoch = {}, epoch end
  value = fields.now[name]
  if value ~= nil then return value end
  value = ask("get", view, name)
  if value == nil then
    fields.absent[name] = fields.all_stays
    return nil
  end
  if fields.all_stays or stays then fields.fixed[name] = value
  else
    if fields.epoch ~= epoch then fields.now, fields.epoch = {}, epoch end
    fields.now[name] = value
  end
  return value
end

local function view_of(class, data)
  local public = views[class] or {}
  local has_method, has_data = public.methods or {}, public.data or {}
  local objects, shapes, parts = public.objects or {}, public.shapes or {}, public.parts or {}
  data = type(data) == "table" and data or {}
  local without = data.without or {}
  local view
  view = setmetatable({}, {
    __metatable = false, __newindex = refuse_change,
    __index = function(_, name)
      if has_method[name] then return not without[name] and method(name) or nil end
      if has_data[name] or objects[name] or shapes[name] or parts[name] then
        return field(view, fields_of[view], name, objects[name] or parts[name])
      end
    end,
  })
  fields_of[view] = { fixed = {}, absent = {}, now = {}, epoch = epoch, all_stays = data.stays }
  refresh(view, data)
  return view
end

-- A table of functions of the host.
local function table_of()
  local view
  view = setmetatable({}, {
    __metatable = false, __newindex = refuse_change,
    __index = function(_, name)
      local fields = fields_of[view]
      local value = fields.fixed[name]
      if value == nil then
        value = ask("get", view, name)
        if type(value) == "function" or fields_of[value] then fields.fixed[name] = value end
      end
      return value
    end,
  })
  fields_of[view] = { fixed = {}, now = {}, epoch = epoch }
  return view
end

local function make(class, _, data)
  if class == "function" then
    local fn
    fn = function(...) return ask("call", fn, ...) end
    return fn
  end
  if class == "table" then return table_of() end
  if class == "cancelled" then return client.CANCELLED end
  return view_of(class, data)
end

local function describe(value)
  if type(value) == "function" then return value, "function" end
  error(("a plugin cannot pass a %s to the host"):format(type(value)), 0)
end

-- Calls of the plugin --------------------------------------------------------------------------

-- Nothing of the plugin is called for its errors: a __tostring could do anything.
local function error_text(value)
  if type(value) == "string" then return #value > 4096 and value:sub(1, 4096) .. "..." or value end
  local message = type(value) == "table" and rawget(value, "message")
  if type(message) == "string" then return message end
  return ("error() was called with a %s, not with a text"):format(type(value))
end

-- Tables that a function returns come back as they are: the host has copies, by these numbers.
local function identities(...)
  local ids
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if type(value) == "table" and not refs.known[value] then
      ids = ids or {}
      ids[tostring(i)] = refs:keep(value)
    end
  end
  return ids
end

local function finish(call, ok, ...)
  if not ok then
    local value = ...
    if value == CANCELLED or value == client.CANCELLED then return send("return", call, nil) end
    return send("return", call, false, nil, error_text(value))
  end
  return send("return", call, true, identities(...), ...)
end

local function step(co, call, ok, first, ...)
  if ok and first == WAIT and coroutine.status(co) == "suspended" then
    waiting[(...)] = { co, call }
    return
  end
  local sent, problem = pcall(finish, call, ok, first, ...)
  if not sent then
    collectgarbage()
    send("return", call, false, nil, error_text(problem))
  end
end

local function resume(co, call, ...)
  local outer = current
  current = call
  step(co, call, coroutine.resume(co, ...))
  current = outer
end

local function start(call, fn, ...) resume(coroutine.create(fn), call, ...) end

local handlers = {}

function handlers.call(id, fn, ...)
  if type(fn) ~= "function" then error("not a function", 0) end
  start(id, fn, ...)
end

function handlers.reply(id, ...)
  local who = waiting[id]
  if not who then return end
  waiting[id] = nil
  resume(who[1], who[2], ...)
end

function handlers.release(list) refs:let_go(list) end

-- Functions of Lua's libraries that are those of the host: its clock may be one that is turned.
local function borrow(names)
  for _, name in ipairs(names) do
    local library, fn = name:match("^(%a+)%.(%a+)$")
    rawset(_G[library], fn, function(...) return ask("borrowed", name, ...) end)
  end
end

-- The plugin's file.
function handlers.load(id, plugin, text, chunk_name, borrowed)
  borrow(borrowed or {})
  local ggen = client.new(function(...) return ask("api", ...) end,
    function(path) return ask("value", path) end)
  local require_module, run, enter = modules.new(plugin, ggen,
    function(name) return ask("module", name) end)
  local env = globals.new(require_module, function(line) ask("api", "print", line) end,
    resume_plugins)
  enter(env)
  start(id, run, text, chunk_name)
end

handlers.now = handlers.call

receive = function()
  local function received(ok, ...)
    if not ok then error("the host is gone", 0) end
    epoch = epoch + 1
    return ...
  end
  return received(channel:receive(FOR_EVER))
end

carry_out = function(what, ...) return handlers[what](...) end

-- The next message: one that was left first.
local function next_message()
  local message = backlog[oldest]
  if not message then return receive() end
  backlog[oldest] = nil
  oldest = oldest + 1
  return unpack(message, 1, 2 + message.n)
end

answer_until = function(id)
  local function look(what, which, ...)
    if what == "reply" and which == id then return ... end
    carry_out(what, which, ...)
    return look(next_message())
  end
  return look(next_message())
end

return function()
  client.preload()
  os.time(os.date("*t")) -- the time zone is read
  local _, limits = receive()
  local landlock, seccomp, kind = sandbox.enter(limits.memory, limits.cpu, limits)
  if not landlock then
    channel:send(FOR_EVER, "ready", false, seccomp, kind)
    return
  end
  refs = peer.new(describe, make, refresh)
  refs:attach(channel, false)
  channel:send(FOR_EVER, "ready", landlock, seccomp)
  while true do carry_out(next_message()) end
end
