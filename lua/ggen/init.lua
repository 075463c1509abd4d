-- The public module: what `require "ggen"` gives to pipelines and plugins. Its parts are read on
-- first use.
-- SPDX-License-Identifier: MIT
local M = {}

M.VERSION = require("ggen.version")

---The level of the plugin contract that this build speaks.
M.API = 1

local parts = {
  async = "ggen.async",
  delivery = "ggen.delivery",
  std = "ggen.std",
  environment = "ggen.environment",
  evict = "ggen.evict",
  files = "ggen.files",
  history = "ggen.history",
  http = "ggen.http",
  json = "ggen.core.json",
  local_service = "ggen.local_service",
  make_toml = "ggen.make_toml",
  metrics = "ggen.metrics",
  random = "ggen.random",
  readiness = "ggen.readiness",
  recommendations = "ggen.perf.recommend",
  report = "ggen.report",
  schema = "ggen.schema",
  suggest = "ggen.suggest",
  targets = "ggen.targets",
  trace = "ggen.tracing",
  units = "ggen.units",
}

---@param name string
---@return ggen.Pipeline
function M.pipeline(name, ...) return require("ggen.dsl").pipeline(name, ...) end

---@param name string
---@return ggen.Pipeline
function M.workspace(name, ...) return require("ggen.dsl").workspace(name, ...) end

---The load that is going on, nil otherwise: for modules that behave differently meanwhile.
---@return ggen.Loading?
function M.loading() return require("ggen.loading").current() end

---Warns, once for each name, that something is used which will go away.
---@param name string
---@param instead string?
---@param remove_in string?
function M.deprecate(name, instead, remove_in)
  require("ggen.deprecation").say(nil, name, instead, remove_in)
end

return setmetatable(M, {
  __index = function(_, key)
    if parts[key] then
      local module = require(parts[key])
      rawset(M, key, module)
      return module
    end
    local fault = require("ggen.fault")
    local names = { "pipeline", "workspace", "loading", "deprecate", "VERSION", "API" }
    for name in pairs(parts) do names[#names + 1] = name end
    local file, line = fault.where(2)
    fault.raise(("ggen has no %q%s"):format(tostring(key),
      require("ggen.suggest").hint(tostring(key), names)), file, line)
  end,
})
