-- The standard library: what authors of pipelines reach for. Each module is read on its first use,
-- so that a pipeline pays only for what it names.
-- SPDX-License-Identifier: MIT

---@class ggen.std
---@field container_pool ggen.std.container_pool
---@field containers ggen.std.containers
---@field deps ggen.std.deps
---@field docker ggen.std.docker
---@field glob ggen.std.glob
---@field json ggen.std.json
---@field list ggen.std.list
---@field matrix ggen.std.matrix
---@field path ggen.std.path
---@field retry ggen.std.retry
---@field semver ggen.std.semver
---@field sh ggen.std.sh
---@field text ggen.std.text
---@field toml ggen.std.toml
local M = {}

local MODULES = {
  container_pool = true, containers = true, deps = true, docker = true, glob = true, json = true,
  list = true, matrix = true, path = true, retry = true, semver = true, sh = true, text = true,
  toml = true,
}

return setmetatable(M, {
  __index = function(_, name)
    if MODULES[name] then
      local module = require("ggen.std." .. name)
      rawset(M, name, module)
      return module
    end
    local hint = require("ggen").suggest.hint(tostring(name), MODULES)
    error(('ggen.std has no module "%s"%s'):format(tostring(name), hint), 2)
  end,
})
