-- What is run in a container of the pool: by a shell that stays open, where the image has one.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

local async = ggen.async

local COMMAND_TIME = 60 -- seconds of a reset command

---@class ggen.PoolContainer
local Container = {}

local function shell_of(self)
  if self.shell and self.shell.closed then self.shell = nil end
  if self.shell or self.no_shell then return self.shell end
  if self.shell_coming then return self.shell_coming:wait() end
  local coming = async.future()
  self.shell_coming = coming
  local shell, _, kind = self.world.shell(self.id)
  -- An image without a shell will not have one the next time.
  if not shell and kind ~= "closed" and kind ~= "not_running" then self.no_shell = true end
  if shell and self.state == "going" then
    shell:close()
    shell = nil
  end
  self.shell, self.shell_coming = shell, nil
  coming:resolve(shell)
  return shell
end

local function in_shell(self, command, options)
  local shell, out = shell_of(self), { out = {}, err = {} }
  if not shell then return nil end
  local argv = type(command) == "table" and command or nil
  local result, message, kind
  self.one_command:with(function() -- a shell takes one at a time
    result, message, kind = shell:run({ argv = argv, command = not argv and command or nil,
      env = options.env, stdin = options.stdin, timeout = options.timeout,
      on_output = function(stream, bytes) table.insert(out[stream], bytes) end })
  end)
  if not result then
    self:close_shell()
    return nil, message, kind or "closed"
  end
  result.stdout, result.stderr = table.concat(out.out), table.concat(out.err)
  if result.timed_out or shell.tainted then self:close_shell() end
  return result
end

---Opens the shell that its reset will want, so that nobody waits for it then.
---@async
function Container:prepare()
  local how = self.spec.reset
  if type(how) == "table" or type(how) == "function" then shell_of(self) end
end

---Runs a command in the container, in a shell that stays open, or without one where the image has
---none. It has the environment of the container.
---@async
---@param command string|string[] a text is for sh
---@param options { timeout: number?, env: table?, stdin: string? }?
---@return table? result { code, stdout, stderr }
---@return string? message
---@return string? kind
function Container:command(command, options)
  options = options or {}
  local env = {}
  for _, more in ipairs({ self.world.image_env(self.spec.image), self.spec.env,
    options.env or {} }) do
    for name, value in pairs(more) do env[name] = value end
  end
  local how = { env = env, stdin = options.stdin, timeout = options.timeout or COMMAND_TIME }
  local result, message, kind = in_shell(self, command, how)
  -- The engine may have been started again since: what was to be run may be run twice.
  if kind == "closed" then result, message, kind = in_shell(self, command, how) end
  if result or kind then return result, message, kind end
  return self.world.call("exec", self.id, {
    cmd = type(command) == "table" and command or { "sh", "-c", command }, env = options.env,
    stdin = how.stdin, timeout = how.timeout, capture = 1024 * 1024,
  })
end

function Container:close_shell()
  if self.shell then self.shell:close() end
  self.shell = nil
end

return Container
