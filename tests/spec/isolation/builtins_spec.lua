-- The built-in plugins are written against what is public: each is loaded as that of an installed
-- rock is, with the permissions of its manifest and no others. tests/golden/isolated.lua runs
-- pipelines with them.
-- SPDX-License-Identifier: MIT
local tests = debug.getinfo(1, "S").source:match("^@(.*)/spec/")
package.path = tests .. "/support/?.lua;" .. package.path

local fs = require("ggen.core.fs")
local ggen = require("ggen")
local isolated_tree = require("isolated_tree")
local load = require("ggen.isolation.load")
local registry = require("ggen.registry")

local root = assert(fs.realpath(debug.getinfo(1, "S").source:match("^@(.*)/tests/") or "."))

describe("a built-in plugin", function()
  local dir

  before_each(function() dir = assert(fs.make_temp_dir("builtins")) end)
  after_each(function() fs.remove(dir, { recursive = true }) end)

  local function isolated(entry, granted)
    return load.plugin(entry.name, entry.path, { dir = dir, search_path = "", granted = granted })
  end

  -- What a test has to give so that a plugin can be set up.
  local PARAMS = {
    ["cache.tiered"] = { tiers = { "memory", { "disk", max_size = "1MiB" } } },
    ["containers.pool"] = { db = { image = "redis:7", ports = { 6379 } } },
    ["observer.alerts"] = { rules = { { name = "slow", condition = "wall > 1h" } } },
    ["observer.targets"] = { total = "1h" },
    ["workspaces.list"] = { web = "apps/web" },
  }

  local function host()
    return setmetatable({
      screen = require("ggen.core.output").screen(2), project_dir = dir,
      options = { jobs = 2, dry_run = false, output = "stream", single = false },
      style = require("ggen.style").new(false), note = function() end,
      now = os.clock, unix = os.time, output_sink = function() end,
      project = require("a_run").project(dir),
      file = "make.toml", place = {},
    }, { __name = "ggen.Host" })
  end

  local count = 0
  for _, entry in ipairs(isolated_tree.plugins(root)) do
    count = count + 1

    it(entry.name .. " is loaded and set up in the environment of community plugins", function()
      local plugin = isolated(entry)
      local checked, message = registry.check(plugin)
      assert.is_nil(message)
      assert.equal(entry.name, checked.kind .. "." .. checked.name)
      local params = registry.params(checked, entry.name, PARAMS[entry.name], {})
      local impl, refused = checked.setup(params, host())
      assert.is_nil(refused)
      assert.is_table(impl)
      if impl.close then impl:close() end
    end)

    it(entry.name .. " has the same manifest both ways", function()
      local function shown(plugin)
        local copy = {}
        for key, value in pairs(registry.check(plugin)) do
          copy[key] = type(value) == "function" and "function" or value
        end
        local names = {}
        for name, param in pairs(copy.params) do
          names[name] = { param.type, param.desc, type(param.check), param.default, param.values }
        end
        copy.params = names
        return copy
      end
      assert.same(shown(registry.load(entry.name)), shown(isolated(entry)))
    end)
  end

  it("is any of those of this build", function()
    assert.equal(#registry.builtin(), count)
  end)

  -- Each of these would do it, if it had the permission.
  for name, try in pairs({
    ["containers.pool"] = function(impl) return impl:check({ "db" }) end,
    ["executor.container"] = function(impl) return impl:check({}) end,
  }) do
    it(name .. " does nothing without its permissions", function()
      local kind, short = name:match("^(.-)%.(.*)$")
      local ok, message = pcall(function()
        local plugin = registry.check(isolated({ name = name,
          path = ("%s/plugins/%s/%s.lua"):format(root, kind, short) }, {}))
        return try(plugin.setup(registry.params(plugin, name, PARAMS[name], {}), host()))
      end)
      assert.is_false(ok)
      assert.matches("it has no permission", message)
    end)
  end
end)

describe("what plugins have of ggen", function()
  -- What of the public module an installed plugin does not have, and why.
  local LEFT_OUT = {
    ["ggen.pipeline"] = "declares: pipelines do", ["ggen.workspace"] = "declares: pipelines do",
    ["ggen.environment.of"] = "it has the whole environment for `inherit_env`",
    ["ggen.local_service.schema"] = "for the pool", ["ggen.readiness.schema"] = "for the pool",
    ["ggen.evict.budget"] = "the host's", ["ggen.evict.limit"] = "the host's",
    ["ggen.evict.sweep"] = "the host's", ["ggen.evict.choose"] = "the host's",
    ["ggen.evict.START"] = "the host's", ["ggen.evict.TARGET"] = "the host's",
    ["ggen.std.deps"] = "makes tasks: pipelines do",
  }

  -- Whether a plugin may reach for it.
  local function asker()
    local dir = assert(fs.make_temp_dir("public"))
    finally(function() fs.remove(dir, { recursive = true }) end)
    assert(fs.write(dir .. "/asks.lua", [[return { permissions = { "process" },
      has = function(path)
        local value = { ggen = require "ggen" }
        for name in path:gmatch("[^.]+") do value = value[name] end
        return value ~= nil
      end }]]))
    local plugin = load.plugin("observer.asks", dir .. "/asks.lua", { dir = dir, search_path = "" })
    return function(path)
      local ok, has = pcall(plugin.has, path)
      return ok and has
    end
  end

  -- The names of a table of functions; `parts` are modules that are read when they are named.
  local function missing(has, prefix, module, list)
    for name in pairs(module) do
      local path = ("%s.%s"):format(prefix, name)
      if type(name) == "string" and name:sub(1, 1) ~= "_" and not LEFT_OUT[path]
        and not has(path) then list[#list + 1] = path end
    end
  end

  it("is all that is public, but for what is left out with a reason", function()
    local has, list = asker(), {}
    for _, name in ipairs({ "async", "delivery", "environment", "evict", "files", "history", "http",
      "json", "local_service", "make_toml", "metrics", "random", "readiness", "recommendations",
      "report", "schema", "suggest", "targets", "trace", "units" }) do
      missing(has, "ggen." .. name, ggen[name], list)
    end
    for _, name in ipairs({ "container_pool", "containers", "docker", "glob", "json", "list",
      "matrix", "path", "retry", "semver", "sh", "text", "toml" }) do
      missing(has, "ggen.std." .. name, ggen.std[name], list)
    end
    missing(has, "ggen", ggen, list)
    table.sort(list)
    assert.same({}, list)
  end)

  it("leaves nothing out that is there", function()
    local has, list = asker(), {}
    for path in pairs(LEFT_OUT) do
      if has(path) then list[#list + 1] = path end
    end
    assert.same({}, list)
  end)
end)
