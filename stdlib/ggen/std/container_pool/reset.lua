-- How a container of the pool becomes as new after a lease: restarted, by a command, by a function.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

local async = ggen.async

---@class ggen.PoolContainer
local Container = {}

local resets = {}

function resets.restart(self)
  self:close_shell()
  self.log_since = self.world.unix()
  local ok, message, kind = self.world.call("restart", self.id, { timeout = 1 })
  if not ok then return nil, message, kind end
  self.seen = self.world.call("inspect", self.id)
  if self.seen then self:take_addresses(self.seen) end
  return self:become_ready()
end

function resets.command(self)
  local result, message, kind = self:command(self.spec.reset, { timeout = self.spec.ready
    and self.spec.ready.timeout })
  if not result then return nil, message, kind end
  if result.code == 0 then return true end
  local said = ((result.stdout or "") .. (result.stderr or "")):match("([^\n]+)%s*$")
  return nil, ("%s: exit code %d%s"):format(table.concat(self.spec.reset, " "), result.code,
    said and ": " .. said or ""), "failed"
end

function resets.call(self)
  local ok, answer, message = pcall(self.spec.reset, self:lease_table(), self:handle())
  if not ok and answer == async.CANCELLED then error(answer, 0) end
  if not ok then return nil, tostring(answer), "failed" end
  if answer == false or answer == nil and message then
    return nil, message and tostring(message) or "its function returned false", "failed"
  end
  return true
end

---Makes it as new after a lease; not for "recreate".
---@async
---@return boolean? done
---@return string? message
---@return string? kind
function Container:reset()
  local how = self.spec.reset
  local ok, message, kind = self:spanned("reset", how == "restart" and resets.restart
    or type(how) == "table" and resets.command or resets.call)
  -- The next one who wants it does not have to wait for this.
  if ok then ok, message, kind = self:verify() end
  return ok, message, kind
end

---What a reset function gets of the container.
---@return table
function Container:handle()
  return {
    id = self.id, name = self.name,
    exec = function(command, options)
      if type(options) ~= "table" and options ~= nil then
        error("container.exec: options are a table", 2)
      end
      return self:command(command, options)
    end,
    restart = function() return resets.restart(self) end,
  }
end

return Container
