-- A project that is watched: what its configuration says of that, the files that the kernel tells
-- of, and which of its changes count. One whose configuration does not load is watched as well:
-- any change may mend it.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local locate = require("ggen.locate")
local session = require("ggen.session")

local M = {}

local MOST_LOOKS = 100 -- changes of which each is looked at

---@class ggen.Watched
---@field files userdata of ggen.core.watch
---@field problem ggen.Fault? why the configuration cannot be used
---@field moved string? of the configuration what is another by now
---@field root string absolute
---@field doubtful boolean? the configuration is looked at whatever changes
---@field package _inputs userdata? what loading asked of the world
---@field package _scope ggen.WatchScope?
---@field package _policy ggen.WatchPolicy?
---@field package _plugins ggen.Registry?
local Watched = {}
Watched.__index = Watched

-- Observers say what they write; the others have no part in watching.
local function other_kinds()
  local skip = {}
  for kind in pairs(require("ggen.kinds").kinds) do
    skip[kind] = kind ~= "watch" and kind ~= "observer" or nil
  end
  return skip
end

local function configure(self, args, options)
  local project = session.open(args)
  self.root, self._inputs = project.dir, require("ggen.snapshot").inputs_of(project)
  if #args.tasks + #args.tag > 0 then
    local ok, problem = pcall(require("ggen.select").tasks, project, args.tasks, args.tag)
    -- A mistake of the command line, not of a file that somebody may mend.
    if not ok and not options.again then self.usage = problem end
    if not ok then error(problem, 0) end
  end
  self._plugins = session.plugins(project, session.host(project, args, { output = "none" }),
    other_kinds())
  if args.trace then require("ggen.trace_files").add(project.dir, args.trace) end
  local policy = self._plugins:get("watch") or self._plugins:use("watch.all")
  self._policy = require("ggen.watch.policy").new(policy, options.warn)
  self._scope = require("ggen.watch.scope").of(project, self._plugins)
  session.save(args, project)
end

-- The directory of a project that does not load: the outermost that was looked at.
local function directory_of(args)
  local dir = locate.find(cli.directory(args))
  local inputs = require("ggen.load").asked()
  local outermost = dir
  while inputs and dir and dir ~= "/" do
    local above = dir:match("^(.*)/[^/]*$")
    local file
    dir, file = locate.find(above ~= "" and above or "/")
    if dir and inputs:concerns(dir .. "/" .. file) then outermost = dir end
  end
  return outermost
end

---@param args table
---@param options { quiet: number, longest: number, on_batch: fun(events: table), warn:
---fun(text: string), again: ggen.WatchAgain? }
---@return ggen.Watched watched raises a fault when it can be of no use
function M.open(args, options)
  local self, again = setmetatable({}, Watched), options.again
  local ok, problem = pcall(configure, self, args, options)
  if not ok then
    local useless = self.usage or not again and not locate.find(cli.directory(args))
    if useless or not fault.is(problem) then error(problem, 0) end
  end
  if not ok then
    self.problem, self._scope = problem, nil
    self._inputs = self._inputs or require("ggen.load").asked()
    self.root = self.root or again and again.root or directory_of(args)
  end
  local scope = self._scope or { skip = {}, also = {} }
  local message
  self.files, message = require("ggen.core.watch").start({ root = self.root, skip = scope.skip,
    also = scope.also, quiet = options.quiet, longest = options.longest }, options.on_batch)
  if not self.files then fault.raise("watch: " .. message) end
  -- What has changed between being read and being watched.
  local same, moved = true, nil
  if self._inputs then same, moved = self._inputs:check() end
  if not same then self.moved = self:_shown(moved) end
  return self
end

---Whether the configuration is another than the one that was loaded.
---@param events ggen.FileEvent[]
---@param unsure boolean anything may have changed
---@return ggen.FileEvent? change the first that it is made of
function Watched:reads(events, unsure)
  local first, any
  for _, event in ipairs(events) do
    if self:_concerns(event) then first = event break end
    if not event.ignored then any = any or event end
  end
  -- Whatever it is that changes, it may mend what is wrong.
  if self.problem then
    return first or any or unsure and { path = locate.FILE, kind = "changed", time = 0 } or nil
  end
  if not first and not unsure and not self.doubtful then return nil end
  local same, moved = self._inputs:check()
  if same then return nil end
  local path = self:_shown(moved)
  local kind = first and first.path == path and first.kind or "changed"
  return { path = path, kind = kind, time = first and first.time or 0 }
end

-- A file relative to the project, if it lies there.
function Watched:_shown(path)
  local inside = path:sub(1, #self.root + 1) == self.root .. "/"
  return inside and path:sub(#self.root + 2) or path
end

function Watched:_concerns(event)
  return self._inputs ~= nil and self._inputs:concerns(self.root .. "/" .. event.path)
end

-- A pipe or a socket, which is no input, and changes whenever somebody writes to it.
local function is_special(self, event)
  local info = require("ggen.core.fs").stat(self.root .. "/" .. event.path, { follow = false })
  return info ~= nil and info.type == "other"
end

---@param events ggen.FileEvent[]
---@return ggen.FileEvent[] changes those that are a reason to run
function Watched:counting(events)
  local kept, looks = {}, #events <= MOST_LOOKS
  for _, event in ipairs(events) do
    if self._scope:counts(event) and not (looks and is_special(self, event)) then
      kept[#kept + 1] = event
    end
  end
  return self._policy:changes(kept)
end

function Watched:close()
  if self.files then self.files:close() end
  self.files = nil
  for _, message in ipairs(self._plugins and self._plugins:close() or {}) do
    io.stderr:write("ggen-lua: ", message, "\n")
  end
  self._plugins = nil
end

return M
