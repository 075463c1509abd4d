-- The plugins of a run that nobody chose.
-- SPDX-License-Identifier: MIT
local M = {}

-- The stores that a policy such as cache.tiered asks for, and the rest of caching.
local function add_cache(plugins)
  if not plugins:get("fingerprint") then plugins:use("fingerprint.content") end
  local chosen = false
  for _, instance in ipairs(plugins:all("cache")) do
    for _, tier in ipairs(instance.impl.tiers or {}) do
      plugins:use(tier.name, tier.params, { file = instance.file, line = instance.line })
    end
    chosen = chosen or instance.impl.tiers == nil
  end
  if not chosen then plugins:use("cache.lru") end
  if #plugins:all("store") == 0 then plugins:use("store.disk") end
end

local NAMES = { hooks = "hooks.sequential" }

-- Tasks run as processes unless the pipeline says otherwise; those with a container in one.
local function add_executors(plugins, project)
  local contained, any = project and #project:survey().contained > 0, false
  for _, instance in ipairs(plugins:all("executor")) do
    any = any or not instance.impl.accepts
    if instance.plugin.name == "container" then contained = false end
  end
  if not any then plugins:use_first("executor.process") end
  if contained then plugins:use("executor.container") end
end

-- With one slot, or nothing to go by, the order of declaration is as good as any other, and what
-- one expects. So it is where nothing runs.
local function add_scheduler(plugins, options)
  local matters = not options.dry_run and (options.jobs or 1) > 1
  local known = matters and require("ggen.timings").exist(plugins:project_dir())
  plugins:use(known and "scheduler.critical-path" or "scheduler.fifo")
end

-- Before all other observers, who may read what it writes.
local function add_history(plugins)
  for _, instance in ipairs(plugins:all("observer")) do
    if instance.plugin.name == "history" then return end
  end
  plugins:use_first("observer.history")
end

---@param plugins ggen.Registry
---@param options { cache: ggen.CacheOptions?, dry_run: boolean?, jobs: integer? }
---@param project ggen.Project? of a run
function M.add(plugins, options, project)
  if not plugins:get("scheduler") then add_scheduler(plugins, options) end
  for kind, name in pairs(NAMES) do
    if not plugins:get(kind) then plugins:use(name) end
  end
  if options.cache then add_cache(plugins) end
  if options.dry_run then
    plugins:use("executor.dry-run")
  else
    add_executors(plugins, project)
    add_history(plugins)
  end
end

return M
