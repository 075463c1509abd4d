-- ggen-lua simulate: the accesses of past runs, replayed against cache policies.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local units = require("ggen.units")

local M = {
  summary = "Replay past accesses against cache policies",
  description = "Replays the accesses that the cache's journal recorded against each policy, and"
    .. " prints what each would have served and saved.",
}

function M.configure(parser)
  parser:option("--cache", "Policies to compare, with commas between: names of cache plugins, or"
    .. " files that begin with ./."):argname("POLICIES"):default("lru,size,cost,ttl,none")
  parser:option("--limit", "Size of the cache, instead of each policy's own limit.")
    :argname("SIZE"):convert(function(value)
      local bytes, message = units.size(value)
      if not bytes then return nil, "--limit: " .. message end
      return bytes
    end)
  parser:flag("--json", "Print the results as JSON.")
end

-- "lru" -> "cache.lru"; files and full names stay.
local function plugin_name(word)
  if word:find("/", 1, true) or word:find(".", 1, true) then return word end
  return "cache." .. word
end

local function policies(args, dir)
  local registry = require("ggen.registry")
  local list = {}
  for word in args.cache:gmatch("[^,%s]+") do
    local plugins = registry.new({ project_dir = dir, options = {} })
    local instance = plugins:use(plugin_name(word), {}, { dir = dir })
    if instance.plugin.kind ~= "cache" then
      fault.raise(("plugin %q is of kind %s, not cache"):format(word, instance.plugin.kind))
    end
    instance.name = word
    list[#list + 1] = instance
  end
  if #list == 0 then fault.raise("--cache: name at least one policy") end
  return list
end

local function read_accesses()
  local async = require("ggen.async")
  local core = require("ggen.core.cache")
  local path = fault.check(core.default_path())
  local cache, message, kind = core.open(path, { create = false })
  if not cache and kind == "not_found" then
    return { count = 0, keys = 0, key = {}, time = {}, bytes = {}, duration = {}, task = {} }
  end
  if not cache then fault.raise(message) end
  return fault.check(async.await(function(resume) return cache:accesses(resume) end))
end

local function print_table(accesses, results)
  if accesses.count == 0 then
    io.write("no accesses are recorded yet: run something first\n")
    return
  end
  io.write(("%d access%s to %d result%s\n"):format(accesses.count,
    accesses.count == 1 and "" or "es", accesses.keys, accesses.keys == 1 and "" or "s"))
  local rows = { { "policy", "limit", "hit rate", "hits", "served", "saved", "evicted", "peak" } }
  for _, result in ipairs(results) do
    rows[#rows + 1] = {
      result.name, result.limit and units.format_size(result.limit) or "none",
      ("%.1f %%"):format(result.hit_rate * 100), tostring(result.hits),
      units.format_size(result.bytes_served), units.format_duration(result.saved),
      tostring(result.evictions), units.format_size(result.peak_bytes),
    }
  end
  io.write(require("ggen.columns").render(rows, "  "))
end

---@async
---@param args table
---@return integer
function M.run(args)
  local simulate = require("ggen.simulate")
  local instances = policies(args, cli.directory(args))
  local accesses = read_accesses()
  local results = {}
  for i, instance in ipairs(instances) do
    local result, message = simulate.run(accesses, instance, args.limit)
    if not result then fault.raise(message) end
    results[i] = result
  end
  if args.json then
    local json = require("ggen.core.json")
    io.write(json.encode({ accesses = accesses.count, results = accesses.keys,
      policies = json.array(results) }, { indent = 2, invalid_utf8 = "replace" }), "\n")
  else
    print_table(accesses, results)
  end
  return 0
end

return M
