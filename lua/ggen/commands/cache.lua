-- ggen-lua cache: what is stored, making room, verifying. The cache is shared by all projects of a
-- user, so none of this needs a pipeline.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local units = require("ggen.units")

local ACTIONS = { "stats", "prune", "clear", "verify", "path" }

local M = {
  summary = "Show, bound, verify or clear the cache",
  description = "stats shows what is stored and what it saved; prune lets a policy make room now;"
    .. " clear removes everything; verify reads every file and removes what is damaged; path"
    .. " prints the directory.",
}

function M.configure(parser)
  parser:argument("action", "What to do."):choices(ACTIONS):argname("ACTION")
  parser:option("--policy", "prune: the policy that chooses, a cache plugin or a file that begins"
    .. " with ./ (default: those of the pipeline here, else lru)."):argname("POLICY")
  parser:option("--limit", "prune: the size to stay below, instead of the policy's own limit.")
    :argname("SIZE"):convert(function(value)
      local bytes, message = units.size(value)
      if not bytes then return nil, "--limit: " .. message end
      return bytes
    end)
  parser:flag("--dry-run", "prune: only say what would go.")
  parser:flag("--json", "Print the result as JSON.")
end

local function count(number, word)
  return ("%d %s%s"):format(number, word, number == 1 and "" or "s")
end

local function await(start)
  return fault.check(require("ggen.async").await(start))
end

local function print_json(document)
  local json = require("ggen.core.json")
  io.write(json.encode(document, { indent = 2, invalid_utf8 = "replace" }), "\n")
end

-- The share of hits as a text, "" when nothing was asked for yet.
local function rate(totals)
  local asked = totals.hits + totals.misses
  return asked > 0 and (" (%.1f %%)"):format(100 * totals.hits / asked) or ""
end

