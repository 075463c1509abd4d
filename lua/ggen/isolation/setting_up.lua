-- What is looked at when an isolated plugin is set up: its permissions may name its parameters, and
-- what it says of itself may make the host reach outside for it. The same in all tiers.
-- SPDX-License-Identifier: MIT
local M = {}

---Says what is wrong with the permissions that name parameters.
---@param plugin table
---@param granted ggen.Permissions
function M.check(plugin, granted)
  local message = granted:unknown_param(type(plugin.params) == "table" and plugin.params or {})
  if message then error(message, 0) end
end

-- The directory of a store is one that the host writes to.
local function checked(kind, granted, impl, ...)
  if kind == "store" and type(impl) == "table" and type(impl.directory) == "string" then
    impl.directory = granted:path(impl.directory, true)
  end
  return impl, ...
end

---@param kind any of the plugin
---@param granted ggen.Permissions
---@param setup function
---@param params table
---@param host ggen.Host
---@return any ... what setup returns
function M.call(kind, granted, setup, params, host)
  granted:fill(params)
  return checked(kind, granted, setup(params, host))
end

---Puts that before the functions of a plugin.
---@param plugin table
---@param granted ggen.Permissions
function M.guard(plugin, granted)
  M.check(plugin, granted)
  local setup, services = plugin.setup, plugin.services
  if type(services) == "function" then
    function plugin.services(params)
      granted:fill(params)
      return services(params)
    end
  end
  if type(setup) == "function" then
    function plugin.setup(params, host)
      return M.call(plugin.kind, granted, setup, params, host)
    end
  end
end

return M
