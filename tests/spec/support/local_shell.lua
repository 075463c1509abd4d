-- A resident shell (std.docker.shell) on this machine: what an engine gives as a stream is here a
-- child with a named pipe for its input.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local output = require("ggen.core.output")
local process = require("ggen.core.process")
local script = require("ggen.std.docker.shell.script")
local shell = require("ggen.std.docker.shell")

local M = {}

local ENV = { PATH = os.getenv("PATH"), IN_THE_IMAGE = "yes" }

local function run(options)
  options.env = options.env or ENV
  options.cwd = options.cwd or "/"
  return async.await(function(resume) return assert(process.run(options, resume)) end)
end
M.process = run

local Stream = {}
Stream.__index = Stream

function Stream:read()
  while not self._queue[1] do
    if self._ended then return nil end
    async.await(function(resume)
      self._resume = resume
      return { close = function() self._resume = nil end }
    end)
  end
  local piece = table.remove(self._queue, 1)
  return piece[1], piece[2]
end

function Stream:write(bytes)
  if self._ended then return nil, "closed" end
  self.written = self.written + #bytes
  self._pipe:write(bytes)
  self._pipe:flush()
  return true
end

function Stream:close()
  if self._pipe then self._pipe:close() end
  self._pipe = nil
  self.child:kill("KILL")
end

local function wake(stream)
  local resume = stream._resume
  stream._resume = nil
  if resume then resume() end
end

---@param program string[] the shell
---@return table stream
function M.stream(program)
  local dir = assert(fs.make_temp_dir("ggen-shell-"))
  assert(run({ argv = { "mkfifo", dir .. "/in" } }).code == 0)
  local stream = setmetatable({ _queue = {}, written = 0 }, Stream)
  stream._pipe = assert(io.open(dir .. "/in", "r+b"))
  local argv = { "/bin/sh", "-c", 'i=$1;shift;exec "$@" <"$i"', "sh", dir .. "/in" }
  -- The applet of a busybox is no program that could be started as a container's shell is.
  local first = #program == 1 and script.start(program[1])
    or { "env", "-i", "PATH=" .. ENV.PATH, unpack(program) }
  for _, word in ipairs(first) do argv[#argv + 1] = word end
  stream.child = assert(process.run({ argv = argv, env = ENV, cwd = "/", drain = 0.05,
    output = output.callback(function(which, bytes)
      table.insert(stream._queue, { which, bytes })
      wake(stream)
    end) }, function()
    stream._ended = true
    wake(stream)
  end))
  stream.dir = dir
  return stream
end

---Calls fn(shell, stream) with a shell that is ended afterwards.
---@param program string[]
---@param fn fun(sh: ggen.docker.Shell, stream: table)
function M.with(program, fn)
  local stream = M.stream(program)
  local sent = {}
  local sh, message = shell.over(stream, function(text)
    sent[#sent + 1] = text
    local result = run({ argv = { "/bin/sh", "-c", text }, capture = 1000 })
    if result.code ~= 0 then return nil, result.stderr end
    return true
  end)
  stream.sent = sent
  local ok, problem = true, message
  if sh then ok, problem = pcall(fn, sh, stream) end
  if sh then sh:close() else stream:close() end
  while not stream._ended do async.sleep(0.001) end
  assert(fs.remove(stream.dir, { recursive = true }))
  if not ok or not sh then error(problem, 0) end
end

return M