-- The tasks that saved most first; of equal ones by name.
local function task_rows(tasks)
  local names = {}
  for name in pairs(tasks) do names[#names + 1] = name end
  table.sort(names, function(a, b)
    local x, y = tasks[a].saved, tasks[b].saved
    if x ~= y then return x > y end
    return a < b
  end)
  local rows = { { "task", "results", "size", "hits", "misses", "saved" } }
  for _, name in ipairs(names) do
    local task = tasks[name]
    rows[#rows + 1] = { name, tostring(task.entries), units.format_size(task.bytes),
      tostring(task.hits), tostring(task.misses), units.format_duration(task.saved) }
  end
  return rows
end

local actions = {}

function actions.stats(cache, args)
  local survey = await(function(resume) return cache:survey(resume) end)
  local stats = survey:stats()
  stats.path = cache:path()
  if args.json then return print_json(stats) end
  io.write(stats.path, "\n")
  io.write(("  %s, %s, %s\n"):format(count(stats.entries, "result"), count(stats.blobs, "blob"),
    units.format_size(stats.bytes)))
  io.write(("  %s, %s%s, %s saved\n"):format(count(stats.hits, "hit"),
    stats.misses == 1 and "1 miss" or stats.misses .. " misses", rate(stats),
    units.format_duration(stats.saved)))
  if stats.evictions > 0 then
    io.write(("  %s evicted, %s\n"):format(count(stats.evictions, "result"),
      units.format_size(stats.evicted_bytes)))
  end
  if stats.orphans > 0 then
    io.write(("  %s that no result needs, %s (prune removes them)\n"):format(count(stats.orphans,
      "blob"), units.format_size(stats.orphan_bytes)))
  end
  if stats.unreadable > 0 then
    io.write(("  %s damaged (verify removes them)\n"):format(count(stats.unreadable, "result")))
  end
  if next(stats.tasks) then
    io.write(require("ggen.columns").render(task_rows(stats.tasks), "  "))
  end
end

-- The policy that the command line names.
local function named_policy(args)
  local dir = cli.directory(args)
  local name = args.policy
  if not name:find("[./]") then name = "cache." .. name end
  local plugins = require("ggen.registry").new({ options = {},
    project_dir = require("ggen.locate").find(dir) or dir })
  local instance = plugins:use(name, {}, { dir = dir })
  if instance.plugin.kind ~= "cache" then
    fault.raise(("plugin %q is of kind %s, not cache"):format(name, instance.plugin.kind))
  end
  return plugins, { instance }
end

-- Those that a run here would ask, with the limit of its store.
local function policies_here(args)
  if not require("ggen.locate").find(cli.directory(args)) then
    args.policy = "lru"
    return named_policy(args)
  end
  local session = require("ggen.session")
  local project = session.open(args)
  local plugins = session.plugins(project, session.host(project, args, { output = "none" }))
  require("ggen.defaults").add(plugins, { cache = {} })
  local policies, limit = {}, nil
  for _, instance in ipairs(plugins:all("cache")) do
    if instance.impl.victims then policies[#policies + 1] = instance end
  end
  for _, instance in ipairs(plugins:all("store")) do
    if instance.impl.machine then limit = instance.impl.limit end
  end
  return plugins, policies, limit
end

function actions.prune(cache, args)
  local evict = require("ggen.evict")
  local plugins, policies, store_limit
  if args.policy then
    plugins, policies = named_policy(args)
  else
    plugins, policies, store_limit = policies_here(args)
  end
  local result
  for _, instance in ipairs(policies) do
    local limit = args.limit
    if not limit and store_limit then
      local own, message = evict.limit(instance)
      if message then fault.raise(message) end
      limit = math.min(own or math.huge, store_limit)
    end
    local swept = fault.check(evict.sweep(cache, instance, { limit = limit,
      dry_run = args.dry_run }))
    if result then
      result.actions, result.blobs = result.actions + swept.actions, result.blobs + swept.blobs
      result.freed = result.freed + swept.freed
    else
      result = swept
    end
  end
  plugins:close()
  if not result then fault.raise("no policy here lets anything go (cache.none?); name one with"
    .. " --policy") end
  if args.json then return print_json(result) end
  local verb = args.dry_run and "would remove" or "removed"
  io.write(("%s %s, %s; %s left\n"):format(verb, count(result.actions, "result"),
    units.format_size(result.freed), units.format_size(result.bytes - result.freed)))
end

function actions.clear(cache, args)
  local swept = await(function(resume) return cache:clear(resume) end)
  if args.json then return print_json(swept) end
  io.write(("removed %s, %s, %s\n"):format(count(swept.actions, "result"), count(swept.blobs,
    "blob"), units.format_size(swept.bytes)))
end

function actions.verify(cache, args)
  local found = await(function(resume) return cache:verify(resume) end)
  if args.json then
    require("ggen.core.json").array(found.problems)
    print_json(found)
  else
    for _, problem in ipairs(found.problems) do io.write(problem, "\n") end
    if found.journal_damage > 0 then
      io.write(("the journal has %s that cannot be read; nothing depends on them\n"):format(count(
        found.journal_damage, "byte")))
    end
    io.write(("%s and %s are right (%s read), %s\n"):format(count(found.actions, "result"),
      count(found.blobs, "blob"), units.format_size(found.bytes), count(#found.problems,
      "problem")))
  end
  return #found.problems > 0 and 1 or 0
end

---@async
---@param args table
---@return integer
function M.run(args)
  local core = require("ggen.core.cache")
  local path = fault.check(core.default_path())
  if args.action == "path" then
    if args.json then print_json({ path = path }) else io.write(path, "\n") end
    return 0
  end
  local cache, message, kind = core.open(path)
  if not cache and kind == "not_found" then
    if args.json then print_json({ path = path, exists = false }) else
      io.write(("there is no cache yet (%s)\n"):format(path))
    end
    return 0
  end
  if not cache then fault.raise(message) end
  return actions[args.action](cache, args) or 0
end

return M
