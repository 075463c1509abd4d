-- The pool of containers behind the plugin `containers.pool`, for plugins of kind `containers` that
-- have their own idea of what to keep and for whom: containers are made before they are wanted, go
-- as new to each task, and are gone at the end.
--
--     local pool = require("ggen").std.container_pool
--     local db = assert(pool.check { image = "redis:7", ports = { 6379 } })
--     local its = pool.open { containers = { db = db }, project_dir = host.project_dir }
--     local lease = assert(its:acquire { name = "db", task = "test" })
--     its:release(lease)
--     its:drain()
-- SPDX-License-Identifier: MIT
local spec = require("ggen.std.container_pool.spec")

---@class ggen.std.container_pool
local M = {}

---The fields of a container, as a plugin's params describe them.
---@type table<string, ggen.Param>
M.fields = spec.fields

---Makes the table of a container whole: defaults, units, one shape. `open` takes what it returns.
---   > container_pool.check({ image = "redis:7", ports = { 6379 } }).size
---   < 1
---@param value any
---@return table? spec
---@return string? message
---@return string? where the path of the field that is wrong
function M.check(value) return spec.check(value) end

---What is wrong with a container that fits the fields: the `check` of a record of them.
---   > container_pool.problem((container_pool.check({ image = "redis:7" })))
---   < nil
---@param container table
---@return string? message
function M.problem(container)
  local message = spec.problem(container)
  return message
end

---What decides what a task sees of a container, as a plain value: `services` of a plugin of kind
---containers returns it for the keys of tasks.
---   > container_pool.value(container_pool.check({ image = "redis:7" })).image
---   < "redis:7"
---@param container table that `check` has made whole
---@return table
function M.value(container) return spec.value(container) end

---@class ggen.PoolOpenOptions
---@field containers table<string, table> made whole by `check`, by name
---@field project_dir string absolute
---@field memory? number bytes that all may use together
---@field keep? number seconds that they stay, paused, for the next run of the project
---@field timeout? number seconds that a task waits for a lease (60)
---@field predict? boolean false: begin when a task wants one, not by what `warm` was told
---@field engine? string where the container engine is, instead of the usual places
---@field note? fun(level: string, text: string, task: string?) says something

---Makes a pool. Nothing is read and nobody is asked before a container is wanted.
---   > container_pool.open({ containers = {}, project_dir = "/tmp" }):has_lease("test")
---   < false
---@param options ggen.PoolOpenOptions
---@return ggen.Pool
function M.open(options)
  local world = require("ggen.std.container_pool.world").new({ project_dir = options.project_dir,
    unix = require("ggen.core.clock").unix, note = options.note }, options.engine)
  return require("ggen.std.container_pool.pool").new({ containers = options.containers,
    memory = options.memory, keep = options.keep, timeout = options.timeout or 60,
    predict = options.predict ~= false }, world)
end

return M
